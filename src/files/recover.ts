import { setImmediate as turn } from 'node:timers/promises';
import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import { blake3 } from './blake3.js';
import { hashAt } from './hash-ahead.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import { Staging } from './staging.js';
import type { Transfer } from './transfer.js';
import type { Acceptance } from './transfer-store.js';

/** Blocks looked at before others get the event loop. */
const BLOCKS_A_TURN = 8;

/**
 * Finds the blocks that lie in staging from before. What a disk really kept is seen by hashing it; nothing that was
 * written down is trusted. Throws DISK_FAILED.
 */
export async function recover(transfer: Transfer, { staging: folder }: Acceptance): Promise<void> {
  const { layout, pages } = transfer;
  const staging = new Staging(folder, layout);
  staging.create();
  try {
    const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    for (const [page, { hashes }] of pages) {
      for (let i = 0; i < layout.pageBlocks(page); i++) {
        if (i % BLOCKS_A_TURN === 0) await turn();
        const block = page * BLOCKS_A_PAGE + i;
        const bytes = buffer.subarray(0, layout.blockBytes(block));
        if (!isThere(staging, block, bytes) || !b4a.equals(blake3(bytes), hashAt(hashes, block))) continue;
        if (transfer.have.add(block)) transfer.count(block);
      }
    }
  } finally {
    staging.close();
  }
}

function isThere(staging: Staging, block: number, bytes: Uint8Array): boolean {
  try {
    staging.read(block, bytes);
    return true;
  } catch (err) {
    if (ChatterError.from(err).code === 'FILE_UNREADABLE') return false;
    throw err;
  }
}
