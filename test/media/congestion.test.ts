import t from 'tap';
import { CongestionControl } from '../../src/media/congestion.js';

interface LineOptions {
  /** Bits a second at a moment in milliseconds. */
  rate: (now: number) => number;
  /** One way, in milliseconds. */
  delayMs: number;
  /** Every so manieth acknowledgement comes a round trip late, as after a loss. 0: none. */
  lateEvery?: number;
  /** Bits a second that the encoder makes at most. */
  mostBps?: number;
}

const FRAME_MS = 33;
const ACK_EVERY_MS = 20;

/** A camera on a line with one queue, in simulated time: it makes what it is told to, and what may not go is left out. */
function run({ rate, delayMs, lateEvery = 0, mostBps = 8e6 }: LineOptions, endMs: number) {
  const control = new CongestionControl();
  const arrivals: { at: number; total: number }[] = [];
  const acks: { at: number; total: number; heldMs: number }[] = [];
  const seconds: { targetBps: number; queueMs: number; sent: number }[] = [];
  let [free, acked, count, sent, worst] = [0, 0, 0, 0, 0];
  for (let now = 0; now < endMs; now++) {
    if (now % FRAME_MS === 0 && !control.skips(now) && control.admits('base', now)) {
      const bytes = Math.round((Math.min(control.targetBps, mostBps) * FRAME_MS) / 8000);
      control.sent(bytes, now);
      free = Math.max(free, now) + (bytes * 8000) / rate(now);
      arrivals.push({ at: free + delayMs, total: control.sentBytes });
      sent++;
    }
    if (now % ACK_EVERY_MS === 0) {
      const here = arrivals.filter(({ at, total }) => at <= now && total > acked).at(-1);
      if (here) {
        acked = here.total;
        const late = lateEvery > 0 && ++count % lateEvery === 0 ? 2 * delayMs : 0;
        acks.push({ at: now + delayMs + late, total: here.total, heldMs: Math.floor(now - here.at) });
      }
    }
    while (acks[0] && acks[0].at <= now) {
      const { total, heldMs } = acks.shift() as (typeof acks)[0];
      if (total > control.acknowledgedBytes) control.acknowledged(total, heldMs, now);
    }
    if (now % ACK_EVERY_MS === 0) control.tick(now);
    worst = Math.max(worst, free - now);
    if (now % 1000 === 999) {
      seconds.push({ targetBps: control.targetBps, queueMs: worst, sent });
      [sent, worst] = [0, 0];
    }
  }
  return seconds;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

t.test('a steady line is used well, and its queue stays short', async (t) => {
  for (const [mbit, delayMs] of [
    [1, 15],
    [3, 30],
    [6, 50],
  ] as const) {
    const settled = run({ rate: () => mbit * 1e6, delayMs }, 40_000).slice(20);
    const used = mean(settled.map(({ targetBps }) => targetBps)) / (mbit * 1e6);
    const queue = Math.max(...settled.map(({ queueMs }) => queueMs));
    t.ok(used > 0.6 && used < 1.2, `${mbit} Mbit/s: told to make ${used.toFixed(2)} of it`);
    t.ok(queue < 250, `${mbit} Mbit/s: a queue of ${queue.toFixed(0)} ms at most`);
    t.ok(
      Math.min(...settled.map(({ sent }) => sent)) >= 10,
      `pictures go on: ${Math.min(...settled.map(({ sent }) => sent))}`,
    );
  }
});

t.test('on a line that carries it a large picture has its rate within two seconds', async (t) => {
  const seconds = run({ rate: () => 100e6, delayMs: 1, mostBps: 4.7e6 }, 4_000);
  t.ok((seconds[1]?.targetBps ?? 0) > 2.5e6, `${seconds[1]?.targetBps} after two`);
  t.ok((seconds[3]?.targetBps ?? 0) > 4.7e6, `${seconds[3]?.targetBps} after four`);
  const narrow = run({ rate: () => 2e6, delayMs: 20 }, 6_000);
  t.ok(Math.max(...narrow.map(({ queueMs }) => queueMs)) < 350, 'one that does not is not filled for it');
});

t.test('a line that falls to a tenth is followed within seconds, and again when it returns', async (t) => {
  const seconds = run({ rate: (now) => (now > 20_000 && now < 40_000 ? 1e6 : 10e6), delayMs: 20 }, 70_000);
  const low = seconds.slice(23, 40);
  t.ok(Math.max(...low.map(({ targetBps }) => targetBps)) < 1.3e6, 'no more than the line carries');
  t.ok(Math.max(...low.map(({ queueMs }) => queueMs)) < 400, 'after three seconds the queue is gone');
  t.ok((seconds.at(-1)?.targetBps ?? 0) > 5e6, `${seconds.at(-1)?.targetBps} when it has returned`);
});

t.test('what is sent again after a loss is no queue: the rate stays', async (t) => {
  const seconds = run({ rate: () => 20e6, delayMs: 50, lateEvery: 10, mostBps: 2e6 }, 30_000);
  const least = Math.min(...seconds.slice(10).map(({ targetBps }) => targetBps));
  t.ok(least > 1.9e6, `never below ${least}`);
});

t.test('a line that carries nothing is not filled', async (t) => {
  const control = new CongestionControl({ maxInFlightBytes: 100_000 });
  let sent = 0;
  for (let now = 0; now < 10_000; now += FRAME_MS) {
    control.tick(now);
    if (!control.admits('base', now)) continue;
    control.sent(4_000, now);
    sent++;
  }
  t.ok(sent < 30, `${sent} frames of 300`);
  t.notOk(control.admits('key', 10_000));
  t.notOk(control.admits('sound', 10_000), 'sound last of all');
  t.ok(control.skips(10_000));
  t.ok(control.targetBps < 1e6, 'and less is to be made');
});

t.test('a camera that makes little of its rate comes back to the first one after trouble', async (t) => {
  const seconds = run(
    { rate: (now) => (now > 5_000 && now < 15_000 ? 0.15e6 : 10e6), delayMs: 20, mostBps: 0.25e6 },
    40_000,
  );
  t.ok(Math.min(...seconds.map(({ targetBps }) => targetBps)) < 0.3e6, 'it went down');
  t.ok((seconds.at(-1)?.targetBps ?? 0) > 0.9e6, `${seconds.at(-1)?.targetBps}`);
});
