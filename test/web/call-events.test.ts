import t from 'tap';
import type { ApiEvent } from '../../src/daemon/api.js';
import type { CallSettings } from '../../src/web/call/call-settings.js';
import { type CallView, noCall } from '../../src/web/call/call-view.js';
import { reduceCallEvent } from '../../src/web/call/reduce-call-event.js';

const ANN = { id: 'ann', name: 'Ann', tag: 'aaaaaa' };
const BOB = { id: 'bob', name: 'Bob', tag: 'bbbbbb' };
const PLACE = { room: 'lab', roomId: 'r1', call: 'c1' };

const happened = (view: CallView, ...events: object[]): CallView =>
  events.reduce<CallView>(
    (before, event) => reduceCallEvent(before, { ...PLACE, ...event } as unknown as ApiEvent),
    view,
  );
const nothing = noCall({} as CallSettings, null);
const rings = { type: 'call-ringing', from: ANN, direct: true };
const ended = (reason: string, from = ANN) => ({ type: 'call-ring-ended', from, direct: true, reason });

t.test(
  'a call that nobody answered is shown as missed; one that was answered or declined is not',
  async (t) => {
    t.same(happened(nothing, rings).rings, [{ ...PLACE, from: ANN, direct: true }]);
    const missed = happened(nothing, rings, ended('missed'));
    t.same([missed.rings, missed.missed], [[], [{ ...PLACE, from: ANN, direct: true }]]);
    for (const reason of ['answered', 'declined']) {
      const { rings: left, missed: none } = happened(nothing, rings, ended(reason));
      t.same([left, none], [[], []], reason);
    }
  },
);

t.test('who was busy, or whose page was not there, is told of it too, once for each who rang', async (t) => {
  t.same(
    happened(nothing, ended('missed')).missed,
    [{ ...PLACE, from: ANN, direct: true }],
    'it never rang here',
  );
  const { missed } = happened(
    nothing,
    { ...rings, old: true },
    { ...ended('missed'), old: true },
    ended('missed'),
    ended('missed', BOB),
  );
  t.same(
    missed.map(({ from }) => from.id),
    ['ann', 'bob'],
  );
});

t.test('a call that is over rings no more', async (t) => {
  const info = { ...PLACE, direct: null, started: '', joined: false, members: [] };
  const view = happened(nothing, { type: 'call-changed', info }, rings, { type: 'call-ended' });
  t.same([view.calls.size, view.rings], [0, []]);
});
