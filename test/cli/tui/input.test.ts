import t from 'tap';
import { slashHelp } from '../../../cli/slash-verbs.js';
import { cells } from '../../../cli/tui/cells.js';
import { EMPTY_EDITOR, edit } from '../../../cli/tui/editor.js';
import type { Key } from '../../../cli/tui/keys.js';
import { layout } from '../../../cli/tui/layout.js';
import { key, NOW, press, start } from '../../support/room-on-screen.js';

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
  const submit = { type: 'submit', text: lines.replaceAll('\r', '\n'), target: null };
  t.same(press(pasted.state, key('enter')).effects, [submit], 'Enter does what the question says');
  const changed = press(pasted.state, '.', key('enter'));
  t.notMatch(changed.effects, [{ type: 'submit' }], 'what was changed since is asked about again');
  t.match(press(changed.state, key('enter')).effects, [{ type: 'submit', text: `${submit.text}.` }]);
  const dropped = press(pasted.state, key('c', true)).state;
  t.match(dropped, { editor: { text: '' }, hint: { text: /The arrow up brings back/ } }, 'Ctrl-C drops it');
  t.equal(press(dropped, key('up')).state.editor.text, submit.text);
  t.match(press(pasted.state, key('escape')).state, { asked: null, editor: { text: submit.text } });
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

t.test('/help fits a screen of 80 by 24', async (t) => {
  const lines = slashHelp();
  t.ok(lines.length <= 20, `${lines.length} lines below the head and above the input`);
  for (const line of lines) t.ok(cells(line) <= 73, line);
});
