import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';

/** Ends a share, by its name, its path or its id. */
export async function run(context: Context, [room = '', ref = '']: string[]): Promise<number> {
  const { out } = context;
  const client = await context.connect();
  try {
    const isPath = ref.includes('/') || ref.includes('\\') || existsSync(ref);
    const share = await client.request('unshare', { room, share: isPath ? path.resolve(ref) : ref });
    if (out.json) out.object({ type: 'unshared', ...share });
    else out.note(`${safe(share.name)} is not shared in ${safe(share.room)} any more.`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
