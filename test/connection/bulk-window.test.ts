import fc from 'fast-check';
import t from 'tap';
import { BulkWindow } from '../../src/connection/bulk-window.js';
import { FairTurns } from '../../src/connection/fair-turns.js';
import { LIMITS } from '../../src/limits.js';
import { SimulatedLine } from '../support/simulated-line.js';

const MBIT = 125;
const LINES = [
  ['1 Gbit/s', 1000 * MBIT, 0.2, 0.98],
  ['100 Mbit/s 5 ms', 100 * MBIT, 5, 0.98],
  ['20 Mbit/s 80 ms', 20 * MBIT, 80, 0.95],
  ['8 Mbit/s 20 ms', 8 * MBIT, 20, 0.95],
] as const;

/** A generator of numbers from 0 to 1 by a seed, so that a failure can be run again (Marsaglia's xorshift). */
const seeded = (seed: number) => () => {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 2 ** 32;
};

for (const [name, rate, baseMs, share] of LINES) {
  t.test(`on ${name} bulk takes the line and adds little delay`, async (t) => {
    const line = new SimulatedLine({ rate, baseMs, jitterMs: 2, random: seeded(7) });
    line.add();
    line.run(6000);
    const { total, medianMs, p95Ms } = line.run(36_000);
    t.ok(total >= share, `${total} of the line`);
    t.ok(medianMs <= 14, `${medianMs} ms of queue`);
    t.ok(p95Ms <= 20, `${p95Ms} ms of queue at the 95th percentile`);
  });
}

t.test('on any line it comes to most of the rate, and the queue stays short', async () => {
  const lines = fc.record({
    mbit: fc.integer({ min: 10, max: 1000 }),
    baseMs: fc.double({ min: 0.1, max: 60, noNaN: true }),
    jitterMs: fc.double({ min: 0, max: 3, noNaN: true }),
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
  });
  fc.assert(
    fc.property(lines, ({ mbit, baseMs, jitterMs, seed }) => {
      const line = new SimulatedLine({ rate: mbit * MBIT, baseMs, jitterMs, random: seeded(seed) });
      const { window } = line.add();
      line.run(10_000);
      const { total, medianMs } = line.run(20_000);
      return total >= 0.85 && medianMs <= 20 && window.windowBytes <= LIMITS.bulkInFlightBytes;
    }),
    { numRuns: 40 },
  );
});

t.test('it follows a rate that falls and rises, and a line that was cut', async (t) => {
  const line = new SimulatedLine({ rate: 100 * MBIT, baseMs: 5 });
  line.add();
  line.run(5000);
  line.rate = 10 * MBIT;
  line.run(6000);
  const slow = line.run(10_000);
  t.ok(slow.total > 0.95 && slow.p95Ms < 20, `a second after it fell: ${slow.total}, ${slow.p95Ms} ms`);
  line.rate = 100 * MBIT;
  line.run(11_000);
  const fast = line.run(13_000);
  t.ok(fast.total > 0.95 && fast.p95Ms < 20, `a second after it rose: ${fast.total}, ${fast.p95Ms} ms`);
  line.cut = true;
  line.run(21_000);
  line.cut = false;
  line.run(22_000);
  const again = line.run(25_000);
  t.ok(
    again.total > 0.95 && again.p95Ms < 20,
    `a second after it was cut: ${again.total}, ${again.p95Ms} ms`,
  );
});

t.test('where processors are busy now and then, what comes between is used', async (t) => {
  const away = { everyMs: 60, forMs: 30 };
  const line = new SimulatedLine({ rate: 1000 * MBIT, baseMs: 0.2, away });
  const { window } = line.add();
  line.run(5000);
  const { total } = line.run(15_000);
  t.ok(total > 0.5, `${total} of the line, which is heard of half the time`);
  t.equal(window.frameBytes, 256 * 1024, 'blocks are not cut');
});

t.test('a path that becomes longer or shorter is found out', async (t) => {
  const line = new SimulatedLine({ rate: 100 * MBIT, baseMs: 5 });
  line.add();
  line.run(5000);
  line.baseMs = 40;
  line.run(35_000);
  const longer = line.run(45_000);
  t.ok(longer.total > 0.9, `${longer.total} of the line`);
  line.baseMs = 5;
  line.run(70_000);
  const shorter = line.run(80_000);
  t.ok(shorter.total > 0.95 && shorter.medianMs < 14, `${shorter.total}, ${shorter.medianMs} ms`);
});

t.test(
  'on a long path frames are spread: no burst, no swinging, and a queue as short as on a short one',
  async (t) => {
    const line = new SimulatedLine({ rate: 100 * MBIT, baseMs: 40, jitterMs: 2, random: seeded(5) });
    line.add();
    line.run(4000);
    const { total, p95Ms } = line.run(60_000);
    t.ok(total > 0.98, `${total} of the line`);
    t.ok(p95Ms < 12, `${p95Ms} ms of queue at the 95th percentile`);
  },
);

t.test('a long line is full soon, whichever frames are late', async (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const line = new SimulatedLine({ rate: 20 * MBIT, baseMs: 80, jitterMs: 5, random: seeded(seed) });
    line.add();
    const { total } = line.run(3000);
    t.ok(total > 0.6, `${total} of the line in the first three seconds`);
  }
});

t.test('of two senders on one line none starves, whoever was first', async (t) => {
  for (const [name, rate, baseMs] of LINES.slice(0, 3)) {
    const line = new SimulatedLine({ rate, baseMs });
    line.add();
    line.run(10_000);
    line.add(10_000);
    line.run(25_000);
    const { shares, total, medianMs } = line.run(75_000);
    t.ok(Math.min(...shares) > 0.14, `${name}: ${shares.map((share) => share.toFixed(2))}`);
    t.ok(total > 0.94 && medianMs < 20, `${name}: together ${total}, ${medianMs} ms of queue`);
  }
});

t.test('whatever is measured, something may be under way, and not too much', async () => {
  const steps = fc.array(
    fc.record({ frames: fc.nat(20), ms: fc.double({ min: 0, max: 5000, noNaN: true }), part: fc.nat(100) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const window = new BulkWindow();
      let now = 0;
      for (const { frames, ms, part } of all) {
        for (let i = 0; i < frames && window.hasRoom; i++) window.sent(window.frameBytes, now);
        window.limited();
        if (window.inFlightBytes > LIMITS.bulkInFlightBytes) return false;
        now += ms;
        const more = Math.ceil((window.inFlightBytes * part) / 100);
        if (more > 0) window.acknowledged(window.acknowledgedBytes + more, now);
        const { windowBytes, frameBytes } = window;
        if (!(frameBytes >= 4096 && frameBytes <= 256 * 1024 && windowBytes >= frameBytes)) return false;
      }
      if (window.inFlightBytes > 0) window.acknowledged(window.sentBytes, now + 1);
      return window.hasRoom; // nothing is under way: it never comes to a stand
    }),
    { numRuns: 300 },
  );
});

t.test('turns are shared by weight among those who have something to send', async (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ weight: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 256 }) }),
        {
          minLength: 2,
          maxLength: 8,
        },
      ),
      (lanes) => {
        const turns = new FairTurns<{ weight: number; bytes: number }>();
        const got = new Map(lanes.map((lane) => [lane, 0]));
        for (const lane of lanes) turns.add(lane);
        for (let i = 0; i < 5000; i++) {
          const lane = turns.next() as (typeof lanes)[0];
          turns.served(lane, lane.bytes);
          got.set(lane, (got.get(lane) ?? 0) + lane.bytes);
        }
        const level = lanes.map((lane) => (got.get(lane) ?? 0) / lane.weight);
        return Math.max(...level) - Math.min(...level) <= 2 * 256;
      },
    ),
  );
  const [one, two] = [{ weight: 1 }, { weight: 1 }];
  const turns = new FairTurns<{ weight: number }>();
  turns.add(one);
  for (let i = 0; i < 100; i++) turns.served(one, 1000);
  turns.add(two);
  let gotTwo = 0;
  for (let i = 0; i < 100; i++) {
    const next = turns.next() as typeof one;
    turns.served(next, 1000);
    if (next === two) gotTwo++;
  }
  t.ok(gotTwo >= 49 && gotTwo <= 52, `who comes later gets half from then on, not all: ${gotTwo}`);
  turns.remove(one);
  turns.remove(two);
  t.equal(turns.next(), null);
});
