import { FileContent, type FileIdentity } from './file-content.js';
import { chunkAt, type HashCache } from './hash-cache.js';
import { BLOCKS_A_PAGE, Layout } from './layout.js';
import type { Transfer } from './transfer.js';

/** Blocks that lie on this disk and whose hashes are known: they can be found by what they hold. */
export interface Shelf {
  readonly blockCount: number;
  /** The known hashes in runs; `first` is the block that the first of them is of. */
  hashes(): AsyncIterable<{ first: number; hashes: Uint8Array }>;
  /** Puts a block at the start of `target`. Its length, or 0 where it is not to be had any more. */
  read(block: number, target: Uint8Array): number;
  close(): void;
}

/** A shelf that could not be read so often is looked at no more: its files are others now, or gone. */
const MOST_FAILURES = 8;

/** What another transfer has here: it was sent, was received, or is half received. */
export class TransferShelf implements Shelf {
  readonly #transfer: Transfer;
  #failures = 0;

  constructor(transfer: Transfer) {
    this.#transfer = transfer;
  }

  get blockCount(): number {
    return this.#transfer.layout.blockCount;
  }

  async *hashes(): AsyncIterable<{ first: number; hashes: Uint8Array }> {
    for (const [page, { hashes }] of this.#transfer.pages) yield { first: page * BLOCKS_A_PAGE, hashes };
  }

  read(block: number, target: Uint8Array): number {
    const { content, have, layout } = this.#transfer;
    if (!content || !have.has(block) || this.#failures >= MOST_FAILURES) return 0;
    if (isRead(() => content.read(block, target))) return layout.blockBytes(block);
    this.#failures++;
    return 0;
  }

  /** Who is being given some of it opens its files again. */
  close(): void {
    const { content } = this.#transfer;
    if (content instanceof FileContent) content.close();
  }
}

/** One file, as the cache knows it. */
export class FileShelf implements Shelf {
  readonly #file: FileIdentity;
  readonly #cache: HashCache;
  readonly #layout: Layout;
  readonly #content: FileContent;

  constructor(file: FileIdentity, cache: HashCache) {
    this.#file = file;
    this.#cache = cache;
    this.#layout = new Layout([file.size]);
    this.#content = new FileContent(this.#layout, [file]);
  }

  get blockCount(): number {
    return this.#layout.blockCount;
  }

  async *hashes(): AsyncIterable<{ first: number; hashes: Uint8Array }> {
    for (let block = 0; block < this.blockCount; ) {
      const chunk = chunkAt(this.#layout, block);
      const hashes = await this.#cache.find([this.#file], chunk);
      if (hashes) yield { first: chunk.first, hashes };
      block = chunk.first + chunk.count;
    }
  }

  read(block: number, target: Uint8Array): number {
    return isRead(() => this.#content.read(block, target)) ? this.#layout.blockBytes(block) : 0;
  }

  close(): void {
    this.#content.close();
  }
}

/** False where it was changed, went away or was closed meanwhile: then it does not lie here any more. */
export function isRead(read: () => void): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
