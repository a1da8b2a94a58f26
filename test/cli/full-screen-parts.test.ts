import fc from 'fast-check';
import t from 'tap';
import { cells, chop, cut, fit, wrap } from '../../cli/tui/cells.js';
import { begun, withWords, wordsFor } from '../../cli/tui/complete.js';
import { EMPTY_EDITOR, edit } from '../../cli/tui/editor.js';
import { KEPT_ENTRIES } from '../../cli/tui/entries.js';
import { type Key, KeyDecoder } from '../../cli/tui/keys.js';
import { type Frame, layout } from '../../cli/tui/layout.js';
import { reduceEvents, withPeers } from '../../cli/tui/reduce-event.js';
import { type Effect, reduceKey } from '../../cli/tui/reduce-key.js';
import { placed } from '../../cli/tui/screen.js';
import { emptyState, type State } from '../../cli/tui/state.js';
import type { ApiEvent, EventBody, Peer } from '../../src/daemon/api.js';

const NOW = Date.UTC(2026, 4, 1, 10);
const room = { room: 'lab', roomId: 'r1' };
const person = (id: string, name = `Name ${id}`) => ({ id, name, tag: id.padEnd(6, '0') });
const me = person('me', 'Blue Heron');
const start = (columns = 80, rows = 24): State =>
  emptyState({ ...room, kind: 'open', self: me }, { columns, rows });
let seq = 0;
const event = (body: EventBody): ApiEvent =>
  ({ ...body, epoch: 'e', seq: ++seq, time: new Date(NOW).toISOString() }) as ApiEvent;
const says = (text: string, author = person('a')): ApiEvent =>
  event({ type: 'message', ...room, id: `m${seq}`, author, text, self: author.id === 'me' } as EventBody);
const key = (name: string, ctrl = false): Key => ({ type: 'key', name, ctrl, alt: false });

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
  t.equal(type('one', key('newline'), 'two', key('up'), 'X').text, 'oneX\ntwo');
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
      { type: 'submit', text: 'first' },
      { type: 'submit', text: 'second' },
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
  t.same(press(asked.state, key('enter')).effects, [{ type: 'submit', text: lines.replaceAll('\r', '\n') }]);
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

t.test('Tab completes verbs, names, offers and paths', async (t) => {
  let state = reduceEvents(start(), [
    event({ type: 'peer-joined', ...room, peer: person('a', 'Amber Fox'), path: 'lan' }),
    event({ type: 'peer-joined', ...room, peer: person('b', 'Amber Wolf'), path: 'lan' }),
    event({ type: 'peer-joined', ...room, peer: person('c', 'evil\u001b[2Jname'), path: 'lan' }),
  ]);
  const complete = async (text: string) => {
    const { editor } = press(start(), text).state;
    const word = begun(editor.text, editor.cursor);
    return word ? wordsFor(state, word) : [];
  };
  t.same(await complete('/bl'), ['block ']);
  t.same(await complete('/verify am'), ['Amber Fox', 'Amber Wolf']);
  t.same(await complete('hi @Amber W'), ['Amber Wolf ']);
  t.same(await complete('/verify e'), [], 'a name that a terminal could take for more is not offered');
  t.same(await complete('/send cli/tui/ce'), ['cli/tui/cells.ts']);
  t.same(await complete('/send test/cl'), ['test/cli/']);
  t.same(await complete('just words'), []);
  state = press(state, '@a').state;
  const word = begun('@a', 2);
  state = withWords(state, word as NonNullable<typeof word>, ['Amber Fox ', 'Amber Wolf ']);
  t.equal(state.editor.text, '@Amber Fox ');
  state = press(state, key('tab')).state;
  t.equal(state.editor.text, '@Amber Wolf ');
  t.match(textOf(layout(state, NOW)), /Amber Fox {3}\[Amber Wolf \]/);
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
    event({ type: 'transfer-done', ...room, transfer: 'x', paths: [text], bytes: 1 }),
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
