import type { Instance } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { safe } from '../output.js';
import { pathLabel } from '../path-label.js';
import { personLabel } from '../person-commands.js';
import { settled } from '../settled.js';
import { size } from '../transfer-lines.js';

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
        const [first = '', ...others] = peer.instances.map(way);
        out.line(`${name}  ${first}${peer.verified ? '  verified' : ''}`);
        if (peer.resembles)
          out.line(`  ${out.paint.yellow(`not ${personLabel(peer.resembles)}, whom you have verified`)}`);
        for (const other of others) out.line(`  and  ${other}`);
      }
    }
    return EXIT.done;
  } finally {
    await client.close();
  }
}

const SEARCH_MS = 3_000;

/** How one running node of somebody's is reached, and how well. */
function way({ path, address, rttMs, rateBps, bytes }: Instance): string {
  const facts = [
    rttMs === null ? '' : `${rttMs.toFixed(1)} ms`,
    size(bytes),
    rateBps > 0 ? `${size(rateBps)}/s` : '',
  ];
  return [`${pathLabel(path)} ${safe(address ?? '')}`, ...facts.filter(Boolean)].join('  ');
}

const peersOf = (client: Client, room: string) => client.request('peers', { room });
