import type { MessageId } from './message.js';

/** Where a message stands among all messages of its room. */
export interface Place {
  readonly clock: number;
  readonly id: MessageId;
}

/** A message that nothing builds on yet. */
export type Tip = Place & { readonly covers: number };

/** The one order of a room, the same for everybody: by clock, then by id (PROTOCOL.md [H3]). */
export const compare = (a: Place, b: Place): number =>
  a.clock - b.clock || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** The clock that a message must have, given the clocks of all that it builds on. */
export const nextClock = (before: Iterable<number>): number => {
  let highest = 0;
  for (const clock of before) if (clock > highest) highest = clock;
  return highest + 1;
};

/** What an author's clock may be ahead, or behind where the message was taken in at once, before it counts as wrong. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/**
 * When a message was sent as it may be shown, and by which it expires: its author's time, but never in the future of
 * who took it in at `takenAt`, and that where the author's computer has no time. The order does not depend on it.
 */
export function shownTime(wall: number, takenAt: number): { sent: number; clockOff: boolean } {
  if (wall < EARLIEST) return { sent: takenAt, clockOff: true };
  return { sent: Math.min(wall, takenAt), clockOff: wall > takenAt + CLOCK_TOLERANCE_MS };
}

/** Chatter did not exist before: a computer that says so has no clock. */
const EARLIEST = Date.UTC(2024, 0, 1);
