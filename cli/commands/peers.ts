import type { Client } from '../../src/daemon/client.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { pathLabel } from '../path-label.js';
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
      const name = `${out.paint.bold(safe(peer.name))} ${out.paint.dim(`#${peer.tag}`)}`;
      if (peer.self) out.line(`${name}  you`);
      else {
        const rtt = peer.rttMs === null ? '' : `  ${peer.rttMs.toFixed(1)} ms`;
        out.line(
          `${name}  ${pathLabel(peer.path)} ${safe(peer.address ?? '')}${rtt}${peer.verified ? '  verified' : ''}`,
        );
      }
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}

const SEARCH_MS = 3_000;

const peersOf = (client: Client, room: string) => client.request('peers', { room });
