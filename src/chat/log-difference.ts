import b4a from 'b4a';
import type { LogSummary } from './log-summary.js';

/** Something that another instance has of a log, and from which place on it is to be asked for. */
export interface Lack {
  readonly summary: LogSummary;
  readonly from: number;
  /** It is another branch of what is here, and no more of the same: no length says whether it has come meanwhile. */
  readonly branched: boolean;
}

/** How far back a forked log was asked for: a step, or the tip (hex) for which all was in vain. */
export interface ForkSearch {
  readonly step: number;
  readonly tip: string;
}

/** How far back, step by step, until what is common is found; then from its beginning. */
const STEPS = [16, 256, 4096, Number.MAX_SAFE_INTEGER];

/** From where on a log is to be asked for; null if there is nothing in it that is not here. `tipKnown`: its tip is. */
export function lacksFrom(
  mine: LogSummary | undefined,
  theirs: LogSummary,
  { tipKnown, search }: { tipKnown: boolean; search: ForkSearch | undefined },
): number | null {
  if (!mine) return 0;
  if (b4a.equals(mine.tip, theirs.tip) || search?.tip === hex(theirs.tip)) return null;
  const isLinear = theirs.branches === 1 && mine.branches === 1;
  if (isLinear && theirs.next > mine.next && !search) return mine.next;
  if (theirs.branches === 1 && tipKnown) return null;
  return stepBack(mine, theirs, search?.step ?? 0);
}

/** What is left of a lack once other ways have brought messages; null if nothing is. */
export function stillLacking(mine: LogSummary | undefined, lack: Lack, isForked: boolean): Lack | null {
  if (!mine) return lack;
  const { summary, from, branched } = lack;
  if (b4a.equals(mine.tip, summary.tip)) return null;
  if (branched || isForked || mine.branches !== 1) return lack;
  if (summary.branches === 1 && mine.next >= summary.next && from >= mine.next - 1) return null;
  const isPartlyThere = from > 0 && from < mine.next && summary.next > mine.next;
  return isPartlyThere ? { summary, from: mine.next, branched } : lack;
}

/** A log was fetched and is still another one: it forked before `from`. Where to ask next; no lack if all was asked for. */
export function searchBack(
  mine: LogSummary | undefined,
  { summary, from }: Lack,
  search: ForkSearch | undefined,
): { search: ForkSearch; lack: Lack | null } {
  const step = Math.min((search?.step ?? -1) + 1, STEPS.length - 1);
  const next = { step, tip: from === 0 ? hex(summary.tip) : '' };
  const goesOn = from > 0 && mine !== undefined;
  return {
    search: next,
    lack: goesOn ? { summary, from: stepBack(mine, summary, step), branched: true } : null,
  };
}

const stepBack = (mine: LogSummary, theirs: LogSummary, step: number): number =>
  Math.max(0, Math.min(theirs.next, mine.next) - (STEPS[step] as number));

const hex = (bytes: Uint8Array): string => b4a.toString(bytes, 'hex');
