import t from 'tap';
import type { ApiEvent, EventBody } from '../../src/daemon/api.js';
import { layoutTimeline } from '../../src/web/room/layout-timeline.js';
import { EMPTY, type Entry, type State } from '../../src/web/state/model.js';
import { reduceEvent, reduceSnapshot } from '../../src/web/state/reduce-event.js';

const room = { room: 'lab', roomId: 'r1' };
const person = (id: string) => ({ id, name: `Name ${id}`, tag: id.padEnd(6, '0') });

/** The state after these events, a second apart. */
function after(events: readonly EventBody[], state: State = EMPTY, looking = true): State {
  return events.reduce((before, event, i) => {
    const time = new Date(1_700_000_000_000 + i * 1_000).toISOString();
    return reduceEvent(before, { ...event, epoch: 'e', seq: i + 1, time } as ApiEvent, looking);
  }, state);
}

const message = (id: string, author: string, self = false): EventBody => ({
  type: 'message',
  ...room,
  id,
  author: person(author),
  text: id,
  self,
  kind: 'text',
  clock: 1,
  sent: '2026-01-01T00:00:00.000Z',
  mentionsMe: false,
  reactions: [],
  deliveredTo: [],
  readBy: [],
  of: 0,
});
const comes = (id: string): EventBody => ({ type: 'peer-joined', ...room, peer: person(id), path: 'lan' });
const goes = (id: string): EventBody => ({ type: 'peer-left', ...room, peer: person(id), reason: 'left' });

t.test('people who come one after the other are one line, and who is here is known', async (t) => {
  const state = after([comes('a'), comes('b'), goes('a'), comes('c')]).rooms.get('r1');
  t.same([...(state?.here.keys() ?? [])], ['b', 'c']);
  t.same([...(state?.gone.keys() ?? [])], ['a']);
  t.same(
    state?.entries.map((entry) =>
      'people' in entry ? [entry.type, entry.people.map(({ id }) => id)] : null,
    ),
    [
      ['joined', ['a', 'b']],
      ['left', ['a']],
      ['joined', ['c']],
    ],
  );
});

t.test('a message is there once; who has it is counted once; doubt is told', async (t) => {
  const have = (to: string): EventBody => ({
    type: 'message-delivered',
    ...room,
    id: 'm1',
    to: person(to),
    count: 1,
    of: 3,
  });
  const state = after([
    message('m1', 'me', true),
    message('m1', 'me', true),
    have('a'),
    have('a'),
    have('b'),
    { type: 'message-undelivered', ...room, ids: ['m1'], to: person('c') },
  ]);
  t.match(state.rooms.get('r1')?.entries, [{ id: 'm1', have: ['a', 'b'], doubt: true }]);
  t.equal(state.rooms.get('r1')?.entries.length, 1);
});

t.test('unread counts what others say while nobody looks at the room', async (t) => {
  const shown = { ...EMPTY, shown: 'r1' };
  const said = [message('m1', 'a'), message('m2', 'me', true), message('m3', 'a')];
  t.equal(after(said).rooms.get('r1')?.unread, 2);
  t.equal(after(said, shown).rooms.get('r1')?.unread, 0);
  t.equal(after(said, shown, false).rooms.get('r1')?.unread, 2, 'the window is hidden');
});

t.test('an unknown event changes nothing; a snapshot says who is here and keeps what was said', async (t) => {
  const state = after([comes('a'), message('m1', 'a')]);
  t.equal(
    reduceEvent(state, { ...room, type: 'telepathy', epoch: 'e', seq: 9, time: '' } as never, true),
    state,
  );
  const next = reduceSnapshot(state, { rooms: [{ ...room, self: person('me'), members: [person('z')] }] });
  t.same([...(next.rooms.get('r1')?.here.keys() ?? [])], ['z']);
  t.equal(next.rooms.get('r1')?.entries.length, 2);
  t.same(
    [...(reduceSnapshot(next, { rooms: [] }).rooms.get('r1')?.here.keys() ?? [])],
    [],
    'a room that was left',
  );
});

t.test('rows: a line for each day, groups by author and time', async (t) => {
  const minute = 60_000;
  const start = new Date(2026, 0, 5, 12).getTime();
  const said = (id: string, author: string, at: number): Entry => ({
    type: 'message',
    id,
    at,
    author: person(author),
    text: id,
    self: false,
    have: [],
    doubt: false,
  });
  const rows = layoutTimeline([
    said('1', 'a', start),
    said('2', 'a', start + minute),
    said('3', 'b', start + 2 * minute),
    said('4', 'b', start + 8 * minute),
    { type: 'notice', id: 'n', at: start + 8 * minute, text: 'n' },
    said('5', 'b', start + 8 * minute),
    said('6', 'b', start + 24 * 60 * minute),
  ]);
  t.same(
    rows.map((row) => (row.type === 'message' ? `${row.id}${row.grouped ? ' grouped' : ''}` : row.type)),
    ['day', '1', '2 grouped', '3', '4', 'line', '5', 'day', '6'],
  );
});
