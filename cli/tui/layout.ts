import { isLive } from '../live-room.js';
import { safe } from '../output.js';
import { pathLabel } from '../path-label.js';
import { cells, cut } from './cells.js';
import { namesMessage, pickedMessage } from './complete.js';
import { footRows } from './foot-rows.js';
import { type Look, type Row, span } from './log-rows.js';
import { peopleRows } from './people-rows.js';
import { visibleRows } from './scroll.js';
import { LOW, PEOPLE_CELLS, WIDE } from './sizes.js';
import type { State } from './state.js';

/** A screen, row by row from the top; `cursor` is where the next character goes, from 0. */
export interface Frame {
  readonly columns: number;
  readonly head: readonly Row[];
  readonly log: readonly Row[];
  /** Beside the log, as many rows; empty on narrow terminals. */
  readonly people: readonly Row[];
  readonly foot: readonly Row[];
  readonly cursor: { readonly column: number; readonly row: number };
}

/** How the log looks, and how many rows high it is. */
export function logView(state: State): { look: Look; height: number } {
  const { columns, rows, editor } = state;
  const width = columns >= WIDE ? columns - PEOPLE_CELLS - 1 : columns;
  const height = Math.max(1, rows - headRows(state).length - footRows(state).rows.length);
  return {
    look: { width, live: isLive(state), tags: namesMessage(editor.text), picked: pickedMessage(state) },
    height,
  };
}

/** What is to be drawn. `now` in milliseconds since 1970 decides which day is today. */
export function layout(state: State, now: number): Frame {
  const { columns } = state;
  const head = headRows(state);
  const { rows: foot, cursor } = footRows(state);
  const { look, height } = logView(state);
  const visible = visibleRows(state, look, height, now);
  const log = [...Array.from({ length: height - visible.length }, () => []), ...visible];
  const people = columns >= WIDE ? peopleRows(state, height) : [];
  return {
    columns,
    head,
    log,
    people,
    foot,
    cursor: { column: cursor.column, row: head.length + height + cursor.row },
  };
}

function headRows(state: State): readonly Row[] {
  const { columns, rows } = state;
  if (rows < LOW) return [];
  const self = cut(safe(state.self.name), Math.floor(columns / 3));
  const room = cut(safe(state.room), Math.floor(columns / 3));
  const facts = cut(headFacts(state), Math.max(0, columns - cells(room) - cells(self) - 5));
  const gap = Math.max(1, columns - 4 - cells(room) - cells(facts) - cells(self));
  const side = '─'.repeat(PEOPLE_CELLS - 1);
  const rule = columns >= WIDE ? `${'─'.repeat(columns - PEOPLE_CELLS)}┬${side}` : '─'.repeat(columns);
  return [
    [span(' '), span(room, 'strong'), span(`  ${facts}${' '.repeat(gap)}`, 'dim'), span(self, 'strong')],
    [span(rule, 'dim')],
  ];
}

function headFacts(state: State): string {
  const { kind, here, gone, linked, joined, callers } = state;
  if (!linked) return `${kind}   the node ended; it is being started again`;
  if (!joined) return `${kind}   you have left this room`;
  const alone = `nobody else here ${gone.size === 0 ? 'yet' : 'now'}; looking for others`;
  const count = here.size === 0 ? alone : `${here.size + 1} here`;
  const call = callers === 0 ? '' : `call: ${callers === 1 ? '1 person' : `${callers} people`}  /call`;
  return [kind, count, ways(state), call].filter(Boolean).join('   ');
}

/** `LAN 3, Internet 1`: how many are reached by which path. */
function ways({ peers }: State): string {
  const counts = new Map<string, number>();
  for (const { path } of peers.values())
    if (path) counts.set(pathLabel(path), (counts.get(pathLabel(path)) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${label} ${count}`).join(', ');
}
