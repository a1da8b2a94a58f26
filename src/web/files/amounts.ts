const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes as people read them, by thousands: `12 MB`, `4.2 GB`. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Time left, in the unit that matters: `48 s left`, `2 min left`; empty while it cannot be known. */
export function timeLeft(bytes: number, bytesPerSecond: number): string {
  const seconds = bytes / bytesPerSecond;
  if (bytes <= 0 || !Number.isFinite(seconds)) return '';
  if (seconds < 90) return `${Math.ceil(seconds)} s left`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min left`;
  return `${Math.round(seconds / 3600)} h left`;
}
