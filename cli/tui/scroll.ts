import type { Entry } from './entries.js';
import { dayRow, type Look, type Row, rowsOf, UNREAD_ROW } from './log-rows.js';
import type { Scroll, State } from './state.js';

type Log = Pick<State, 'entries' | 'scroll' | 'unreadFrom'>;

/** The rows of entry `index`, with the lines of a new day and of what came unseen above them. */
function rowsAt({ entries, unreadFrom }: Log, index: number, look: Look, now: number): readonly Row[] {
  const entry = entries[index] as Entry;
  const rows = rowsOf(entry, look);
  const day = dayRow(entries[index - 1], entry, now);
  if (!day && entry.key !== unreadFrom) return rows;
  return [...(day ? [day] : []), ...(entry.key === unreadFrom ? [UNREAD_ROW] : []), ...rows];
}

/** The rows of a log that are visible: at most `height`, those of `scroll` or the last ones. */
export function visibleRows(log: Log, look: Look, height: number, now: number): readonly Row[] {
  const end = place(log, look, now);
  const rows: Row[] = [];
  for (let i = end.index; i >= 0 && rows.length < height; i--) {
    const all = rowsAt(log, i, look, now);
    rows.unshift(...(i === end.index ? all.slice(0, end.row) : all));
  }
  return rows.slice(-height);
}

/**
 * Where the log stands `by` rows further down, or up where that is negative; null at the end. The topmost row never
 * goes below the top, as far as there is something above.
 */
export function scrolled(log: Log, by: number, look: Look, height: number, now: number): Scroll | null {
  const { entries } = log;
  if (entries.length === 0) return null;
  const top = moved(log, { index: 0, row: 0 }, height, look, now);
  const to = moved(log, place(log, look, now), by, look, now);
  const { index, row } = isAbove(to, top) ? top : to;
  const last = entries.length - 1;
  if (index === last && row >= rowsAt(log, last, look, now).length) return null;
  return { key: (entries[index] as Entry).key, row };
}

/** Where the log has to stand for an entry to be seen: where it stands if it is. */
export function showing(log: Log, key: string, look: Look, height: number, now: number): Scroll | null {
  const end = place(log, look, now);
  const index = log.entries.findIndex((entry) => entry.key === key);
  const start = moved(log, end, -height, look, now);
  if (index < 0 || (index > start.index && index <= end.index)) return log.scroll;
  return { key, row: rowsAt(log, index, look, now).length };
}

/** True if nothing is above what is visible. */
export function isAtTop(log: Log, look: Look, height: number, now: number): boolean {
  const top = moved(log, { index: 0, row: 0 }, height, look, now);
  return !isAbove(top, place(log, look, now));
}

interface Place {
  index: number;
  row: number;
}

const isAbove = (a: Place, b: Place): boolean => a.index < b.index || (a.index === b.index && a.row < b.row);

function place(log: Log, look: Look, now: number): Place {
  const { entries, scroll } = log;
  const found = scroll ? entries.findIndex(({ key }) => key === scroll.key) : -1;
  const index = found < 0 ? entries.length - 1 : found;
  const count = index < 0 ? 0 : rowsAt(log, index, look, now).length;
  return { index, row: found < 0 || !scroll ? count : Math.min(scroll.row, count) };
}

function moved(log: Log, from: Place, by: number, look: Look, now: number): Place {
  const { entries } = log;
  const countAt = (i: number) => (entries[i] ? rowsAt(log, i, look, now).length : 0);
  let { index, row } = from;
  row += by;
  while (row < 1 && index > 0) row += countAt(--index);
  while (index < entries.length - 1 && row > countAt(index)) row -= countAt(index++);
  return { index, row: Math.max(0, Math.min(row, countAt(index))) };
}
