import { DIGEST_BYTES } from './blake3.js';
import type { Shelf } from './shelf.js';

/** Where a block may lie. */
export interface Spot {
  readonly shelf: Shelf;
  readonly block: number;
}

/** Blocks that are remembered at most, 16 GiB of content: some megabytes of memory. */
const MOST_ENTRIES = 65_536;

/**
 * Finds blocks on shelves by their hashes. Of more than it can remember it knows every second block, or every third, and
 * so on: the ones beside a block that was found are looked for beside it. A spot is a guess, to be read and hashed.
 */
export class BlockIndex {
  readonly #spots = new Map<number, Spot>();

  static async of(shelves: readonly Shelf[]): Promise<BlockIndex> {
    const index = new BlockIndex();
    const total = shelves.reduce((sum, { blockCount }) => sum + blockCount, 0);
    const every = Math.max(1, Math.ceil(total / MOST_ENTRIES));
    for (const shelf of shelves) {
      for await (const { first, hashes } of shelf.hashes()) {
        const count = hashes.byteLength / DIGEST_BYTES;
        for (let i = 0; i < count; i += every)
          index.#spots.set(shortened(hashes, i * DIGEST_BYTES), { shelf, block: first + i });
      }
    }
    return index;
  }

  get size(): number {
    return this.#spots.size;
  }

  find(hash: Uint8Array): Spot | null {
    return this.#spots.get(shortened(hash, 0)) ?? null;
  }
}

/** The first six bytes of a hash: a number that a double holds, and enough to tell 65,536 apart. */
function shortened(hashes: Uint8Array, at: number): number {
  let number = 0;
  for (let i = at; i < at + 6; i++) number = number * 256 + (hashes[i] as number);
  return number;
}
