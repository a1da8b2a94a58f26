import fc from 'fast-check';
import t from 'tap';
import { requestLines } from '../../cli/direct-requests.js';
import { personAndText } from '../../cli/history-slash.js';
import { aboutMessage } from '../../cli/message-commands.js';
import { slashHelp } from '../../cli/slash-verbs.js';
import { cells, chop, cut, fit, wrap } from '../../cli/tui/cells.js';
import { type Begun, begun, withWords, wordsFor } from '../../cli/tui/complete.js';
import { EMPTY_EDITOR, edit } from '../../cli/tui/editor.js';
import { KEPT_ENTRIES } from '../../cli/tui/entries.js';
import { type Key, KeyDecoder } from '../../cli/tui/keys.js';
import { type Frame, layout } from '../../cli/tui/layout.js';
import { withRequests } from '../../cli/tui/message-entry.js';
import { reduceEvents, withPeers } from '../../cli/tui/reduce-event.js';
import { withNewest, withOlder } from '../../cli/tui/reduce-history.js';
import { type Effect, reduceKey } from '../../cli/tui/reduce-key.js';
import { placed } from '../../cli/tui/screen.js';
import { emptyState, type State } from '../../cli/tui/state.js';
import { withTarget } from '../../cli/tui/target.js';
import type { ApiEvent, EventBody, Peer } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';

const NOW = Date.UTC(2026, 4, 1, 10);
const room = { room: 'lab', roomId: 'r1' };
const person = (id: string, name = `Name ${id}`) => ({ id, name, tag: id.padEnd(6, '0') });
const me = person('me', 'Blue Heron');
const start = (columns = 80, rows = 24): State =>
  emptyState({ ...room, kind: 'open', self: me }, { columns, rows }, NOW);
let seq = 0;
const event = (body: EventBody): ApiEvent =>
  ({ ...body, epoch: 'e', seq: ++seq, time: new Date(NOW).toISOString() }) as ApiEvent;
const message = (text: string, more: Partial<Message> = {}): Message => {
  const { author = person('a') } = more;
  const self = author.id === 'me';
  return {
    id: (++seq).toString(16).padStart(8, '0').split('').reverse().join('').padEnd(64, '0'),
    ...room,
    kind: 'text',
    author,
    self,
    text,
    clock: seq,
    sent: new Date(NOW).toISOString(),
    mentionsMe: false,
    reactions: [],
    deliveredTo: [],
    readBy: [],
    of: self ? 2 : 0,
    ...more,
  };
};
const says = (text: string, author = person('a')): ApiEvent =>
  event({ type: 'message', ...message(text, { author }) });
const key = (name: string, ctrl = false, alt = false): Key => ({ type: 'key', name, ctrl, alt });

/** Types keys one after the other; what is to be done is gathered. */
function press(state: State, ...keys: (string | Key)[]): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const each of keys) {
    const reduced = reduceKey(state, typeof each === 'string' ? { type: 'text', text: each } : each, NOW);
    state = reduced.state;
    if (reduced.effect) effects.push(reduced.effect);
  }
  return { state, effects };
}

const rowsOf = ({ head, log, people, foot }: Frame) => [...head, ...log, ...people, ...foot];
const textOf = (frame: Frame) =>
  rowsOf(frame)
    .map((row) => row.map(({ text }) => text).join(''))
    .join('\n');

t.test('text is measured, cut and wrapped by the cells that it takes', async (t) => {
  t.same(['abc', '你好', '👨‍👩‍👧', '👍🏽', 'é', 'مرحبا'].map(cells), [3, 4, 2, 2, 1, 5]);
  t.equal(cut('你好吗', 5), '你好…');
  t.equal(cells(fit('你好吗', 4)), 4);
  t.same(wrap('one two three', 7), ['one two', 'three']);
  t.same(wrap('你好吗', 5), ['你好', '吗']);
  t.same(wrap('    code', 20), ['    code'], 'what stands at the beginning stays');
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.integer({ min: 4, max: 30 }),
      (text, width) => {
        const bare = text.replace(/\s/g, '');
        for (const rows of [wrap(text, width), chop(text, width)]) {
          if (rows.some((row) => cells(row) > width)) return false;
          if (rows.join('').replace(/\s/g, '') !== bare) return false;
        }
        return cells(fit(text, width)) === width;
      },
    ),
    { seed: 4, numRuns: 500 },
  );
});

t.test('keys are told apart however their bytes are cut, and a paste is one', async (t) => {
  const bytes =
    'hé\x1b[A\x1b[1;5D\x1bOH\x1bb\x03\r\x1b[200~a\rb\x1b[31m\x03\x1b[201~\x1b[5~你\t\x7f\x1b\r\x1b[?62;4c';
  const whole = new KeyDecoder().push(bytes);
  t.same(
    whole.map((each) => (each.type === 'key' ? [each.name, each.ctrl, each.alt] : [each.type, each.text])),
    [
      ['text', 'hé'],
      ['up', false, false],
      ['left', true, false],
      ['home', false, false],
      ['b', false, true],
      ['c', true, false],
      ['enter', false, false],
      ['paste', 'a\rb\x1b[31m\x03'],
      ['page-up', false, false],
      ['text', '你'],
      ['tab', false, false],
      ['backspace', false, false],
      ['enter', false, true],
    ],
  );
  t.same(
    new KeyDecoder()
      .push('ahead\ntoo\n\x1b[200~two\nlines\n\x1b[201~')
      .map((each) => (each.type === 'key' ? each.name : [each.type, each.text])),
    [['text', 'ahead'], 'enter', ['text', 'too'], 'enter', ['paste', 'two\nlines\n']],
    'a line feed is Enter, unless it was pasted',
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (sizes) => {
      const decoder = new KeyDecoder();
      const keys: Key[] = [];
      for (let i = 0, n = 0; i < bytes.length; n++) {
        const size = sizes[n % sizes.length] as number;
        keys.push(...decoder.push(bytes.slice(i, i + size)));
        i += size;
      }
      const merged = (all: Key[]) => JSON.stringify(all).replaceAll('"},{"type":"text","text":"', '');
      return merged(keys) === merged(whole);
    }),
    { seed: 4, numRuns: 200 },
  );
  const decoder = new KeyDecoder();
  t.same(decoder.push('\x1b'), []);
  t.ok(decoder.waits);
  t.match(decoder.flush(), [{ name: 'escape' }], 'Escape alone is a key after a moment');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (noise) => {
      const noisy = new KeyDecoder();
      const texts = [...noisy.push(noise), ...noisy.flush()].filter(({ type }) => type === 'text');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not come out as text
      return !texts.some((each) => 'text' in each && /[\x00-\x1f\x7f-\x9f]/.test(each.text));
    }),
    { seed: 4 },
  );
});

t.test('a line is edited by characters, words and lines, and what was said is there again', async (t) => {
  const type = (...keys: (string | Key)[]) => press(start(), ...keys).state.editor;
  t.equal(type('one two', key('w', true), '2').text, 'one 2');
  t.equal(type('ab👨‍👩‍👧', key('backspace'), key('left'), 'x').text, 'axb');
  t.equal(type('abc', key('home'), key('delete'), key('end'), 'd').text, 'bcd');
  t.equal(type('abc', key('a', true), key('k', true)).text, '');
  t.equal(type('one', key('enter', false, true), 'two', key('up'), 'X').text, 'oneX\ntwo');
  const { state, effects } = press(
    start(),
    'first',
    key('enter'),
    'second',
    key('enter'),
    'dra',
    key('up'),
    key('up'),
  );
  t.same(
    effects.filter(({ type }) => type === 'submit'),
    [
      { type: 'submit', text: 'first', target: null },
      { type: 'submit', text: 'second', target: null },
    ],
  );
  t.equal(state.editor.text, 'first');
  t.equal(press(state, key('down'), key('down')).state.editor.text, 'dra', 'what was begun is not lost');
  t.equal(edit(EMPTY_EDITOR, key('escape')), null);
});

t.test('many lines are said as one message after their size was shown; too many are not', async (t) => {
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\r');
  const pasted = press(start(), { type: 'paste', text: lines });
  t.match(pasted.state.hint, { text: /^200 lines, 1\.7 kB, as one message\?/ });
  const asked = press(pasted.state, key('enter'));
  t.same(asked.effects, [], 'the first Enter asks');
  t.same(press(asked.state, key('enter')).effects, [
    { type: 'submit', text: lines.replaceAll('\r', '\n'), target: null },
  ]);
  t.equal(press(asked.state, key('c', true)).state.editor.text, '', 'Ctrl-C drops it');
  t.equal(press(asked.state, key('escape')).state.asked, null);
  const much = press(start(), { type: 'paste', text: 'x'.repeat(9_000) }, key('enter'), key('enter'));
  t.same(much.effects, []);
  t.match(much.state.hint, { text: /a message holds 8\.2 kB/, tone: 'failed' });
  t.equal(press(start(), { type: 'paste', text: 'x'.repeat(900_000) }).state.editor.text, '');
  t.ok(layout(pasted.state, NOW).foot.length <= 6, 'the input stays small');
});

t.test('Ctrl-C twice closes, and a key between them does not', async (t) => {
  const { state, effects } = press(start(), 'abc', key('c', true), key('c', true));
  t.same(effects.at(-1), { type: 'close' });
  t.equal(state.editor.text, '');
  t.notMatch(press(start(), key('c', true), 'x', key('c', true)).effects, [{ type: 'close' }]);
  t.same(press(start(), key('d', true)).effects, [{ type: 'close' }]);
});

t.test('the log keeps its place while it is read, and counts what came', async (t) => {
  let state = reduceEvents(
    start(),
    Array.from({ length: 100 }, (_, i) => says(`number ${i}.`)),
  );
  t.match(textOf(layout(state, NOW)), /number 99\./);
  state = press(state, key('page-up'), key('page-up')).state;
  const before = layout(state, NOW).log;
  state = reduceEvents(state, [
    says('later'),
    event({ type: 'peer-joined', ...room, peer: person('z'), path: 'lan' }),
  ]);
  t.same(layout(state, NOW).log, before);
  t.match(textOf(layout(state, NOW)), /1 new message below, End goes to the newest/);
  const resized = { ...state, columns: 40, rows: 12 };
  t.equal(layout(resized, NOW).log.length + layout(resized, NOW).foot.length + 2, 12);
  const top = press(state, ...Array.from({ length: 20 }, () => key('page-up')));
  t.match(textOf(layout(top.state, NOW)), /number 0\./);
  t.same(top.effects.at(-1), { type: 'older' }, 'at the top older ones are asked for');
  t.match(textOf(layout(press(top.state, key('end')).state, NOW)), /later/);
  for (let i = 0; i < 20; i++)
    state = reduceEvents(
      state,
      Array.from({ length: 1_000 }, () => says('flood')),
    );
  t.ok(state.entries.length <= 2 * KEPT_ENTRIES, `${state.entries.length} entries are kept`);
});

t.test('people come and go in one line, and two of one name are told apart', async (t) => {
  const comes = (id: string, name?: string) =>
    event({ type: 'peer-joined', ...room, peer: person(id, name), path: 'lan' });
  let state = reduceEvents(
    start(120, 40),
    ['a', 'b', 'c'].map((id) => comes(id)),
  );
  t.match(textOf(layout(state, NOW)), /→ Name a, Name b and Name c joined/);
  state = reduceEvents(state, [comes('d')]);
  t.match(textOf(layout(state, NOW)), /→ 4 people joined/);
  state = reduceEvents(state, [comes('e', 'Blue Heron'), says('hello', person('e', 'Blue Heron'))]);
  t.match(textOf(layout(state, NOW)), /Blue H…#e00000 hello/, 'the tag is not cut off');
  const peer = { ...person('a'), path: 'lan', rttMs: 0.42, verified: true, instances: [] } as unknown as Peer;
  state = withPeers(state, [peer]);
  t.match(textOf(layout(state, NOW)), /HERE 2[\s\S]*● Name a +✓ LAN 0\.4 ms/);
  state = reduceEvents(state, [event({ type: 'peer-left', ...room, peer: person('a'), reason: 'lost' })]);
  t.match(textOf(layout(state, NOW)), /AWAY[\s\S]*○ Name a +\d\d:\d\d/);
});

/** Shares of a room, as the node tells of them. */
const SHARED = {
  own: async () => ['Album', 'notes.txt'],
  at: async () => ['Album/song 1.ogg', 'Album/sub/', 'Album/song \u001b[2J.ogg', 'Album/b'],
};

t.test('Tab completes verbs, names, offers and paths', async (t) => {
  let state = reduceEvents(start(), [
    event({ type: 'peer-joined', ...room, peer: person('a', 'Amber Fox'), path: 'lan' }),
    event({ type: 'peer-joined', ...room, peer: person('b', 'Amber Wolf'), path: 'lan' }),
    event({ type: 'peer-joined', ...room, peer: person('c', 'evil\u001b[2Jname'), path: 'lan' }),
  ]);
  const complete = async (text: string) => {
    const { editor } = press(start(), text).state;
    const word = begun(editor.text, editor.cursor);
    return word ? wordsFor(state, word, SHARED) : [];
  };
  t.same(await complete('/bl'), ['block ']);
  t.same(await complete('/verify am'), ['Amber Fox', 'Amber Wolf']);
  t.same(await complete('hi @Amber W'), ['Amber Wolf ']);
  t.same(await complete('/verify e'), [], 'a name that a terminal could take for more is not offered');
  t.same(await complete('/send cli/tui/ce'), ['cli/tui/cells.ts']);
  t.same(await complete('/send test/cl'), ['test/cli/']);
  t.same(await complete('/unshare al'), ['Album']);
  t.same(
    await complete('/get Album/s'),
    ['Album/song 1.ogg', 'Album/sub/'],
    'not what a terminal could take for more',
  );
  t.same(await complete('/ls x'), []);
  t.same(await complete('just words'), []);
  state = press(state, '@a').state;
  const word = begun('@a', 2);
  state = withWords(state, word as NonNullable<typeof word>, ['Amber Fox ', 'Amber Wolf ']);
  t.equal(state.editor.text, '@Amber Fox ');
  state = press(state, key('tab')).state;
  t.equal(state.editor.text, '@Amber Wolf ');
  t.match(textOf(layout(state, NOW)), /Amber Fox {2}\[Amber Wolf\]/);
  t.equal(press(state, 'hi').state.editor.text, '@Amber Wolf hi');
});

t.test('[A5] [A17] nothing that others choose can be more than text, at any size', async (t) => {
  const nasty = [
    'a\u001b]0;owned\u0007.txt',
    '\u001b[2K\rAccept safe.txt',
    '\u001b]52;c;cm0gLXJm\u0007',
    '\u009b31m\u0008\u007f',
    '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007',
    'photo\u202Egpj.exe a\u2066b\u2069',
    '\n'.repeat(50),
    'e\u0301'.repeat(300) + '\u0301'.repeat(500),
    '\u200b\ufeff\u00ad\u{e0041}',
    '漢'.repeat(500),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal
  const bad = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
  const events = nasty.flatMap((text, i) => [
    event({ type: 'peer-joined', ...room, peer: person(`n${i}`, text), path: 'lan' }),
    event({ type: 'peer-renamed', ...room, peer: person(`n${i}`, text), was: text }),
    says(text, person(`n${i}`, text)),
    event({ type: 'error', ...room, code: 'INTERNAL', text }),
    event({ type: 'transfer-done', ...room, transfer: 'x', paths: [text], bytes: 1, reused: 0 }),
    event({ type: 'peer-left', ...room, peer: person(`n${i}`, text), reason: 'lost' }),
  ]);
  for (const [columns, rows] of [
    [80, 24],
    [120, 40],
    [20, 5],
    [1, 2],
  ] as const) {
    let state = reduceEvents({ ...start(columns, rows), room: nasty[0] as string }, events);
    for (let page = 0; page < 5; page++) {
      const frame = layout(state, NOW);
      const all = rowsOf(frame).flatMap((row) => row.map(({ text }) => text));
      t.notOk(
        all.find((text) => bad.test(text)),
        `clean at ${columns}x${rows}`,
      );
      const { width } = { width: frame.people.length > 0 ? columns - 31 : columns };
      if (columns >= 20)
        for (const row of [...frame.head, ...frame.foot])
          t.ok(row.reduce((sum, { text }) => sum + cells(text), 0) <= columns, 'no row is too wide');
      if (columns >= 80)
        for (const row of frame.log)
          t.ok(row.reduce((sum, { text }) => sum + cells(text), 0) <= width, 'the log neither');
      state = press(state, key('page-up')).state;
    }
  }
});

t.test('what terminals do not agree on the width of moves nothing after it', async (t) => {
  t.equal(placed('plain 你好'), 'plain 你好');
  t.equal(placed('\u001b[1ma👍🏽b\u001b[22m'), '\u001b[1ma👍🏽\u001b[4Gb\u001b[22m');
});

const shown = (state: State) => textOf(layout(state, NOW));

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

t.test('history comes above what happened, page by page, and a line stands above what is new', async (t) => {
  const messages = Array.from({ length: 300 }, (_, i) =>
    message(`number ${i}.`, {
      clock: i,
      sent: new Date(NOW - 1e6 + i * 1000).toISOString(),
      ...(i >= 295 ? { unread: true } : {}),
    }),
  );
  let state = reduceEvents(start(), [
    event({ type: 'peer-joined', ...room, peer: person('a'), path: 'lan' }),
    event({ type: 'message', ...(messages[299] as Message) }),
  ]);
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

t.test('a message is picked with Tab by a tag that stands in the place of its time', async (t) => {
  const texts = Array.from({ length: 60 }, (_, i) => message(`word ${i}.`));
  const own = message('my own', { author: me });
  let state = reduceEvents(
    start(),
    [...texts, own].map((each) => event({ type: 'message', ...each })),
  );
  t.notMatch(shown(state), /#[0-9a-f]{4}/);
  state = press(state, '/reply ').state;
  const last = texts.at(-1) as Message;
  t.match(shown(state), new RegExp(`^ #${last.id.slice(0, 4)} Name a +word 59\\.$`, 'm'));
  const complete = async (text: string) => {
    const typed = press({ ...state, editor: EMPTY_EDITOR }, text).state;
    const word = begun(text, text.length);
    return word ? wordsFor(typed, word, SHARED) : [];
  };
  const words = await complete('/reply ');
  t.equal(words[1], `#${last.id.slice(0, 4)} `, 'the newest come first');
  t.same(await complete('/edit '), [`#${own.id.slice(0, 4)} `], 'only own ones can be changed');
  t.same((await complete('/react ')).slice(0, 2), ['👍', '❤️']);
  t.same((await complete(`/react #${own.id.slice(0, 4)} `)).slice(0, 2), ['👍', '❤️']);
  state = withWords(state, begun('/reply ', 7) as Begun, words);
  for (let i = 0; i < 50; i++) state = press(state, key('tab')).state;
  t.match(shown(state), /word 10\./, 'the log goes along');

  const target = (line: string) =>
    withTarget(
      { ...state, editor: EMPTY_EDITOR, completion: null },
      ...(line.split(' ') as ['reply', string]),
    );
  t.match(target('edit '), { target: { verb: 'edit', message: { id: own.id } }, editor: { text: 'my own' } });
  t.match(target('reply '), { target: { verb: 'reply', message: { text: 'word 59.' } } });
  t.match(target('delete '), { editor: { text: `/delete #${own.id.slice(0, 4)}` }, hint: { tone: 'risk' } });
  t.throws(() => target('reply #ffffff'), { code: 'MESSAGE_UNKNOWN' });
  const replying = target('reply ') as State;
  t.match(shown(replying), /── Answering Name a: word 59\./);
  t.match(press(replying, 'yes', key('enter')).effects.at(-1), {
    type: 'submit',
    text: 'yes',
    target: { message: { text: 'word 59.' } },
  });
  t.equal(press(replying, key('escape')).state.target, null);
  const twins = [message('a'), message('b')].map((each, i) => ({ ...each, id: `abcd${i}`.padEnd(64, '0') }));
  t.throws(() => aboutMessage('react', '#abcd 👍', twins), {
    code: 'USAGE',
    message: /#abcd0000 or #abcd1000/,
  });
  t.match(aboutMessage('react', '#abcd1 👍', twins), { message: { text: 'b' }, text: '👍' });
});

t.test('a direct message of somebody who is not verified waits, told once', async (t) => {
  const request = (text: string) =>
    event({ type: 'message', ...message(text, { author: person('e', 'Eve'), to: me, request: true }) });
  const state = reduceEvents(reduceEvents(start(), [request('spam 1')]), [request('spam 2')]);
  t.match(shown(state), /Eve, who is not verified, wants to write to you alone\.\n +\/allow Eve#e00000/);
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
    await wordsFor(told, begun('/allow eve h', 12) as Begun, SHARED),
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

t.test('whom a direct message is for is told from what it says', async (t) => {
  const people = ['Blue', 'Blue Heron', 'Ann'].map((name, i) => person(`p${i}`, name));
  t.same(personAndText('blue heron lunch?', people), { person: 'Blue Heron', text: 'lunch?' });
  t.same(personAndText('Blue: hi there', people), { person: 'Blue', text: 'hi there' });
  t.same(personAndText('Ann#p20000 hi', people), { person: 'Ann#p20000', text: 'hi' });
  t.same(personAndText('"Blue Heron" "quoted"', people), { person: 'Blue Heron', text: '"quoted"' });
  t.same(personAndText('#x7k2p4 hi', people), { person: '#x7k2p4', text: 'hi' });
  for (const wrong of ['', 'Blue', 'Blue Heron', 'Ann  '])
    t.throws(() => personAndText(wrong, people), { code: 'USAGE' }, wrong);
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
});

t.test('/help fits a screen of 80 by 24', async (t) => {
  const lines = slashHelp();
  t.ok(lines.length <= 20, `${lines.length} lines below the head and above the input`);
  for (const line of lines) t.ok(cells(line) <= 73, line);
});
