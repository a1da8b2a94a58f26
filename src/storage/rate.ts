/** A rate as people write it: `off`, or bytes a second with a unit; 1 kB is 1000. */
const RATE = /^(\d{1,6}(?:\.\d{1,3})?) ?(k|m|g)b(?:\/s)?$/iu;
const UNITS = { k: ['kB', 1e3], m: ['MB', 1e6], g: ['GB', 1e9] } as const;
/** Less would time out everybody who waits for a block. */
const LEAST_BYTES = 50_000;

/** The rate as it is kept; null for what is none. */
export function parseRate(text: string): string | null {
  if (text.trim().toLowerCase() === 'off') return 'off';
  const [, number = '', unit = ''] = RATE.exec(text.trim()) ?? [];
  const known = UNITS[unit.toLowerCase() as keyof typeof UNITS];
  if (!known || Number(number) * known[1] < LEAST_BYTES) return null;
  return `${Number(number)}${known[0]}`;
}

/** Bytes a second of what `parseRate` has given; null is no bound. */
export function bytesPerSecond(rate: string): number | null {
  const [, number = '', unit = ''] = RATE.exec(rate) ?? [];
  const known = UNITS[unit.toLowerCase() as keyof typeof UNITS];
  return known ? Number(number) * known[1] : null;
}
