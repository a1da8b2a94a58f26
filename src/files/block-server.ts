import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { BulkFlow, BulkMessage, BulkSource, SessionChannel } from '../protocol/session-channel.js';
import type { filesChannel } from './files-channel.js';
import { BLOCK_BYTES } from './layout.js';
import type { RateCap } from './rate-cap.js';
import { transferBytes } from './signed.js';
import type { Transfer } from './transfer.js';

type Messages = typeof filesChannel.messages;

interface Part {
  transfer: Transfer;
  block: number;
  bytes: Uint8Array;
  sent: number;
}

/**
 * Gives one peer the blocks that it asked for, in its order, as the link has room.
 *
 * 1. A whole block is read from its file straight into the memory that is encrypted and sent; a smaller frame is cut
 *    from a block that is read once.
 * 2. What cannot be read, or is not what was offered any more, is never sent: `onFailed` says so.
 * 3. Of what is asked for goes first what was given to the fewest: they pass it on, and many soon have something.
 */
export class BlockServer implements BulkSource<Messages> {
  readonly #channel: SessionChannel<Messages>;
  readonly #onFailed: (transfer: Transfer, err: unknown) => void;
  readonly #cap: RateCap;
  #queue: { transfer: Transfer; block: number }[] = [];
  #part: Part | null = null;
  #reading: Transfer | null = null;
  #buffer: Buffer | null = null;
  #flow: BulkFlow | null = null;
  #waits = false;

  constructor(
    channel: SessionChannel<Messages>,
    cap: RateCap,
    onFailed: (transfer: Transfer, err: unknown) => void,
  ) {
    this.#channel = channel;
    this.#cap = cap;
    this.#onFailed = onFailed;
  }

  add(transfer: Transfer, blocks: readonly number[]): void {
    if (this.#queue.length + blocks.length > 4 * LIMITS.requestedBlocks)
      throw new ProtocolError('MESSAGE_FLOOD');
    for (const block of blocks) if (transfer.have.has(block)) this.#queue.push({ transfer, block });
    this.#flow ??= this.#channel.bulk(this);
    this.#flow.wake();
  }

  release(transfer: Transfer, blocks: readonly number[]): void {
    const released = new Set(blocks);
    this.#queue = this.#queue.filter((each) => each.transfer !== transfer || !released.has(each.block));
  }

  /** Nothing of this transfer is given any more; without one, nothing at all. */
  drop(transfer?: Transfer): void {
    this.#queue = transfer ? this.#queue.filter((each) => each.transfer !== transfer) : [];
    if (!transfer || this.#part?.transfer === transfer) this.#part = null;
  }

  next(roomBytes: number): BulkMessage<Messages> | null {
    if (this.#part) return this.#nextPart(this.#part, roomBytes);
    const at = this.#rarest();
    const head = this.#queue[at];
    if (!head) return null;
    const { transfer, block } = head;
    const { content, layout } = transfer;
    const length = layout.blockBytes(block);
    if (!this.#cap.take(length)) {
      this.#waitForCap();
      return null;
    }
    this.#queue.splice(at, 1);
    if (!content || !transfer.have.has(block)) return this.next(roomBytes);
    this.#reading = transfer;
    transfer.given += length;
    if (transfer.interested.size > 1)
      transfer.timesGiven.set(block, (transfer.timesGiven.get(block) ?? 0) + 1);
    if (length > roomBytes) {
      this.#buffer ??= Buffer.allocUnsafe(BLOCK_BYTES);
      content.read(block, this.#buffer);
      this.#part = { transfer, block, bytes: this.#buffer.subarray(0, length), sent: 0 };
      return this.#nextPart(this.#part, roomBytes);
    }
    const bytes = { byteLength: length, readInto: (target: Uint8Array) => content.read(block, target) };
    return { name: 'block', value: { transfer: transferBytes(transfer.id), block, offset: 0, bytes } };
  }

  failed(err: unknown): void {
    this.#flow = null;
    const transfer = this.#reading;
    if (transfer) {
      this.drop(transfer);
      this.#onFailed(transfer, err);
    }
    if (this.#queue.length > 0) {
      this.#flow = this.#channel.bulk(this);
      this.#flow.wake();
    }
  }

  close(): void {
    this.drop();
    this.#flow?.close();
    this.#flow = null;
  }

  /** Where in the queue the block is that goes next: Invariant 3. */
  #rarest(): number {
    let [at, least] = [0, Number.POSITIVE_INFINITY];
    for (const [i, { transfer, block }] of this.#queue.entries()) {
      if (transfer.interested.size < 2) return at;
      const times = transfer.timesGiven.get(block) ?? 0;
      if (times === 0) return i;
      if (times < least) [at, least] = [i, times];
    }
    return at;
  }

  /** Once, however often it is asked meanwhile: everybody who waits has one turn. */
  #waitForCap(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#cap.later(() => {
      this.#waits = false;
      this.#flow?.wake();
    });
  }

  #nextPart(part: Part, roomBytes: number): BulkMessage<Messages> {
    const { transfer, block, bytes, sent } = part;
    const end = Math.min(sent + roomBytes, bytes.byteLength);
    part.sent = end;
    if (end === bytes.byteLength) this.#part = null;
    const value = {
      transfer: transferBytes(transfer.id),
      block,
      offset: sent,
      bytes: bytes.subarray(sent, end),
    };
    return { name: 'block', value };
  }
}
