import path from 'node:path';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';

/** Writes what was said to a new folder: one file of JSON Lines a room. */
export async function run(
  context: Context,
  [room]: string[],
  { out: folder = `chatter-export-${stamp(new Date())}` }: { out?: string },
): Promise<number> {
  const { out } = context;
  const client = await context.connect();
  try {
    const written = await client.request('export', { room, out: path.resolve(folder) });
    if (out.json) out.object(written);
    else {
      out.line(written.folder);
      const rooms = written.rooms === 1 ? '1 room' : `${written.rooms} rooms`;
      out.note(`${written.messages} messages of ${rooms}. Whoever has this folder can read them.`);
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** `20260501-100200`: two in one minute do not meet. */
const stamp = (now: Date): string =>
  now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '-');
