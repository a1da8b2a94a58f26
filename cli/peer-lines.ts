import type { Instance, Peer } from '../src/daemon/api.js';
import { type Output, PLAIN, safe } from './output.js';
import { pathLabel } from './path-label.js';
import { personLabel } from './person-commands.js';
import { size } from './transfer-lines.js';

/** Somebody in a room as lines: who, by which path, with which round trip and rate; a line more for each further machine. */
export function peerLines(peer: Peer, paint: Output['paint'] = PLAIN): string[] {
  const name = `${paint.bold(safe(peer.name))} ${paint.dim(`#${peer.tag}`)}`;
  if (peer.self) return [`${name}  you`];
  const [first = '', ...others] = peer.instances.map(way);
  return [
    `${name}  ${first}${peer.verified ? '  verified' : ''}`,
    ...(peer.resembles
      ? [`  ${paint.yellow(`not ${personLabel(peer.resembles)}, whom you have verified`)}`]
      : []),
    ...others.map((other) => `  and  ${other}`),
  ];
}

/** How one running node of somebody's is reached, and how well. */
function way({ path, address, rttMs, rateBps, bytes }: Instance): string {
  const facts = [
    rttMs === null ? '' : `${rttMs.toFixed(1)} ms`,
    size(bytes),
    rateBps > 0 ? `${size(rateBps)}/s` : '',
  ];
  return [`${pathLabel(path)} ${safe(address ?? '')}`, ...facts.filter(Boolean)].join('  ');
}
