import { setImmediate as turn } from 'node:timers/promises';
import b4a from 'b4a';
import { blake3 } from './blake3.js';
import { BlockIndex, type Spot } from './block-index.js';
import { hashAt } from './hash-ahead.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import type { LocalPlaces } from './local-places.js';
import type { Transfer } from './transfer.js';

export interface LocalBlocksOptions {
  transfer: Transfer;
  places: () => Promise<LocalPlaces>;
  /** Takes a block that was found; rejects with what the disk says. */
  keep: (block: number, bytes: Uint8Array) => void | Promise<void>;
  /** More pages were looked through. */
  onSearched: () => void;
  onFailed: (err: unknown) => void;
}

/** Blocks read before others get the event loop: about a millisecond. */
const READS_A_TURN = 4;
/** Beside the last one that was found so many are tried that are not there. */
const MISSES_BESIDE = 4;

/**
 * Looks for the blocks of one transfer on this disk, page by page, before anybody is asked for them.
 *
 * 1. What lies somewhere is a guess until it is read and has the hash that the author signed.
 * 2. A page is looked through once; what the disk did not take is looked for again.
 */
export class LocalBlocks {
  readonly #o: LocalBlocksOptions;
  readonly #searched = new Set<number>();
  readonly #queue = new Set<number>();
  readonly #buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #places: LocalPlaces | null = null;
  #index: BlockIndex | null = null;
  #beside: (Spot & { misses: number }) | null = null;
  #running = false;
  #reads = 0;
  #closed = false;

  constructor(options: LocalBlocksOptions) {
    this.#o = options;
  }

  /** Whether this page was looked through. One that was not is next, and `onSearched` tells. */
  searched(page: number): boolean {
    if (this.#closed || this.#searched.has(page)) return true;
    this.#queue.add(page);
    if (!this.#running) void this.#run();
    return false;
  }

  close(): void {
    this.#closed = true;
    if (!this.#running) this.#closePlaces();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      if (!this.#places) await this.#open();
      for (const page of this.#queue) {
        if (this.#closed || !(await this.#search(page))) break;
        this.#queue.delete(page);
        this.#searched.add(page); // Invariant 2
        this.#o.onSearched();
      }
    } catch (err) {
      if (!this.#closed) this.#o.onFailed(err);
    } finally {
      this.#running = false;
      this.#queue.clear();
      if (this.#closed) this.#closePlaces();
    }
  }

  async #open(): Promise<void> {
    this.#places = await this.#o.places();
    this.#index = await BlockIndex.of(this.#places.shelves);
    if (this.#index.size > 0 || this.#places.versions.length > 0) return;
    this.close(); // nothing lies here: nobody waits
    this.#o.onSearched();
  }

  /** False if it was cut short. */
  async #search(page: number): Promise<boolean> {
    const { transfer, keep } = this.#o;
    const { layout, have, pages } = transfer;
    const hashes = pages.get(page)?.hashes;
    if (!hashes) return false;
    const first = page * BLOCKS_A_PAGE;
    for (let block = first; block < first + layout.pageBlocks(page); block++) {
      if (have.has(block)) continue;
      if (this.#reads >= READS_A_TURN) {
        this.#reads = 0;
        await turn();
        if (this.#closed || transfer.state !== 'active') return false;
      }
      const bytes = this.#find(block, hashAt(hashes, block));
      if (bytes) await keep(block, bytes);
    }
    return true;
  }

  #find(block: number, hash: Uint8Array): Uint8Array | null {
    const bytes = this.#buffer.subarray(0, this.#o.transfer.layout.blockBytes(block));
    const isIt = () => {
      this.#reads++;
      return b4a.equals(blake3(bytes), hash); // Invariant 1
    };
    const at = ({ shelf, block: there }: Spot) =>
      shelf.read(there, this.#buffer) === bytes.byteLength && isIt();
    const beside = this.#beside;
    const known = this.#index?.find(hash);
    for (const spot of [known, beside]) {
      if (!spot || !at(spot)) continue;
      this.#beside = { shelf: spot.shelf, block: spot.block + 1, misses: 0 };
      return bytes;
    }
    if (beside) {
      const misses = beside.misses + 1;
      this.#beside = misses < MISSES_BESIDE ? { ...beside, block: beside.block + 1, misses } : null;
    }
    for (const version of this.#places?.versions ?? []) {
      if (!version.read(block, this.#buffer)) continue;
      const isSame = isIt();
      version.judged(isSame);
      if (isSame) return bytes;
    }
    return null;
  }

  #closePlaces(): void {
    for (const each of [...(this.#places?.shelves ?? []), ...(this.#places?.versions ?? [])]) each.close();
  }
}
