import { ChatterError } from '../src/errors.js';

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };

/**
 * The moment that somebody means by `2h`, `7d`, `2026-05-01` or `2026-05-01T10:00`, as ISO 8601; what has no time zone is
 * of this one. `now` in milliseconds since 1970. Throws USAGE.
 */
export function momentOf(words: string, now: number): string {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(words) ?? [];
  const at = unit
    ? now - Number(count) * (UNITS[unit] as number)
    : Date.parse(/^\d{4}-\d\d-\d\d$/.test(words) ? `${words}T00:00` : words);
  if (/^\d{4}-\d\d-\d\d|^\d+[mhdw]$/.test(words) && Number.isFinite(at) && Math.abs(at) < 8e15)
    return new Date(at).toISOString();
  throw new ChatterError('USAGE', {
    message: 'A time is written 30m, 2h, 7d, 2026-05-01 or 2026-05-01T10:00.',
  });
}
