import type { Peer, Person } from '../../src/daemon/api.js';
import { safe } from '../output.js';
import { pathLabel } from '../path-label.js';
import { cells, fit } from './cells.js';
import type { Tone } from './entries.js';
import { type Row, span } from './log-rows.js';
import { PEOPLE_CELLS } from './sizes.js';
import { nameOf, type State } from './state.js';

/** Who is here, by which path, and who was: `height` rows beside the log. */
export function peopleRows(state: State, height: number): readonly Row[] {
  const { here, gone, self, peers, names, joined } = state;
  if (!joined) return beside([[span(' You have left.', 'dim')]], height);
  const others = [...here.values()].sort((a, b) => a.name.localeCompare(b.name));
  const away = [...gone.values()].sort((a, b) => b.at - a.at);
  const rows: Row[] = [
    [span(` HERE ${here.size + 1}`, 'dim')],
    personRow('●', nameOf(names, self), 'you', 'done'),
    ...others.map((person) =>
      personRow('●', nameOf(names, person), way(person, peers.get(person.id)), 'done'),
    ),
  ];
  if (away.length > 0) rows.push([], [span(' AWAY', 'dim')]);
  for (const { person, at } of away)
    rows.push(personRow('○', nameOf(names, person), new Date(at).toTimeString().slice(0, 5), 'dim'));
  const fits =
    rows.length > height
      ? [...rows.slice(0, height - 1), [span(` and ${rows.length - height + 1} more; /who`, 'dim')]]
      : rows;
  return beside(fits, height);
}

/** Rows behind the line that stands between them and the log. */
const beside = (rows: readonly Row[], height: number): readonly Row[] =>
  Array.from({ length: height }, (_, i) => [span('│', 'dim'), ...(rows[i] ?? [])]);

function personRow(mark: string, name: string, fact: string, tone: Tone): Row {
  const nameCells = PEOPLE_CELLS - 5 - cells(fact);
  return [
    span(` ${mark} `, tone),
    span(fit(safe(name), nameCells), tone === 'dim' ? 'dim' : 'plain'),
    span(` ${fact}`, 'dim'),
  ];
}

/** `✓ LAN 0.4 ms`: verified, path and round trip. */
function way(person: Person, peer: Peer | undefined): string {
  const verified = person.verified || peer?.verified ? '✓ ' : '';
  if (!peer?.path) return verified.trim();
  const rtt = peer.rttMs === null ? '' : ` ${peer.rttMs.toFixed(peer.rttMs < 10 ? 1 : 0)} ms`;
  return `${verified}${pathLabel(peer.path)}${rtt}`;
}
