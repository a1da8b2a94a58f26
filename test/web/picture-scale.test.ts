import t from 'tap';
import { BitMeter } from '../../src/web/call/encode/bit-meter.js';
import { PictureScale } from '../../src/web/call/encode/picture-scale.js';

const FULL_BPS = 4_700_000;
const EVERY_MS = 500;

interface Course {
  seconds: number;
  /** What the encoder may make at a moment. */
  bitrateBps: (ms: number) => number;
  /** What the picture takes at most, at a division. */
  needsBps: (division: number) => number;
  congested?: boolean;
}

/** The divisions of a sender, one each half second. */
function course({ seconds, bitrateBps, needsBps, congested = false }: Course): number[] {
  const scale = new PictureScale();
  const divisions: number[] = [];
  let usedBps = 0;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += EVERY_MS) {
    const bitrate = bitrateBps(nowMs);
    const division = scale.decide({ nowMs, bitrateBps: bitrate, fullBps: FULL_BPS, usedBps, congested });
    usedBps = Math.min(bitrate, needsBps(division));
    divisions.push(division);
  }
  return divisions;
}

t.test('the rate says how large a picture is', async (t) => {
  const needsBps = () => FULL_BPS;
  t.equal(course({ seconds: 5, bitrateBps: () => 1e6, needsBps }).at(-1), 2);
  t.equal(course({ seconds: 5, bitrateBps: () => 0.3e6, needsBps }).at(-1), 4);
  const grown = course({ seconds: 6, bitrateBps: (ms) => (ms < 3_000 ? 1e6 : 3e6), needsBps });
  t.same([grown[5], grown.at(-1)], [2, 1]);
});

t.test('a face that is easy to code is sent whole, though its rate was never measured', async (t) => {
  const easy = course({ seconds: 20, bitrateBps: () => 1e6, needsBps: (division) => 0.7e6 / division });
  t.equal(easy[0], 2);
  t.ok(
    easy.slice(4).every((division) => division === 1),
    easy.join(' '),
  );
  const tiny = course({ seconds: 20, bitrateBps: () => 0.3e6, needsBps: () => 0.1e6 });
  t.equal(tiny.at(-1), 1, 'step by step from the smallest');
});

t.test('a trial that the rate does not bear is over soon, and rare', async (t) => {
  // Easy while small, and too much for the rate when whole.
  const swings = course({
    seconds: 300,
    bitrateBps: () => 1e6,
    needsBps: (division) => 2.4e6 / division ** 2,
  });
  const whole = swings.filter((division) => division === 1).length * EVERY_MS;
  const trials = swings.filter((division, i) => division === 1 && swings[i - 1] === 2).length;
  t.ok(trials >= 2 && trials <= 5, `${trials} trials in five minutes`);
  t.ok(whole <= trials * 4_000, `${whole} ms of them`);
});

t.test('a full way is no easy picture', async (t) => {
  const held = course({ seconds: 60, bitrateBps: () => 1e6, needsBps: () => 0.2e6, congested: true });
  t.ok(held.every((division) => division === 2));
});

t.test('what was made in the last second is known after one', async (t) => {
  const meter = new BitMeter();
  t.equal(meter.bps(0), 0);
  for (let ms = 0; ms <= 3_000; ms += 100) meter.add(1_250, ms);
  t.ok(Math.abs(meter.bps(3_000) - 110_000) < 12_000, `${meter.bps(3_000)}`);
  t.equal(meter.bps(10_000), 0, 'nothing was made since');
});
