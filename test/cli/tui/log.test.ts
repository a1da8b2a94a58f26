import t from 'tap';
import { aloneLines } from '../../../cli/tui/alone.js';
import { KEPT_ENTRIES } from '../../../cli/tui/entries.js';
import { layout } from '../../../cli/tui/layout.js';
import { reduceEvents, withPeers } from '../../../cli/tui/reduce-event.js';
import type { ApiEvent, Peer } from '../../../src/daemon/api.js';
import type { Message } from '../../../src/daemon/chat-api.js';
import {
  comes,
  event,
  key,
  me,
  message,
  NOW,
  person,
  press,
  room,
  says,
  shown,
  start,
} from '../../support/room-on-screen.js';

t.test('the log keeps its place while it is read, and counts what came', async (t) => {
  let state = reduceEvents(
    start(),
    Array.from({ length: 100 }, (_, i) => says(`number ${i}.`)),
  );
  t.match(shown(state), /number 99\./);
  state = press(state, key('page-up'), key('page-up')).state;
  const before = layout(state, NOW).log;
  state = reduceEvents(state, [says('later'), comes('z')]);
  t.same(layout(state, NOW).log, before);
  t.match(shown(state), /1 new message below, End goes to the newest/);
  const resized = { ...state, columns: 40, rows: 12 };
  t.equal(layout(resized, NOW).log.length + layout(resized, NOW).foot.length + 2, 12);
  const top = press(state, ...Array.from({ length: 20 }, () => key('page-up')));
  t.match(shown(top.state), /number 0\./);
  t.same(top.effects.at(-1), { type: 'older' }, 'at the top older ones are asked for');
  t.match(shown(press(top.state, key('end')).state), /later/);
  for (let i = 0; i < 20; i++)
    state = reduceEvents(
      state,
      Array.from({ length: 1_000 }, () => says('flood')),
    );
  t.ok(state.entries.length <= 2 * KEPT_ENTRIES, `${state.entries.length} entries are kept`);
});

t.test('people come and go in one line, and two of one name are told apart', async (t) => {
  let state = reduceEvents(
    start(120, 40),
    ['a', 'b', 'c'].map((id) => comes(id)),
  );
  t.match(shown(state), /→ Name a, Name b and Name c joined/);
  state = reduceEvents(state, [comes('d')]);
  t.match(shown(state), /→ 4 people joined/);
  state = reduceEvents(state, [comes('e', 'Blue Heron'), says('hello', person('e', 'Blue Heron'))]);
  t.match(shown(state), /Blue H…#e00000 hello/, 'the tag is not cut off');
  const peer = { ...person('a'), path: 'lan', rttMs: 0.42, verified: true, instances: [] } as unknown as Peer;
  state = withPeers(state, [peer]);
  t.match(shown(state), /HERE 2[\s\S]*● Name a +✓ LAN 0\.4 ms/);
  state = reduceEvents(state, [event({ type: 'peer-left', ...room, peer: person('a'), reason: 'lost' })]);
  t.match(shown(state), /AWAY[\s\S]*○ Name a +\d\d:\d\d/);
});

t.test('the head tells who is here, who is in a call, and that one has left', async (t) => {
  const a = person('a');
  let state = start(120, 40);
  t.match(shown(state), /open {3}nobody else here yet; looking for others/);
  t.match(aloneLines(state), [/Others come in with: npx chatter join lab$/, /npx chatter doctor/]);
  t.match(aloneLines({ ...state, room: "Ann's" })[0], /join 'Ann'\\''s'$/, 'as a shell takes it');
  t.match(aloneLines({ ...state, kind: 'private' })[0], /\/invite/);
  t.same(aloneLines(reduceEvents(state, [comes('a')])), []);
  state = reduceEvents(state, [comes('a')]);
  t.match(shown({ ...state, callers: 2 }), /open {3}2 here {3}call: 2 people {2}\/call/);
  const call = { ...room, call: 'c' };
  state = reduceEvents(state, [
    event({ type: 'call-started', ...call, by: a, direct: null }),
    event({ type: 'call-ringing', ...call, from: a, direct: true }),
  ]);
  t.match(shown(state), /☎ Name a started a call; \/call tells who is in it\n[^\n]+☎ Name a calls you: /);
  state = reduceEvents(state, [event({ type: 'peer-left', ...room, peer: a, reason: 'left' })]);
  t.match(shown(state), /open {3}nobody else here now; looking for others/);
  t.match(shown(reduceEvents(state, [comes('a')])), /→ Name a is back/);
  t.match(shown(reduceEvents(state, [comes('a'), comes('b')])), /→ Name a is back\n[^\n]+→ Name b joined/);
  state = reduceEvents({ ...state, callers: 1 }, [event({ type: 'left', ...room })]);
  t.match(shown(state), /open {3}you have left this room[\s\S]*│ You have left\./);
  t.notMatch(shown(state), /HERE|call: /);
});

t.test('the log keeps the order of the room, and shows what becomes of each message', async (t) => {
  const [first, second, late] = ['first', 'second', 'late'].map((text) => message(text)) as [
    Message,
    Message,
    Message,
  ];
  let state = reduceEvents(start(), [
    event({ type: 'message', ...first }),
    event({ type: 'message', ...second }),
    event({ type: 'message', ...late, clock: second.clock - 0.5 }),
  ]);
  t.match(shown(state), /first\n[^\n]+late\n[^\n]+second/, 'what came late stands where it belongs');
  state = reduceEvents(state, [
    event({ type: 'message-edited', ...first, text: 'better', edited: first.sent }),
    event({
      type: 'reaction',
      ...room,
      id: second.id,
      by: person('a'),
      emoji: '👍',
      on: true,
      reactions: [{ emoji: '👍', people: [person('a'), person('b')], mine: false }],
    }),
    event({ type: 'message-deleted', ...room, id: late.id, by: person('a'), clock: late.clock }),
  ]);
  t.match(shown(state), /better +\(edited\)\n[^\n]+\(deleted\)\n[^\n]+second\n +👍 2/);
  t.notMatch(shown(state), /late/);
});

t.test('who has an own message is told as it is', async (t) => {
  const own = message('mine', { author: me });
  let state = reduceEvents(start(), [event({ type: 'message', ...own })]);
  t.match(shown(state), /mine +only here so far/);
  const receipt = (id: string, delivered: number, read = 0): ApiEvent =>
    event({ type: 'receipt', ...room, peer: person(id), delivered, read });
  state = reduceEvents(state, [receipt('a', own.clock - 1)]);
  t.match(shown(state), /only here so far/, 'a receipt for what was before says nothing');
  state = reduceEvents(state, [receipt('a', own.clock)]);
  t.match(shown(state), /with 1 of 2/);
  state = reduceEvents(state, [
    event({ type: 'message-delivered', ...room, id: own.id, to: person('b'), count: 2, of: 2 }),
  ]);
  t.match(shown(state), /with all 2/);
  state = reduceEvents(state, [receipt('a', own.clock, own.clock)]);
  t.match(shown(state), /read by 1 of 2/);
  state = reduceEvents(state, [receipt('b', own.clock, own.clock)]);
  t.match(shown(state), /read by all/);
  const direct = message('secret', { author: me, to: person('b'), of: 1 });
  state = reduceEvents(state, [event({ type: 'message', ...direct }), receipt('a', direct.clock)]);
  t.match(shown(state), /» ?\d\d:\d\d Blue Heron +┆ to Name b alone\n +secret +kept until they come/);
  const lobby = reduceEvents({ ...start(), room: 'lobby' }, [event({ type: 'message', ...own })]);
  t.match(shown(lobby), /mine +nobody has it/);
});
