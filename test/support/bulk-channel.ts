import b4a from 'b4a';
import { defineChannel, message } from '../../src/protocol/channel-definition.js';
import { bytes, record, uint } from '../../src/protocol/codec.js';
import type { BulkMessage, BulkSource } from '../../src/protocol/session-channel.js';

const PIECE_BYTES = 256 * 1024;

/** A channel such as a feature has, with a message of each class. */
export const bulkChannel = (name = 'test/bulk/1') =>
  defineChannel(name, {
    piece: message(
      'bulk',
      PIECE_BYTES + 16,
      record<{ at: number; data: Uint8Array }>({
        at: uint(Number.MAX_SAFE_INTEGER),
        data: bytes(PIECE_BYTES),
      }),
    ),
    word: message('urgent', 256, bytes(240)),
    frame: message('live', PIECE_BYTES, bytes(PIECE_BYTES - 16)),
  });

export type BulkChannelMessages = ReturnType<typeof bulkChannel>['messages'];

/** So many bytes from one place in memory, in pieces as long as there is room for; `at` counts them. */
export class Pieces implements BulkSource<BulkChannelMessages> {
  at = 0;
  asked = 0;
  /** True once it was asked and had nothing left. */
  dry = false;
  readonly rooms = new Set<number>();
  error: unknown = null;
  readonly #total: number;
  readonly #data = b4a.alloc(PIECE_BYTES, 3);

  constructor(totalBytes = Number.POSITIVE_INFINITY) {
    this.#total = totalBytes;
  }

  next(roomBytes: number): BulkMessage<BulkChannelMessages> | null {
    this.asked++;
    this.rooms.add(roomBytes);
    const length = Math.min(this.#total - this.at, roomBytes - 16);
    this.dry = length <= 0;
    if (this.dry) return null;
    const piece = { at: this.at, data: this.#data.subarray(0, length) };
    this.at += length;
    return { name: 'piece', value: piece };
  }

  failed(err: unknown): void {
    this.error = err;
  }
}
