import t from 'tap';
import type { ApiEvent, EventBody } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import { layoutTimeline } from '../../src/web/chat/layout-timeline.js';
import { EMPTY_WINDOW } from '../../src/web/chat/message-window.js';
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

const comes = (id: string): EventBody => ({ type: 'peer-joined', ...room, peer: person(id), path: 'lan' });
const goes = (id: string): EventBody => ({ type: 'peer-left', ...room, peer: person(id), reason: 'left' });

const NOTHING_NEW = { unread: 0, mentions: 0, requests: 0 };

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

t.test('the node says what is unread; what is offered while nobody looks counts beside it', async (t) => {
  const unread: EventBody = { type: 'unread', ...room, unread: 3, mentions: 1, requests: 2 };
  const offer = { type: 'file-offered', ...room, transfer: 't1', mine: false } as EventBody;
  const shown = { ...EMPTY, shown: 'r1' };
  t.match(after([unread, offer]).rooms.get('r1'), { unread: 3, mentions: 1, requests: 2, offers: 1 });
  t.equal(after([offer], shown).rooms.get('r1')?.offers, 0);
  t.equal(after([offer], shown, false).rooms.get('r1')?.offers, 1, 'the window is hidden');
});

t.test('somebody who is marked, here or at a terminal, is shown so wherever they are shown', async (t) => {
  const other = { ...comes('a'), room: 'bench', roomId: 'r2' } as EventBody;
  const known = { ...person('a'), names: [], firstSeen: '', lastSeen: '', here: true };
  const mark = (verified: boolean, muted: boolean): EventBody => ({
    type: 'peer-marked',
    peer: { ...known, verified, muted, blocked: false },
  });
  const state = after([comes('a'), other, goes('a'), comes('b'), mark(true, true)]);
  t.match(state.rooms.get('r1')?.gone.get('a')?.person, { verified: true, muted: true });
  t.match(state.rooms.get('r2')?.here.get('a'), { verified: true, muted: true });
  t.equal(state.rooms.get('r1')?.here.get('b')?.verified, undefined, 'and nobody else');
  t.notOk(
    after([mark(false, false)], state)
      .rooms.get('r2')
      ?.here.get('a')?.muted,
  );
});

t.test('lines do not grow without end', async (t) => {
  const state = after(Array.from({ length: 1_200 }, (_, i) => (i % 2 ? goes(`p${i}`) : comes(`p${i}`))));
  t.equal(state.rooms.get('r1')?.entries.length, 500);
});

t.test('an unknown event changes nothing; a snapshot says who is here and keeps what was said', async (t) => {
  const state = after([comes('a')]);
  t.equal(
    reduceEvent(state, { ...room, type: 'telepathy', epoch: 'e', seq: 9, time: '' } as never, true),
    state,
  );
  const standing = { ...room, self: person('me'), members: [person('z')], ...NOTHING_NEW };
  const next = reduceSnapshot(state, { rooms: [{ ...standing, notices: [] }] }, 0);
  t.same([...(next.rooms.get('r1')?.here.keys() ?? [])], ['z']);
  t.equal(next.rooms.get('r1')?.entries.length, 1);
  t.equal(next.rooms.get('r1')?.talk.window.stale, true, 'what was said meanwhile is to be read');
  t.same(
    [...(reduceSnapshot(next, { rooms: [] }, 0).rooms.get('r1')?.here.keys() ?? [])],
    [],
    'a room that was left',
  );
  const damaged = { rooms: [{ ...standing, notices: ['The disk has damaged it.'] }] };
  const twice = reduceSnapshot(reduceSnapshot(next, damaged, 5), damaged, 6);
  t.match(
    twice.rooms.get('r1')?.entries.slice(1),
    [{ type: 'notice', text: 'The disk has damaged it.', at: 5 }],
    'what stands is shown once',
  );
  t.equal(twice.rooms.get('r1')?.entries.length, 2);
});

const minute = 60_000;
const noon = new Date(2026, 0, 5, 12).getTime();
const said = (
  id: string,
  author: string,
  at: number,
  clock = Number(id),
  more: Partial<Message> = {},
): Message => ({
  ...room,
  id,
  clock,
  sent: new Date(at).toISOString(),
  author: person(author),
  text: id,
  self: false,
  kind: 'text',
  mentionsMe: false,
  reactions: [],
  deliveredTo: [],
  readBy: [],
  of: 0,
  ...more,
});
const notice = (id: string, at: number, after: Message | null): Entry => ({
  type: 'notice',
  id,
  at,
  after: after && { clock: after.clock, id: after.id },
  text: id,
});
const windowOf = (messages: Message[], olderLeft = false, newerLeft = false) => ({
  ...EMPTY_WINDOW,
  messages,
  olderLeft,
  newerLeft,
  stale: false,
});
const words = (rows: ReturnType<typeof layoutTimeline>) =>
  rows.map((row) => (row.type === 'message' ? `${row.id}${row.grouped ? ' grouped' : ''}` : row.type));

t.test('rows: a line for each day, groups by author, time and what they are', async (t) => {
  const messages = [
    said('1', 'a', noon),
    said('2', 'a', noon + minute),
    said('3', 'b', noon + 2 * minute),
    said('4', 'b', noon + 8 * minute),
    said('5', 'b', noon + 8 * minute),
    said('6', 'b', noon + 8 * minute, 6, { replyTo: '1' }),
    said('7', 'b', noon + 8 * minute, 7, { to: person('me') }),
    said('8', 'b', noon + 24 * 60 * minute),
  ];
  t.same(words(layoutTimeline(windowOf(messages), [], null, new Map())), [
    'day',
    '1',
    '2 grouped',
    '3',
    '4',
    '5 grouped',
    '6',
    '7',
    'day',
    '8',
  ]);
});

t.test('rows: what happened stands after what was said before it, whatever clocks say', async (t) => {
  const [one, two, three] = [said('1', 'a', noon), said('2', 'a', noon), said('3', 'a', noon)];
  const entries = [notice('n', noon + 9 * minute, one), notice('o', noon + minute, null)];
  const layout = (window: ReturnType<typeof windowOf>) =>
    words(layoutTimeline(window, entries, null, new Map()));
  t.same(layout(windowOf([one, two, three])), ['day', '1', 'line', '2', '3 grouped', 'line']);
  t.same(
    layout(windowOf([two, three], true)),
    ['day', '2', '3 grouped', 'line'],
    'it belongs to an older page',
  );
  t.same(layout(windowOf([one, two], false, true)), ['day', '1', 'line', '2'], 'or to a newer one');
});

t.test('rows: the line where what is unread begins', async (t) => {
  const messages = [said('1', 'a', noon), said('2', 'a', noon), said('3', 'a', noon)];
  t.same(words(layoutTimeline(windowOf(messages), [], messages[1] ?? null, new Map())), [
    'day',
    '1',
    'unread',
    '2',
    '3 grouped',
  ]);
});

t.test(
  'rows: an offer is one card where it is known, and words where nobody who has it is here',
  async (t) => {
    const file = { transfer: 't1', name: 'a.zip', bytes: 1, files: 1 };
    const offer = said('2', 'a', noon, 2, { kind: 'file', text: 'offered a.zip', file });
    const line: Entry = { type: 'file', id: 't1', at: noon, after: { clock: 1, id: '1' }, transfer: 't1' };
    const messages = [said('1', 'a', noon), offer, said('3', 'a', noon)];
    const layout = (known: ReadonlyMap<string, unknown>) =>
      words(layoutTimeline(windowOf(messages), [line], null, known));
    t.same(layout(new Map([['t1', {}]])), ['day', '1', 'file', '3']);
    t.same(layout(new Map()), ['day', '1', '2', '3']);
  },
);
