import t from 'tap';
import { requestLines } from '../../../cli/direct-requests.js';
import { type Begun, begun, wordsFor } from '../../../cli/tui/complete.js';
import { withRequests } from '../../../cli/tui/message-entry.js';
import { reduceEvents } from '../../../cli/tui/reduce-event.js';
import { withNewest, withOlder } from '../../../cli/tui/reduce-history.js';
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

const NO_SHARES = { own: async () => [], at: async () => [] };

t.test('history comes above what happened, page by page, and a line stands above what is new', async (t) => {
  const messages = Array.from({ length: 300 }, (_, i) =>
    message(`number ${i}.`, {
      clock: i,
      sent: new Date(NOW - 1e6 + i * 1000).toISOString(),
      ...(i >= 295 ? { unread: true } : {}),
    }),
  );
  let state = reduceEvents(start(), [comes('a'), event({ type: 'message', ...(messages[299] as Message) })]);
  state = withNewest(state, { messages: messages.slice(200), more: true });
  t.match(
    shown(state),
    /number 294\.\n ── New ──\n[^\n]+number 295\.[\s\S]+number 299\.\n[^\n]+→ Name a joined/,
  );
  t.equal(state.entries.length, 101, 'nothing twice');
  const top = press(state, key('home', true));
  t.same(top.effects.at(-1), { type: 'older' });
  state = withOlder(top.state, { messages: messages.slice(0, 200), more: false });
  t.match(shown(state), /number 200\./, 'what was read stays where it was');
  state = press(state, key('home', true)).state;
  t.match(shown(state), /number 0\./);
  t.equal(state.older, 'none');
  state = press(reduceEvents(state, [says('meanwhile')]), key('end')).state;
  t.match(shown(state), /meanwhile/);
  const away = press(state, key('focus-out')).state;
  t.equal(away.unreadFrom, null, 'what was there when one looked away is read');
  const back = press(reduceEvents(away, [says('while away'), says('and more')]), key('focus-in')).state;
  t.match(shown(back), /meanwhile\n ── New ──\n[^\n]+while away\n[^\n]+and more/);
  t.equal(press(back, 'answer', key('enter')).state.unreadFrom, null, 'whoever answers has read it');
});

t.test('a direct message of somebody who is not verified waits, told once', async (t) => {
  const request = (text: string) =>
    event({ type: 'message', ...message(text, { author: person('e', 'Eve'), to: me, request: true }) });
  const state = reduceEvents(reduceEvents(start(), [request('spam 1')]), [request('spam 2')]);
  t.match(
    shown(state),
    /Eve, who is not verified, wants to write to you alone\.\n +\/allow #e00000 shows it {3}\/refuse #e00000 hides it\n/,
  );
  t.notMatch(shown(state), /spam/);
  t.equal(state.entries.length, 1);
  const both = reduceEvents(start(), [request('spam 1'), request('spam 2')]);
  t.equal(both.entries.length, 1, 'nor twice where both come at once');
  const many = ['e', 'f', 'g', 'h', 'i'].map((id) => person(id, `Eve ${id}`));
  const told = withRequests(start(), many, NOW);
  t.match(
    shown(told).replace(/\n +/g, ' '),
    /5 people, who are not verified, want to write to you alone: Eve e#e00000, Eve f#f00000, Eve g#g00000 and 2 more\./,
    'whoever asked before this window was opened is told of with it, on one line',
  );
  t.equal(withRequests(told, many, NOW), told);
  t.same(
    await wordsFor(told, begun('/allow eve h', 12) as Begun, NO_SHARES),
    ['Eve h'],
    'their names are completed',
  );
  t.match(requestLines(many.slice(0, 2), ({ name }) => name)[0], /: Eve e#e00000 and Eve f#f00000\.$/);
  const writing = reduceEvents(start(), [
    event({ type: 'typing', ...room, peer: person('e', 'Eve'), on: true }),
  ]);
  t.match(shown(writing), /── Eve is writing ─/);
  t.notMatch(shown(reduceEvents(writing, [says('done', person('e', 'Eve'))])), /is writing/);
});

t.test('offers and calls of before stand in the history; those of now are told as they happen', async (t) => {
  const file = { transfer: '3f09ac12'.padEnd(32, '0'), name: 'a\u001b[2Jb.zip', bytes: 12_000_000, files: 3 };
  const offer = (sent: number) => message('', { kind: 'file', file, sent: new Date(sent).toISOString() });
  const call = { call: 'c', what: 'ended', seconds: 130 } as const;
  const messages = [
    offer(NOW - 2),
    message('', { kind: 'call', call, sent: new Date(NOW - 1).toISOString() }),
    offer(NOW + 1),
  ];
  const state = withNewest(start(), { messages, more: false });
  t.match(
    shown(state),
    /offers a\\x1b\[2Jb\.zip \(3 files, 12\.0 MB\) {2}\/accept 3f09ac12\n[^\n]+the call has ended, after 3 min/,
  );
  t.equal(state.entries.length, 2);
  const own = withNewest(start(), { messages: [{ ...offer(NOW - 2), self: true, author: me }], more: false });
  t.match(shown(own), /offers a\\x1b\[2Jb\.zip/);
  t.notMatch(shown(own), /\/accept/, 'nobody takes what is their own');
});
