import { Bitfield } from './bitfield.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';

/** Somebody to ask for blocks. */
export interface Source {
  /** Names it among the sources. */
  readonly key: string;
  request(blocks: number[]): void;
  release(blocks: number[]): void;
  wantPage(page: number): void;
  /** It has the same content by another signature: its pages are of no use here. */
  readonly blocksOnly?: boolean;
}

export const MIN_ASKED = 4;
export const MAX_ASKED = 32;
/** How long a holder's answers may take, in blocks asked for at its rate. */
const ASKED_MS = 250;
/** Who would give what it owes within so long is waited for, whoever else has it too. */
const SLOW_MS = 100;

/** A source as a download knows it: what it has, what it was asked for, and how fast it gives. */
export class Holder {
  readonly source: Source;
  readonly bits: Bitfield;
  /** Blocks that it was asked for, with the time. */
  readonly asked = new Map<number, number>();
  readonly pages = new Map<number, number>();
  /** When it gave something last, or was asked while it owed nothing. */
  lastAt: number;
  stalled = false;
  /** Bytes a millisecond, smoothed. */
  #rate = 0;
  /** A block that comes in parts. */
  #partial: { block: number; bytes: Uint8Array; filled: number } | null = null;

  constructor(source: Source, blockCount: number, now: number) {
    this.source = source;
    this.bits = new Bitfield(blockCount);
    this.lastAt = now;
  }

  /** How many more blocks it may be asked for. */
  get room(): number {
    return this.#budget - this.asked.size;
  }

  /** The same, or none: asking for a few at a time saves messages and looking. */
  get worthwhileRoom(): number {
    return this.room < this.#budget / 2 ? 0 : this.room;
  }

  get #budget(): number {
    return Math.min(MAX_ASKED, Math.max(MIN_ASKED, Math.ceil((this.#rate * ASKED_MS) / BLOCK_BYTES)));
  }

  /** True if it has some block of this page. */
  hasOn(page: number): boolean {
    const end = Math.min((page + 1) * BLOCKS_A_PAGE, this.bits.length);
    for (let block = page * BLOCKS_A_PAGE; block < end; block++) if (this.bits.has(block)) return true;
    return false;
  }

  /** Those of `blocks` that it owes and will not give soon. */
  owesLate(blocks: readonly number[], now: number): number[] {
    const isSlow = this.asked.size * BLOCK_BYTES >= this.#rate * SLOW_MS;
    return blocks.filter((block) => {
      const at = this.asked.get(block);
      return at !== undefined && (isSlow || at <= now - SLOW_MS) && this.#partial?.block !== block;
    });
  }

  /** Takes a part of a block; the whole one once its last part is here. One that does not follow begins anew. */
  take(block: number, offset: number, bytes: Uint8Array, length: number): Uint8Array | null {
    if (offset === 0 && bytes.byteLength === length) return bytes;
    const partial = offset === 0 ? { block, bytes: new Uint8Array(length), filled: 0 } : this.#partial;
    this.#partial = null;
    const follows = partial?.block === block && partial.filled === offset;
    if (!partial || !follows || offset + bytes.byteLength > length) return null;
    partial.bytes.set(bytes, offset);
    partial.filled += bytes.byteLength;
    if (partial.filled === length) return partial.bytes;
    this.#partial = partial;
    return null;
  }

  /** A block that it owed has come. False if it owed none such. */
  gave(block: number, bytes: number, now: number): boolean {
    const askedAt = this.asked.get(block);
    if (askedAt === undefined) return false;
    const sample = (bytes * this.asked.size) / Math.max(now - askedAt, 0.1);
    // A burst at the beginning is soon forgotten: who is believed to be fast is asked for what others could give.
    const weight = sample < this.#rate ? 3 : 8;
    this.#rate = this.#rate === 0 ? sample : this.#rate + (sample - this.#rate) / weight;
    this.asked.delete(block);
    return true;
  }
}
