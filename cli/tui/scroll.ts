import type { Entry } from './entries.js';
import { dayRow, type Row, rowsOf } from './log-rows.js';
import type { Scroll, State } from './state.js';

type Log = Pick<State, 'entries' | 'scroll'>;

/** The rows of entry `index` with the line of a new day before them. */
function rowsAt(entries: readonly Entry[], index: number, width: number, now: number): readonly Row[] {
  const entry = entries[index] as Entry;
  const day = dayRow(entries[index - 1], entry, now);
  return day ? [day, ...rowsOf(entry, width)] : rowsOf(entry, width);
}

/** The rows of a log that are visible: at most `height`, those of `scroll` or the last ones. */
export function visibleRows(
  { entries, scroll }: Log,
  width: number,
  height: number,
  now: number,
): readonly Row[] {
  const end = place({ entries, scroll }, width, now);
  const rows: Row[] = [];
  for (let i = end.index; i >= 0 && rows.length < height; i--) {
    const all = rowsAt(entries, i, width, now);
    rows.unshift(...(i === end.index ? all.slice(0, end.row) : all));
  }
  return rows.slice(-height);
}

/**
 * Where the log stands `by` rows further down, or up where that is negative; null at the end. The topmost row never
 * goes below the top, as far as there is something above.
 */
export function scrolled(log: Log, by: number, width: number, height: number, now: number): Scroll | null {
  const { entries } = log;
  if (entries.length === 0) return null;
  const top = moved(entries, { index: 0, row: 0 }, height, width, now);
  const to = moved(entries, place(log, width, now), by, width, now);
  const { index, row } = isAbove(to, top) ? top : to;
  const last = entries.length - 1;
  if (index === last && row >= rowsAt(entries, last, width, now).length) return null;
  return { key: (entries[index] as Entry).key, row };
}

/** True if nothing is above what is visible. */
export function isAtTop(log: Log, width: number, height: number, now: number): boolean {
  const top = moved(log.entries, { index: 0, row: 0 }, height, width, now);
  const at = place(log, width, now);
  return !isAbove(top, at);
}

interface Place {
  index: number;
  row: number;
}

const isAbove = (a: Place, b: Place): boolean => a.index < b.index || (a.index === b.index && a.row < b.row);

function place({ entries, scroll }: Log, width: number, now: number): Place {
  const found = scroll ? entries.findIndex(({ key }) => key === scroll.key) : -1;
  const index = found < 0 ? entries.length - 1 : found;
  const count = index < 0 ? 0 : rowsAt(entries, index, width, now).length;
  return { index, row: found < 0 || !scroll ? count : Math.min(scroll.row, count) };
}

function moved(entries: readonly Entry[], from: Place, by: number, width: number, now: number): Place {
  const countAt = (i: number) => (entries[i] ? rowsAt(entries, i, width, now).length : 0);
  let { index, row } = from;
  row += by;
  while (row < 1 && index > 0) row += countAt(--index);
  while (index < entries.length - 1 && row > countAt(index)) row -= countAt(index++);
  return { index, row: Math.max(0, Math.min(row, countAt(index))) };
}
