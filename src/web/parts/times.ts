const DAY_MS = 24 * 3_600_000;

// Made once: making one costs far more than what it is used for.
const CLOCK = new Intl.DateTimeFormat([], { hour: 'numeric', minute: '2-digit' });
const WHOLE = new Intl.DateTimeFormat([], { dateStyle: 'short', timeStyle: 'medium' });

export const clockTime = (at: number): string => CLOCK.format(at);

/** Day and time to the second. */
export const wholeTime = (at: number): string => WHOLE.format(at);

/** When somebody was there last: a time today, a day this week, a date before. */
export function lastSeen(at: number, now = Date.now()): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
  if (days <= 0) return clockTime(at);
  if (days === 1) return `yesterday ${clockTime(at)}`;
  if (days < 7) return new Date(at).toLocaleDateString([], { weekday: 'long' });
  return new Date(at).toLocaleDateString([], { day: 'numeric', month: 'long' });
}

/** The day as a heading. */
export function dayWord(at: number, now = Date.now()): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at).toLocaleDateString([], {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
}

/** Midnight before, in this computer's time. */
export const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
