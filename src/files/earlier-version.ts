import { FileContent, type FileIdentity } from './file-content.js';
import type { Layout } from './layout.js';
import { isRead } from './shelf.js';

/** After so many blocks that were others (16 MiB) only some are still tried, until one is the same again. */
const MISSES_IN_A_ROW = 64;
const TRIED_OF = 16;

/**
 * Files of a transfer as they lay here before, or lie elsewhere: a block is looked for at its own place in them. What
 * lies there is a guess, to be hashed.
 */
export class EarlierVersion {
  readonly files: (FileIdentity | null)[];
  readonly #layout: Layout;
  readonly #content: FileContent;
  #misses = 0;

  /** `files` in the order of the layout's sizes; null where there is none. */
  constructor(layout: Layout, files: readonly (FileIdentity | null)[]) {
    this.#layout = layout;
    this.files = [...files];
    this.#content = new FileContent(layout, files as readonly FileIdentity[]); // `read` asks for no other
  }

  /** True if all that lies there is what lies in another one. */
  isLike(other: EarlierVersion): boolean {
    return this.files.every((file, i) => file === null || file.stamp === other.files[i]?.stamp);
  }

  /** Puts what lies in the place of a block at the start of `target`; false where nothing of its length does. */
  read(block: number, target: Uint8Array): boolean {
    if (this.#misses >= MISSES_IN_A_ROW && block % TRIED_OF !== 0) return false;
    const extents = this.#layout.extents(block);
    for (const { file, offset, length } of extents) {
      const size = this.files[file]?.size ?? -1;
      if (size < offset + length) return false;
    }
    if (isRead(() => this.#content.read(block, target))) return true;
    for (const { file } of extents) this.files[file] = null; // changed since it was looked at
    return false;
  }

  /** Whether what was read was the block. */
  judged(isSame: boolean): void {
    this.#misses = isSame ? 0 : this.#misses + 1;
  }

  close(): void {
    this.#content.close();
  }
}
