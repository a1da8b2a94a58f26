import t from 'tap';
import { BitBudget } from '../../src/web/call/encode/bit-budget.js';
import { CaptureClock } from '../../src/web/call/encode/capture-clock.js';
import {
  dividedSize,
  divisionFor,
  isRateWorthChange,
  isSkipped,
} from '../../src/web/call/encode/encode-policy.js';
import { chooseCodec } from '../../src/web/call/encode/encoder-codec.js';
import { SampleTimes } from '../../src/web/call/encode/sample-times.js';
import { JitterBuffer } from '../../src/web/call/playback/jitter-buffer.js';
import { AudioClock } from '../../src/web/call/playback/lip-sync.js';
import { Speaking } from '../../src/web/call/speaking.js';
import { fittedScale, zoomed } from '../../src/web/call/stage/screen-scale.js';
import { gridShape, isSmallEnough } from '../../src/web/call/stage/tile-grid.js';

const PER_MS = 48;
const FRAME_MS = 20;
const QUANTUM = 128;

/** Plays `seconds` of a steady tone whose frames arrive when `delayMs` says; gives what was heard. */
function play(seconds: number, delayMs: (frame: number) => number | null) {
  const buffer = new JitterBuffer(48_000, 1);
  const heard: number[] = [];
  const out = new Float32Array(QUANTUM);
  const arrivals: { frame: number; at: number }[] = [];
  for (let frame = 0; frame * FRAME_MS < seconds * 1000; frame++) {
    const delay = delayMs(frame);
    if (delay !== null) arrivals.push({ frame, at: (frame + 1) * FRAME_MS + delay });
  }
  arrivals.sort((a, b) => a.at - b.at || a.frame - b.frame);
  let next = 0;
  let last = -1;
  for (let now = 0; now < seconds * 1000; now += QUANTUM / PER_MS) {
    for (let arrival = arrivals[next]; arrival && arrival.at <= now; arrival = arrivals[++next]) {
      if (arrival.frame <= last) continue;
      const tone = Float32Array.from({ length: FRAME_MS * PER_MS }, (_, i) =>
        Math.sin(((arrival?.frame ?? 0) * FRAME_MS * PER_MS + i) / 12),
      );
      const missing = last < 0 ? 0 : arrival.frame - last - 1;
      buffer.push([tone], arrival.frame * FRAME_MS * 1000, missing * FRAME_MS * 1000);
      last = arrival.frame;
    }
    buffer.pull([out]);
    heard.push(...out);
  }
  return { stats: buffer.stats, heard, playingUs: buffer.playingUs, endMs: seconds * 1000 };
}

t.test('sound that comes evenly is heard whole, soon, and its clock is right', async (t) => {
  const { stats, playingUs, endMs } = play(20, () => 5);
  t.equal(stats.emptied, 0);
  t.equal(stats.concealedMs, 0);
  const delayMs = endMs - (playingUs as number) / 1000;
  t.ok(delayMs > 20 && delayMs < 75, `${Math.round(delayMs)} ms from the microphone's end of a frame`);
});

t.test('sound that comes unevenly gets more room, and gives it back', async (t) => {
  const rough = play(20, (frame) => (frame % 9 === 0 ? 70 : 2));
  t.ok(rough.stats.emptied < 12, `${rough.stats.emptied} times empty in 20 s`);
  const calm = play(90, (frame) => (frame < 300 && frame % 9 === 0 ? 70 : 2));
  t.ok(calm.stats.spareMs < rough.stats.spareMs, 'less is kept when it is calm again');
  t.ok(calm.stats.depthMs < 70, `${Math.round(calm.stats.depthMs)} ms are held at the end`);
});

t.test('frames that never come are bridged without a click, and do not shift what follows', async (t) => {
  const { stats, heard } = play(10, (frame) => (frame % 25 === 24 ? null : 3));
  t.ok(stats.concealedMs > 250, `${Math.round(stats.concealedMs)} ms made up`);
  const steps = heard.map((sample, i) => Math.abs(sample - (heard[i - 1] ?? 0)));
  const loud = steps.filter((step) => step > 1.2).length;
  t.ok(loud < 30, `${loud} steps of more than the tone's own`);
});

t.test('a burst after a pause is not kept as delay', async (t) => {
  const { stats } = play(30, (frame) => (frame >= 200 && frame < 300 ? (300 - frame) * FRAME_MS : 3));
  t.ok(stats.depthMs < 200, `${Math.round(stats.depthMs)} ms`);
});

t.test('sound is the clock of the picture: ahead is held, late is shown', async (t) => {
  const clock = new AudioClock();
  t.equal(clock.holdMs(1_000_000, 100), 0, 'no sound, no waiting');
  clock.tell(1_000_000, 100, 20);
  t.equal(clock.aheadMs(1_000_000, 120), 0, 'what is heard then');
  t.equal(clock.holdMs(1_050_000, 120), 0, 'nobody notices 50 ms');
  t.equal(clock.holdMs(1_100_000, 120), 20, '100 ms ahead waits until it is 80');
  t.equal(clock.holdMs(9_000_000, 120), 120, 'never longer than a moment');
  t.equal(clock.holdMs(500_000, 120), 0, 'late pictures at once');
  t.equal(clock.holdMs(1_100_000, 2_000), 0, 'a clock that stopped counts for nothing');
});

t.test('pictures are left out before the encoder, and only then', async (t) => {
  const moment = {
    queued: 0,
    bufferedBytes: 0,
    congested: false,
    keyWanted: false,
    sinceLastUs: 33_333,
    everyUs: 33_333,
  };
  t.notOk(isSkipped(moment));
  t.ok(isSkipped({ ...moment, queued: 2 }), 'the encoder is busy');
  t.ok(isSkipped({ ...moment, bufferedBytes: 1_000_000 }), 'the socket is full');
  t.ok(isSkipped({ ...moment, congested: true }), 'the way is full');
  t.notOk(isSkipped({ ...moment, congested: true, keyWanted: true }), 'somebody waits for it');
  t.ok(isSkipped({ ...moment, queued: 2, keyWanted: true }), 'a busy encoder even then');
  t.ok(isSkipped({ ...moment, sinceLastUs: 16_667 }), '60 a second for an encoder of 30');
  t.ok(isRateWorthChange(1_000_000, 850_000, 500));
  t.notOk(isRateWorthChange(1_000_000, 950_000, 500), 'too little');
  t.notOk(isRateWorthChange(1_000_000, 100_000, 100), 'too soon');
  t.equal(divisionFor(2e6, 2e6, 1), 1);
  t.equal(divisionFor(5e5, 2e6, 1), 2);
  t.equal(divisionFor(8e5, 2e6, 2), 2, 'does not swing back at once');
  t.equal(divisionFor(1.5e6, 2e6, 2), 1);
  t.same(dividedSize({ width: 1366, height: 767 }, 2), { width: 684, height: 384 }, 'even');
});

t.test(
  'an encoder that makes more than it was asked for pauses, and one that does not never does',
  async (t) => {
    const run = (bytesAPicture: number) => {
      const budget = new BitBudget();
      let pictures = 0;
      for (let nowMs = 0; nowMs < 20_000; nowMs += 33) {
        if (budget.isSpent(1_000_000, nowMs)) continue;
        budget.made(pictures++ === 0 ? 40_000 : bytesAPicture); // the first is a key frame
      }
      return { pictures, bps: (pictures * bytesAPicture * 8) / 20 };
    };
    t.equal(run(4_100).pictures, 607, 'every one at 1 Mb/s');
    const noisy = run(60_000);
    t.ok(noisy.bps < 1_100_000 && noisy.bps > 900_000, `${noisy.bps} b/s`);
  },
);

t.test('tracks of any origin come to one clock', async (t) => {
  const clock = new CaptureClock();
  t.equal(clock.captured(7_000, 1_000_000), 1_000_000);
  t.equal(clock.captured(40_000, 1_050_000), 1_033_000, 'what was delayed is not taken to be later');
  t.equal(clock.captured(73_000, 1_066_000), 1_066_000);
  t.ok(clock.captured(106_000, 1_110_000) <= 1_110_000, 'never in the future');
});

t.test('a microphone that lost a part of itself is on time again two seconds later', async (t) => {
  const clock = new CaptureClock();
  const lostUs = 300_000;
  let captured = 0;
  let now = 0;
  for (let block = 0; block < 400; block++) {
    now = block * 10_000 + (block < 200 ? 0 : lostUs);
    captured = clock.captured(block * 10_000, now + (block % 3) * 1_000);
  }
  t.ok(now - captured < 10_000, `${(now - captured) / 1000} ms behind`);
});

t.test('a frame of sound has the time of its first sample, though some were lost before it', async (t) => {
  const times = new SampleTimes();
  for (let block = 0; block < 100; block++) times.add(10_000, 5_000_000 + block * 10_000);
  t.equal(times.capturedAt(985_000), 5_985_000);
  t.equal(times.add(10_000, 6_400_000), 1_000_000, 'places go on without a gap');
  t.equal(times.capturedAt(1_000_000), 6_400_000);
  t.equal(times.capturedAt(1_005_000), 6_405_000);
  t.equal(times.capturedAt(985_000), 5_985_000, 'what was held back is of before');
});

t.test('the codec is the first of the order that everybody reads', async (t) => {
  const all = ['opus', 'vp8', 'vp9', 'h264', 'av1'] as const;
  t.equal(chooseCodec('camera', all, [all]), 'h264');
  t.equal(chooseCodec('screen', all, [all]), 'av1');
  t.equal(chooseCodec('camera', all, [all, ['opus', 'vp8', 'vp9']]), 'vp9');
  t.equal(chooseCodec('camera', all, [all], 'av1'), 'av1', 'the wish of the person');
  t.equal(chooseCodec('camera', all, [['opus', 'vp8']], 'av1'), 'vp8', 'as far as others read it');
  t.equal(chooseCodec('microphone', all, [all], 'av1'), 'opus');
  t.equal(chooseCodec('camera', ['opus'], [all]), null);
});

t.test('tiles are as large as can be, and small ones take the small picture', async (t) => {
  t.match(gridShape(4, 1000, 700), { columns: 2, rows: 2 });
  t.match(gridShape(2, 1600, 600), { columns: 2, rows: 1 });
  t.match(gridShape(2, 400, 900), { columns: 1, rows: 2 });
  t.match(gridShape(0, 0, 0), { columns: 1, rows: 1 });
  t.ok(isSmallEnough(184, 2));
  t.notOk(isSmallEnough(640, 1));
});

t.test('a screen that is fitted is zoomed from what it is seen at', async (t) => {
  const fitted = fittedScale({ width: 1920, height: 1080 }, { width: 960, height: 800 }, 1);
  t.equal(fitted, 0.5);
  t.equal(
    fittedScale({ width: 1920, height: 1080 }, { width: 960, height: 800 }, 2),
    1,
    'in pixels of the display',
  );
  t.equal(
    fittedScale({ width: 0, height: 0 }, { width: 960, height: 800 }, 1),
    1,
    'before a picture has come',
  );
  t.equal(zoomed({ scale: null, fitted }, 'in'), 0.625);
  t.equal(zoomed({ scale: null, fitted }, 'out'), 0.4);
  t.equal(zoomed({ scale: 4, fitted }, 'in'), 4);
  t.equal(zoomed({ scale: 0.25, fitted }, 'out'), 0.25);
});

t.test('who speaks is marked through the gaps between words', async (t) => {
  const speaking = new Speaking();
  const at = (level: number, ms: number) => [...speaking.update(new Map([['a', level]]), ms)];
  t.same(at(0.01, 0), []);
  t.same(at(0.2, 100), ['a']);
  const same = speaking.update(new Map([['a', 0.2]]), 150);
  t.equal(speaking.update(new Map([['a', 0.2]]), 200), same, 'the same set while nothing changes');
  t.same(at(0, 600), ['a']);
  t.same(at(0, 900), []);
  speaking.update(new Map([['a', 0.2]]), 1_000);
  t.same([...speaking.update(new Map(), 1_050)], [], 'who is gone does not speak');
});
