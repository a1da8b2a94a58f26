import { startOfDay } from '../parts/times.js';
import type { Entry } from '../state/model.js';

/** A line of the timeline as it is drawn. `grouped`: under the same author's last message, without face and name. */
export type Row =
  | { type: 'day'; id: string; at: number }
  | { type: 'message'; id: string; entry: Extract<Entry, { type: 'message' }>; grouped: boolean }
  | { type: 'file'; id: string; entry: Extract<Entry, { type: 'file' }> }
  | { type: 'line'; id: string; entry: Exclude<Entry, { type: 'message' | 'file' }> };

/** Messages of one author within this time are one group. */
const GROUP_MS = 5 * 60_000;

/** No day is longer, even one on which clocks are put back; half a day more is not two days more. */
const LONGEST_DAY_MS = 36 * 3_600_000;

/** Lays entries out as rows: a line for each new day, messages in groups. */
export function layoutTimeline(entries: readonly Entry[]): Row[] {
  const rows: Row[] = [];
  let before: Entry | null = null;
  let dayEnds = Number.NEGATIVE_INFINITY;
  let dayStarts = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (entry.at < dayStarts || entry.at >= dayEnds) {
      dayStarts = startOfDay(entry.at);
      dayEnds = startOfDay(dayStarts + LONGEST_DAY_MS);
      rows.push({ type: 'day', id: `day ${entry.id}`, at: entry.at });
      before = null;
    }
    if (entry.type === 'message')
      rows.push({ type: 'message', id: entry.id, entry, grouped: follows(before, entry) });
    else if (entry.type === 'file') rows.push({ type: 'file', id: entry.id, entry });
    else rows.push({ type: 'line', id: entry.id, entry });
    before = entry;
  }
  return rows;
}

const follows = (before: Entry | null, entry: Extract<Entry, { type: 'message' }>) =>
  before?.type === 'message' &&
  before.author.id === entry.author.id &&
  before.author.name === entry.author.name &&
  entry.at - before.at < GROUP_MS;
