import { setImmediate as turn } from 'node:timers/promises';
import { blake3, DIGEST_BYTES } from './blake3.js';
import type { Content, FileIdentity } from './file-content.js';
import { chunkAt, type HashCache } from './hash-cache.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE, type Layout } from './layout.js';
import { contentRoot, type Signatures, type Signer } from './signed.js';
import type { Transfer } from './transfer.js';
import type { TransferTable } from './transfer-table.js';

/** Blocks hashed before others get the event loop: about a millisecond. */
const BLOCKS_A_TURN = 4;
/** Hashing goes on until it is so far ahead of what was asked for: 1 GiB. */
const PAGES_AHEAD = 32;

export interface HashAheadOptions {
  /** One of our own. */
  transfer: Transfer;
  content: Content;
  /** What the content is read from, in the order of the layout; null where it is a copy that nobody knows again. */
  files: readonly FileIdentity[] | null;
  table: TransferTable;
  cache: HashCache;
  signatures: Signatures;
  signer: Signer;
  onBlocks: (blocks: number[]) => void;
  onSealed: () => void;
  onFailed: (err: unknown) => void;
}

/**
 * Hashes what is offered, page by page, some way ahead of what is asked for; signs each page, and the whole at the end.
 *
 * 1. A block can be had from when its page is signed and written down.
 * 2. Only what was hashed to its end, unchanged, is sealed and kept in the cache.
 */
export class HashAhead {
  readonly #o: HashAheadOptions;
  #wanted = -1;
  #stopped = false;
  #wake: () => void = () => {};

  constructor(options: HashAheadOptions) {
    this.#o = options;
  }

  /** Somebody asks for blocks of this page. */
  want(page: number): void {
    if (page <= this.#wanted) return;
    this.#wanted = page;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Resolves when all is sealed, or it was stopped, or has failed; the last is told to `onFailed`. */
  async run(): Promise<void> {
    try {
      const { layout, pages } = this.#o.transfer;
      for (let page = 0; page < layout.pageCount; page++) {
        if (pages.has(page)) continue;
        while (page > this.#wanted + PAGES_AHEAD && !this.#stopped)
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        if (!(await this.#page(page))) return;
      }
      if (!this.#stopped) await this.#seal();
    } catch (err) {
      if (!this.#stopped) this.#o.onFailed(err);
    }
  }

  async #page(page: number): Promise<boolean> {
    const { transfer, content, files, table, cache, signatures, signer, onBlocks } = this.#o;
    await content.ready?.(page);
    const hashes = await hashPage(transfer.layout, page, {
      content,
      files,
      cache,
      stopped: () => this.#stopped,
    });
    if (!hashes) return false;
    transfer.pages.set(page, { hashes, signature: signatures.page(transfer.id, page, hashes, signer) });
    await table.putPage(transfer, page);
    onBlocks(transfer.addPage(page)); // Invariant 1
    return true;
  }

  async #seal(): Promise<void> {
    const { transfer, table, signatures, signer, onSealed, cache, files } = this.#o;
    const root = rootOf(transfer);
    transfer.seal = { root, signature: signatures.seal(transfer.id, root, signer) };
    if (files) keepHashes(transfer, files, cache); // Invariant 2
    await table.put(transfer);
    onSealed();
  }
}

export interface HashPageOptions {
  content: Content;
  files: readonly FileIdentity[] | null;
  cache: HashCache;
  stopped: () => boolean;
}

/** Hashes of the blocks of one page, one after the other. Throws what the content throws; null if `stopped` says so. */
export async function hashPage(
  layout: Layout,
  page: number,
  { content, files, cache, stopped }: HashPageOptions,
): Promise<Uint8Array | null> {
  const from = page * BLOCKS_A_PAGE;
  const end = from + layout.pageBlocks(page);
  const hashes = new Uint8Array((end - from) * DIGEST_BYTES);
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  let sinceTurn = 0;
  for (let block = from; block < end; ) {
    const chunk = chunkAt(layout, block);
    const last = Math.min(end, chunk.first + chunk.count);
    const known = files && (await cache.find(files, chunk));
    if (known) {
      const at = (block - chunk.first) * DIGEST_BYTES;
      hashes.set(known.subarray(at, at + (last - block) * DIGEST_BYTES), (block - from) * DIGEST_BYTES);
      block = last;
      continue;
    }
    for (; block < last; block++) {
      if (sinceTurn++ % BLOCKS_A_TURN === 0) {
        await turn();
        if (stopped()) return null;
      }
      content.read(block, buffer);
      hashes.set(blake3(buffer.subarray(0, layout.blockBytes(block))), (block - from) * DIGEST_BYTES);
    }
  }
  return stopped() ? null : hashes;
}

/** The root of what a transfer holds; all its pages are known. */
export function rootOf({ manifest, layout, pages }: Transfer): Uint8Array {
  const hashes = [...Array(layout.pageCount).keys()].map((page) => pages.get(page)!.hashes);
  return contentRoot(
    manifest.files.map(({ size }) => size),
    hashes,
  );
}

/** Keeps what was hashed, chunk by chunk, for the next time. All pages are known. */
export function keepHashes(
  { layout, pages }: Pick<Transfer, 'layout' | 'pages'>,
  files: readonly FileIdentity[],
  cache: HashCache,
): void {
  for (let block = 0; block < layout.blockCount; ) {
    const chunk = chunkAt(layout, block);
    const hashes = new Uint8Array(chunk.count * DIGEST_BYTES);
    for (let i = 0; i < chunk.count; i++) {
      const page = pages.get(Math.floor((chunk.first + i) / BLOCKS_A_PAGE))!;
      hashes.set(hashAt(page.hashes, chunk.first + i), i * DIGEST_BYTES);
    }
    cache.keep(files, chunk, hashes);
    block = chunk.first + chunk.count;
  }
}

export const hashAt = (hashes: Uint8Array, block: number): Uint8Array => {
  const at = (block % BLOCKS_A_PAGE) * DIGEST_BYTES;
  return hashes.subarray(at, at + DIGEST_BYTES);
};
