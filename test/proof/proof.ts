/** One line of `npm run proof`: what was done, what was seen, and whether it is within its bound. */
export function prove(what: string, holds: boolean, seen: string): void {
  console.log(`${holds ? 'holds' : 'FAILS'}: ${what}: ${seen}`);
  if (!holds) process.exitCode = 1;
}

/** Median and worst of some milliseconds, in seconds. */
export function spread(ms: readonly number[]): string {
  const sorted = [...ms].sort((a, b) => a - b);
  const seconds = (value = Number.NaN) => (value / 1_000).toFixed(2);
  return `median ${seconds(sorted[Math.floor(sorted.length / 2)])} s, worst ${seconds(sorted.at(-1))} s of ${ms.length}`;
}

export const worst = (ms: readonly number[]): number => Math.max(...ms);

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
