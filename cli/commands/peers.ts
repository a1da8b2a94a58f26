import type { Client } from '../../src/daemon/client.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { peerLines } from '../peer-lines.js';
import { settled } from '../settled.js';

/** Lists who is in a room now, by which path, with which round trip. */
export async function run(context: Context, [room]: string[]): Promise<number> {
  const { out } = context;
  const client = await context.connect();
  try {
    // A node that this command has just started needs a moment to find anybody.
    if (client.spawned) await settled(client, room as string, SEARCH_MS);
    for (const peer of await peersOf(client, room as string)) {
      if (out.json) {
        out.object(peer);
        continue;
      }
      for (const line of peerLines(peer, out.paint)) out.line(line);
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}

const SEARCH_MS = 3_000;

const peersOf = (client: Client, room: string) => client.request('peers', { room });
