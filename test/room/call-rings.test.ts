import t from 'tap';
import type { PeerId } from '../../src/identity/peer-id.js';
import { LIMITS } from '../../src/limits.js';
import { CallRings } from '../../src/room/call-rings.js';
import { ManualClock } from '../support/manual-clock.js';

const [ANN, BOB] = ['ann', 'bob'] as unknown as [PeerId, PeerId];
const CALL = 'c'.repeat(32);

/** The rings of one person; `said` is what others would hear of it, `told` what that person does. */
function rings(clock: ManualClock) {
  const said: string[] = [];
  const told: string[] = [];
  const all = new CallRings({
    clock,
    ring: (to, _call, _direct, ring) => void said.push(`${to} ${ring}`),
    answer: (to, _call, answer) => void said.push(`${to} ${answer}`),
    on: {
      ringing: ({ from }) => void told.push(`${from} rings`),
      ended: ({ from }, end) => void told.push(`${from} ${end}`),
      outcome: (to, _call, outcome) => void told.push(`${to} ${outcome}`),
    },
  });
  return { all, said, told };
}

t.test(
  '[V3] a ring that nobody answers is missed at both ends after 30 s, whatever the other says',
  async (t) => {
    const clock = new ManualClock();
    const ann = rings(clock);
    const bob = rings(clock);
    ann.all.start(BOB, CALL, true);
    bob.all.heard({ from: ANN, call: CALL, direct: true }, 'on', false);
    clock.advance(LIMITS.ringMs - 1);
    t.same([ann.told, bob.told], [[], ['ann rings']], 'it rings on');
    clock.advance(1);
    t.same(ann.told, ['bob missed']);
    t.same(bob.told, ['ann rings', 'ann missed']);
    t.equal(clock.pending, 0);
    bob.all.heard({ from: ANN, call: CALL, direct: true }, 'off', false);
    t.equal(bob.told.length, 2, 'it is missed once');
  },
);

t.test(
  'who rings and gives up, is lost, or finds somebody busy was missed; who was answered was not',
  async (t) => {
    const clock = new ManualClock();
    const bob = rings(clock);
    const ring = { from: ANN, call: CALL, direct: true };
    bob.all.heard(ring, 'on', false);
    bob.all.heard(ring, 'off', false);
    bob.all.heard(ring, 'on', false);
    bob.all.end(ANN, 'missed'); // Ann is gone
    bob.all.heard(ring, 'on', true);
    t.same(bob.told, ['ann rings', 'ann missed', 'ann rings', 'ann missed', 'ann missed']);
    t.same(bob.said, ['ann ringing', 'ann ringing', 'ann busy']);
    bob.told.length = 0;
    bob.all.heard(ring, 'on', false);
    bob.all.heard(ring, 'answered', false); // at another machine of Bob's
    t.same(bob.told, ['ann rings', 'ann answered']);
    t.equal(clock.pending, 0);
  },
);
