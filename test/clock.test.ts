import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { systemClock } from '../src/clock.js';

t.test('[B19] a time that no timer can hold is long, and not none', async (t) => {
  const fired: string[] = [];
  const timers = [2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY].flatMap((ms) => [
    systemClock.after(ms, () => fired.push(`after ${ms}`)),
    systemClock.every(ms, () => fired.push(`every ${ms}`)),
  ]);
  await new Promise<void>((resolve) => void systemClock.after(-1, resolve)); // what is past is now
  await sleep(50);
  t.same(fired, []);
  for (const timer of timers) timer.cancel();
  timers[0]?.cancel(); // twice does no harm
});
