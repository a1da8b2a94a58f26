import { setImmediate as turn } from 'node:timers/promises';
import { blake3, DIGEST_BYTES } from './blake3.js';
import type { Content } from './file-content.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE, type Layout } from './layout.js';

/** Blocks hashed before others get the event loop: about a millisecond. */
const BLOCKS_A_TURN = 4;

/** Hashes of the blocks of one page, one after the other. Throws what the content throws; null if `stopped` says so. */
export async function hashPage(
  layout: Layout,
  content: Content,
  page: number,
  stopped: () => boolean,
): Promise<Uint8Array | null> {
  const count = layout.pageBlocks(page);
  const hashes = new Uint8Array(count * DIGEST_BYTES);
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let i = 0; i < count; i++) {
    if (i % BLOCKS_A_TURN === 0) {
      await turn();
      if (stopped()) return null;
    }
    const block = page * BLOCKS_A_PAGE + i;
    content.read(block, buffer);
    hashes.set(blake3(buffer.subarray(0, layout.blockBytes(block))), i * DIGEST_BYTES);
  }
  return hashes;
}

export const hashAt = (hashes: Uint8Array, block: number): Uint8Array => {
  const at = (block % BLOCKS_A_PAGE) * DIGEST_BYTES;
  return hashes.subarray(at, at + DIGEST_BYTES);
};
