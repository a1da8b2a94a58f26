/** One line of a table: median, least and most of some milliseconds. */
export function summary(name: string, ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const round = (value = Number.NaN) => value.toFixed(0).padStart(5);
  return `${name.padEnd(52)} median ${round(median)} ms   least ${round(sorted[0])}   worst ${round(sorted.at(-1))}   n=${ms.length}`;
}
