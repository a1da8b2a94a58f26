import { LIMITS } from '../limits.js';

/** The unit of verification; the last block of a file may be shorter. */
export const BLOCK_BYTES = 256 * 1024;
/**
 * Block hashes on one signed page: 32 MiB of content. Nothing of a page can be had before all of it is hashed, so a copy
 * that is still coming is given so far behind; a terabyte has 32,768 pages.
 */
export const BLOCKS_A_PAGE = 128;

/** A stretch of a file inside a block. */
export interface Extent {
  /** Index among the files of the manifest. */
  readonly file: number;
  /** Where in the file it begins. */
  readonly offset: number;
  /** Where in the block it begins. */
  readonly at: number;
  readonly length: number;
}

/**
 * How files become blocks, from their sizes alone, so that both ends see the same. A file of a block or more has
 * blocks of its own; smaller ones lie whole in common blocks, in order. Numbers: first the blocks of big files, then
 * the packs; empty files have none.
 */
export class Layout {
  readonly blockCount: number;
  readonly totalBytes: number;
  /** Blocks from here on are packs. */
  readonly firstPack: number;
  readonly #sizes: readonly number[];
  readonly #big: { file: number; first: number }[] = [];
  readonly #packs: { extents: Extent[]; bytes: number }[] = [];

  constructor(sizes: readonly number[]) {
    this.#sizes = sizes;
    let next = 0;
    let total = 0;
    let pack: { extents: Extent[]; bytes: number } | null = null;
    for (const [file, size] of sizes.entries()) {
      total += size;
      if (size >= BLOCK_BYTES) {
        this.#big.push({ file, first: next });
        next += Math.ceil(size / BLOCK_BYTES);
      } else if (size > 0) {
        if (!pack || pack.bytes + size > BLOCK_BYTES) {
          pack = { extents: [], bytes: 0 };
          this.#packs.push(pack);
        }
        pack.extents.push({ file, offset: 0, at: pack.bytes, length: size });
        pack.bytes += size;
      }
    }
    this.totalBytes = total;
    this.firstPack = next;
    this.blockCount = next + this.#packs.length;
  }

  get pageCount(): number {
    return Math.ceil(this.blockCount / BLOCKS_A_PAGE);
  }

  /** Number of blocks on a page. */
  pageBlocks(page: number): number {
    return Math.min(BLOCKS_A_PAGE, this.blockCount - page * BLOCKS_A_PAGE);
  }

  blockBytes(block: number): number {
    if (block >= this.firstPack) return this.#packs[block - this.firstPack]?.bytes ?? 0;
    const [extent] = this.extents(block);
    return extent?.length ?? 0;
  }

  /** What a block holds, in order. */
  extents(block: number): readonly Extent[] {
    if (block >= this.firstPack) return this.#packs[block - this.firstPack]?.extents ?? [];
    const { file, first } = this.#bigAt(block);
    const offset = (block - first) * BLOCK_BYTES;
    return [{ file, offset, at: 0, length: Math.min(BLOCK_BYTES, (this.#sizes[file] as number) - offset) }];
  }

  /** The first block with bytes of this file; null for an empty one. */
  firstBlock(file: number): number | null {
    const big = this.#big.find((each) => each.file === file);
    if (big) return big.first;
    const pack = this.#packs.findIndex(({ extents }) => extents.some((each) => each.file === file));
    return pack < 0 ? null : this.firstPack + pack;
  }

  /** Bytes of a file of the manifest. */
  sizeOf(file: number): number {
    return this.#sizes[file] ?? 0;
  }

  /** Files with blocks of their own. */
  get bigFiles(): readonly number[] {
    return this.#big.map(({ file }) => file);
  }

  #bigAt(block: number): { file: number; first: number } {
    let [low, high] = [0, this.#big.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#big[middle] as { first: number }).first <= block) low = middle;
      else high = middle - 1;
    }
    return this.#big[low] as { file: number; first: number };
  }
}

/** True if so much content is within bounds (LIMITS.fileBytes). */
export const fits = (sizes: readonly number[]): boolean =>
  sizes.reduce((sum, size) => sum + size, 0) <= LIMITS.fileBytes;
