import t from 'tap';
import { type DialOutcome, dialRace, type Race } from '../../src/discovery/dial-race.js';
import { LIMITS } from '../../src/limits.js';
import { ManualClock } from '../support/manual-clock.js';

/** A race between places, each of which does what a test says when it says so. */
function raceTo(...places: string[]) {
  const clock = new ManualClock();
  const runs = new Map<string, { race: Race; end: (outcome: DialOutcome) => void }>();
  const outcome = dialRace(
    places,
    (place, race) => new Promise((end) => void runs.set(place, { race, end })),
    clock,
  );
  const begun = () => [...runs.keys()].join('');
  const run = (place: string) => runs.get(place) as { race: Race; end: (outcome: DialOutcome) => void };
  return { clock, outcome, begun, run };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

t.test(
  '[D3] each place has a head start of a quarter of a second, and whoever it is that opens wins',
  async (t) => {
    const { clock, outcome, begun, run } = raceTo('a', 'b', 'c');
    t.equal(begun(), 'a');
    clock.advance(LIMITS.dialHeadStartMs - 1);
    await tick();
    t.equal(begun(), 'a');
    clock.advance(1);
    await tick();
    t.equal(begun(), 'ab');
    t.ok(run('b').race.win());
    t.equal(await outcome, 'opened', 'in that tick, though the others are not over');
    t.ok(run('a').race.lost.aborted);
    t.notOk(run('b').race.lost.aborted);
    t.notOk(run('a').race.win(), 'too late');
    clock.advance(10_000);
    await tick();
    t.equal(begun(), 'ab', 'nobody else is dialled');
  },
);

t.test(
  '[D3] a place that fails gives way at once; who answers and is somebody else is no winner',
  async (t) => {
    const { clock, outcome, begun, run } = raceTo('a', 'b');
    run('a').end('failed');
    await tick();
    t.equal(begun(), 'ab');
    t.equal(clock.pending, 0);
    run('b').end('failed');
    t.equal(await outcome, 'failed');
  },
);

t.test('a place that is this very node is told only where there is no other', async (t) => {
  const alone = raceTo('a');
  alone.run('a').end('self');
  t.equal(await alone.outcome, 'self');
  const two = raceTo('a', 'b');
  two.run('a').end('self');
  await tick();
  two.run('b').end('failed');
  t.equal(await two.outcome, 'failed');
});
