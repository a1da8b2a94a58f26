import t from 'tap';
import type { ApiEvent, EventBody } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import { complete } from '../../src/web/chat/composer/complete.js';
import { readLine } from '../../src/web/chat/composer/slash-commands.js';
import { deliveryWords } from '../../src/web/chat/delivery.js';
import { findEmoji, isEmoji } from '../../src/web/chat/emoji/find-emoji.js';
import { findMentions } from '../../src/web/chat/find-mentions.js';
import {
  addLive,
  addNewer,
  addOlder,
  EMPTY_WINDOW,
  listen,
  type MessageWindow,
  openWindow,
  WINDOW_MESSAGES,
} from '../../src/web/chat/message-window.js';
import { markedPieces } from '../../src/web/chat/search/marked-pieces.js';
import {
  beginVisit,
  EMPTY_TALK,
  extendUnread,
  markRead,
  reduceTalk,
  type Talk,
} from '../../src/web/chat/talk.js';

const room = { room: 'lab', roomId: 'r1' };
const person = (id: string, name = `Name ${id}`) => ({ id, name, tag: id.padEnd(6, '0') });
const said = (clock: number, more: Partial<Message> = {}): Message => ({
  ...room,
  id: String(clock).padStart(8, '0'),
  clock,
  sent: new Date(1_700_000_000_000 + clock * 1_000).toISOString(),
  author: person('a'),
  text: `message ${clock}`,
  self: false,
  kind: 'text',
  mentionsMe: false,
  reactions: [],
  deliveredTo: [],
  readBy: [],
  of: 0,
  ...more,
});
const several = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => said(from + i));
const clocks = ({ messages }: MessageWindow) => messages.map(({ clock }) => clock);
const ends = (window: MessageWindow) => [clocks(window)[0], clocks(window).at(-1), window.messages.length];
const opened = (page: Message[], older = false, newer = false) =>
  openWindow(EMPTY_WINDOW, page, { older, newer });

t.test('a window grows at one end and falls off at the other, and knows that', async (t) => {
  let window = opened(several(900, 1_000), true);
  for (let from = 800; from >= 400; from -= 100) window = addOlder(window, several(from, from + 100), true);
  t.same(ends(window), [400, 799, WINDOW_MESSAGES]);
  t.match(window, { olderLeft: true, newerLeft: true });
  window = addNewer(listen(window), several(800, 900), true);
  t.same(ends(window), [500, 899, WINDOW_MESSAGES]);
  window = addNewer(listen(window), several(900, 1_000), false);
  t.match(window, { olderLeft: true, newerLeft: false });
  t.same(ends(window), [600, 999, WINDOW_MESSAGES]);
});

t.test('what is said while the end is being read is not lost, nor shown twice', async (t) => {
  let window = listen(opened(several(0, 10), false, true));
  for (const message of several(12, 16)) window = addLive(window, message, false);
  t.same(ends(window), [0, 9, 10], 'there is a gap before it');
  window = addNewer(window, several(10, 14), false);
  t.same(clocks(window), [...Array(16).keys()]);
});

t.test('where too much was said meanwhile it is read on', async (t) => {
  let window = listen(opened(several(0, 10), false, true));
  for (const message of several(20, 2_000)) window = addLive(window, message, false);
  t.equal(window.heard, null, 'it is not kept without bounds');
  window = addNewer(window, several(10, 20), false);
  t.match(window, { newerLeft: true, heard: [] });
});

t.test(
  'a late message stands where it belongs; one from before the window is left to its page',
  async (t) => {
    let window = opened([said(10), said(20), said(30)], true);
    window = addLive(window, said(25), true);
    window = addLive(window, said(25), true);
    window = addLive(window, said(5), true);
    t.same(clocks(window), [10, 20, 25, 30]);
    t.same(clocks(addLive(opened([said(10)]), said(5), true)), [5, 10], 'nothing older is left');
  },
);

t.test('a flood costs a reader at the end little, and moves nothing for who reads above', async (t) => {
  let [following, reading] = [opened(several(0, 60)), opened(several(0, 60))];
  for (const message of several(60, 1_500)) {
    following = addLive(following, message, true);
    reading = addLive(reading, message, false);
  }
  t.same(ends(following), [1_300, 1_499, 200]);
  t.same(ends(reading), [0, WINDOW_MESSAGES - 1, WINDOW_MESSAGES]);
  t.equal(reading.newerLeft, true);
});

/** The talk after these events, on a window that reaches the end. */
function after(events: readonly EventBody[], talk: Talk = { ...EMPTY_TALK, window: opened([]) }): Talk {
  return events.reduce(
    (before, event, i) => reduceTalk(before, { ...event, epoch: 'e', seq: i + 1, time: '' } as ApiEvent),
    talk,
  );
}
const comes = (message: Message): EventBody => ({ type: 'message', ...message });
const own = said(1, { self: true, author: person('me'), of: 3 });

t.test('who has an own message and who read it is counted once, and no further than is known', async (t) => {
  const receipt = (id: string, delivered: number, read: number): EventBody => ({
    type: 'receipt',
    ...room,
    peer: person(id),
    delivered,
    read,
  });
  const message = (talk: Talk) => talk.window.messages[0] as Message;
  const delivered: EventBody = {
    type: 'message-delivered',
    ...room,
    id: own.id,
    to: person('a'),
    count: 1,
    of: 4,
  };
  let talk = after([comes(own)]);
  t.equal(deliveryWords(message(talk), false), 'On this device, on its way');
  talk = after([delivered, receipt('a', 1, 0), receipt('b', 5, 0)], talk);
  t.equal(deliveryWords(message(talk), false), 'With 2 of 4');
  t.equal(after([receipt('a', 1, 0)], talk), talk, 'nothing new');
  talk = after([receipt('b', 5, 1)], talk);
  t.equal(deliveryWords(message(talk), false), 'Read by 1 of 4');
  t.equal(deliveryWords({ ...own, of: 0 }, false), 'On this device');
  t.match(deliveryWords(own, true), /may have it or not/);
});

t.test('edits, deletes and reactions change the message that they are about', async (t) => {
  const edited = { ...said(1), text: 'better', edited: '2026-01-01T00:00:00.000Z' };
  const reactions = [{ emoji: '👍', people: [person('b')], mine: false }];
  let talk = after([comes(said(1)), { type: 'message-edited', ...edited }]);
  t.match(talk.window.messages, [{ text: 'better', unread: true }]);
  talk = after(
    [{ type: 'reaction', ...room, id: edited.id, by: person('b'), emoji: '👍', on: true, reactions }],
    talk,
  );
  t.match(talk.window.messages, [{ reactions }]);
  talk = after([{ type: 'message-deleted', ...room, id: edited.id, by: person('a'), clock: 1 }], talk);
  t.match(talk.window.messages, [{ text: '', deleted: true, reactions: [] }]);
  t.equal(
    after([{ type: 'message-deleted', ...room, id: 'unknown', by: person('a'), clock: 1 }], talk),
    talk,
  );
});

t.test('the line stands where the unread begins for one visit; who answers has read', async (t) => {
  let talk = after([comes(said(1)), comes(said(2))]);
  t.equal(talk.unreadFrom, null, 'one looks at it while it comes');
  talk = beginVisit(talk, 2);
  t.equal(talk.unreadFrom?.clock, 1);
  talk = markRead(talk, said(1), new Set([said(1).id, said(2).id]));
  t.same(
    talk.window.messages.map(({ unread }) => unread === true),
    [false, true],
  );
  t.equal(talk.unreadFrom?.clock, 1, 'it stays while one is there');
  t.equal(beginVisit(talk, 1).unreadFrom?.clock, 2);
  t.equal(after([comes({ ...own, clock: 9, id: '9' })], talk).unreadFrom, null);
});

t.test('many unread messages are read from the first one on', async (t) => {
  const few = beginVisit(after(several(1, 5).map(comes)), 4);
  t.match(few, { following: true, target: null });
  const many = beginVisit(after(several(1, 50).map(comes)), 49);
  t.match(many, { following: false, target: { id: said(1).id }, below: 49 });
});

t.test(
  'where more is unread than is held, it is read anew, and the line moves up with older pages',
  async (t) => {
    const talk = after(several(1, 500).map(comes));
    t.equal(beginVisit(talk, 499).window.stale, true);
    const page = several(200, 600).map((message): Message => ({ ...message, unread: true }));
    const held = beginVisit({ ...EMPTY_TALK, window: opened(page, true) }, 700);
    t.match(held, { unreadFrom: { clock: 200 }, below: 700, window: { stale: false } });
    const older = several(100, 200).map(
      (message): Message => (message.clock < 150 ? message : { ...message, unread: true }),
    );
    t.equal(extendUnread(held, older).unreadFrom?.clock, 150);
    t.equal(extendUnread(held, several(100, 200)), held, 'they are read');
  },
);

t.test('a first direct message of a stranger waits in a place of its own', async (t) => {
  const talk = after([comes(said(1, { request: true, to: person('me') }))]);
  t.equal(talk.window.messages.length, 0);
});

t.test('who writes is shown until they stop, or have said it', async (t) => {
  const typing = (id: string, on: boolean): EventBody => ({ type: 'typing', ...room, peer: person(id), on });
  const talk = after([typing('a', true), typing('b', true), typing('b', false)]);
  t.same([...talk.typing.keys()], ['a']);
  t.same([...after([comes(said(1))], talk).typing.keys()], []);
});

t.test('mentions are whole names, the longest that fits, and oneself is told apart', async (t) => {
  const names = { others: ['blue', 'blue heron', '#aaaaaa'], self: ['ann'] };
  const pieces = (text: string) =>
    findMentions(text, names)
      .filter(({ mentions }) => mentions !== 'nobody')
      .map(({ text: piece, mentions }) => `${piece} ${mentions}`);
  t.same(pieces('@Blue Heron, @blue and @ANN: see @annabel, @#aaaaaa'), [
    '@Blue Heron somebody',
    '@blue somebody',
    '@ANN me',
    '@#aaaaaa somebody',
  ]);
  t.equal(
    findMentions('İ @ann', names)
      .map(({ text }) => text)
      .join(''),
    'İ @ann',
  );
});

t.test(
  'completion: people by any word of their name, commands, emoji; a tag where names are the same',
  async (t) => {
    const people = [person('1', 'Blue Heron'), person('2', 'Green Otter'), person('3', 'Green Otter')];
    const texts = (text: string) =>
      complete(text, text.length, people)?.completions.map(({ text: each }) => each);
    t.same(texts('hi @her'), ['@Blue Heron ']);
    t.same(texts('@otter'), ['@#200000 ', '@#300000 ']);
    t.equal(texts('mail a@blue'), undefined, 'an address');
    t.same(texts('/d'), ['/dm ']);
    t.equal(texts('see /d'), undefined);
    t.same(texts('nice :rocket'), ['🚀 ']);
    t.match(complete('a @blu b', 6, people), { from: 2, to: 6 });
  },
);

t.test('lines that begin with a stroke', async (t) => {
  const people = [person('1', 'Blue Heron'), person('2', 'Blue')];
  t.match(readLine('/me waves', people), { type: 'say', text: 'waves', me: true });
  t.match(readLine('//path', people), { type: 'say', text: '/path', me: false });
  t.match(readLine('/dm @Blue Heron see\nyou', people), { person: { id: '1' }, text: 'see\nyou' });
  t.match(readLine('/dm blue hi', people), { person: { id: '2' }, text: 'hi' });
  for (const line of ['/me', '/dm', '/dm Nobody hi', '/dm Blue Heron', '/name', '/launch'])
    t.equal(readLine(line, people).type, 'wrong', line);
  t.equal(readLine('/dm Blue hi', [...people, person('3', 'Blue')]).type, 'wrong', 'which of the two?');
});

t.test('emoji are found by name, and any other one can be typed', async (t) => {
  t.equal(findEmoji('thumbs up', 3)[0]?.[0], '👍');
  t.equal(findEmoji('🫠', 3)[0]?.[0], '🫠');
  t.same(['👍🏽', '🏳️‍🌈', '🇪🇺', 'a', '👍👍', ''].map(isEmoji), [true, true, true, false, false, false]);
});

t.test('marks of a search that make no sense are left out', async (t) => {
  const pieces = markedPieces({
    text: 'a boot table',
    marks: [
      [2, 6],
      [4, 8],
      [7, 99],
      [7, 12],
    ],
  });
  t.same(pieces.map(({ text, isMarked }) => (isMarked ? `[${text}]` : text)).join(''), 'a [boot] [table]');
});
