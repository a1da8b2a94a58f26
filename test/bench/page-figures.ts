/** How the benches of the page say what they saw, and do many things at once. */
export const line = (name: string, figures: string) => console.log(`${name.padEnd(52)} ${figures}`);
export const ms = (value: number) => `${value.toFixed(0)} ms`;

export function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)}, worst ${sorted.at(-1)?.toFixed(0)}, n=${sorted.length}`;
}

/** Does something this many times, several at once. */
export async function many(count: number, atOnce: number, fn: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await fn(i);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}
