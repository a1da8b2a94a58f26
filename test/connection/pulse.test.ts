import t from 'tap';
import { Pulse } from '../../src/connection/pulse.js';
import { LIMITS } from '../../src/limits.js';
import { ManualClock } from '../support/manual-clock.js';

/** The pulse of a stream on which bytes come when a test says so; each ping is answered where `answers`. */
function pulseOf({ answers }: { answers: boolean }) {
  const clock = new ManualClock();
  const stream = { bytes: 100, pings: 0, answers, told: [] as (boolean | 'dead')[] };
  const pulse = new Pulse({
    clock,
    bytesRead: () => stream.bytes,
    ping: () => {
      stream.pings++;
      if (stream.answers) clock.after(LIMITS.lookMs / 2, () => (stream.bytes += 20));
    },
    onDoubt: (doubted) => stream.told.push(doubted),
    onDead: () => stream.told.push('dead'),
  });
  return { clock, stream, pulse };
}

t.test('[K1] a stream that answers its pings is never in doubt, however often it is asked', async (t) => {
  const { clock, stream, pulse } = pulseOf({ answers: true });
  const answers: boolean[] = [];
  for (let i = 0; i < 60; i++) {
    clock.advance(1_000);
    if (i % 7 === 0) pulse.probe();
    if (i % 5 === 0) pulse.ask((alive) => answers.push(alive));
  }
  clock.advance(LIMITS.probeMs);
  t.same(stream.told, []);
  t.same(answers, Array(12).fill(true));
  t.ok(stream.pings >= 60_000 / LIMITS.keepAliveMs);
});

t.test('[K1] silence is doubt after six seconds, and the next byte ends it; it ends no stream', async (t) => {
  const { clock, stream, pulse } = pulseOf({ answers: false });
  clock.advance(LIMITS.doubtAfterMs - LIMITS.lookMs);
  t.notOk(pulse.doubted);
  clock.advance(LIMITS.lookMs);
  t.ok(pulse.doubted);
  clock.advance(60_000);
  t.same(stream.told, [true]);
  stream.bytes++;
  t.notOk(pulse.doubted, 'at once');
  clock.advance(LIMITS.lookMs);
  t.same(stream.told, [true, false]);
  clock.advance(LIMITS.doubtAfterMs);
  t.same(stream.told, [true, false, true]);
});

t.test(
  '[K1] when the network changed, who says nothing is in doubt at once and dead after three seconds',
  async (t) => {
    const { clock, stream, pulse } = pulseOf({ answers: false });
    pulse.probe();
    t.equal(stream.pings, 1);
    clock.advance(LIMITS.lookMs);
    t.same(stream.told, [true]);
    clock.advance(LIMITS.probeMs - LIMITS.lookMs - 1);
    t.same(stream.told, [true]);
    clock.advance(1);
    t.same(stream.told, [true, 'dead']);
  },
);

t.test('[K1] who answers late is not dropped', async (t) => {
  const { clock, stream, pulse } = pulseOf({ answers: false });
  pulse.probe();
  clock.advance(LIMITS.probeMs - 1);
  stream.bytes++;
  clock.advance(10_000 - LIMITS.lookMs);
  t.notOk(stream.told.includes('dead'));
});

t.test(
  'looks that a busy machine took late count once: its deafness is not the other end’s silence',
  async (t) => {
    const { clock, stream, pulse } = pulseOf({ answers: false });
    pulse.probe();
    const every = LIMITS.probeMs / LIMITS.lookMs;
    clock.now = () => 1e9; // whatever the clock says
    for (let i = 1; i < every; i++) clock.advance(LIMITS.lookMs);
    t.notOk(stream.told.includes('dead'), `${every - 1} looks`);
  },
);

t.test(
  'a question is answered once: by a sign of life, by silence, or by the end of the stream',
  async (t) => {
    const { clock, stream, pulse } = pulseOf({ answers: false });
    const answers: (boolean | string)[] = [];
    pulse.ask((alive) => answers.push(alive));
    pulse.ask((alive) => answers.push(alive));
    t.equal(stream.pings, 1, 'one ping for both');
    stream.bytes++;
    clock.advance(LIMITS.lookMs);
    t.same(answers.splice(0), [true, true]);
    pulse.ask((alive) => answers.push(alive));
    clock.advance(LIMITS.lookMs);
    t.same(answers.splice(0), [false]);
    pulse.ask((alive) => answers.push(alive));
    t.same(answers.splice(0), [false], 'who is in doubt is not asked again');
    clock.advance(60_000);
    t.notOk(stream.told.includes('dead'), 'a question ends nothing');
    stream.bytes++;
    pulse.ask((alive) => answers.push(alive));
    pulse.close();
    clock.advance(60_000);
    t.same(answers, [false]);
    t.equal(clock.pending, 0);
  },
);
