import fc from 'fast-check';
import t from 'tap';
import { cells, chop, cut, fit, wrap } from '../../../cli/tui/cells.js';
import { type Key, KeyDecoder } from '../../../cli/tui/keys.js';
import { placed } from '../../../cli/tui/screen.js';

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

t.test('what terminals do not agree on the width of moves nothing after it', async (t) => {
  t.equal(placed('plain 你好'), 'plain 你好');
  t.equal(placed('\u001b[1ma👍🏽b\u001b[22m'), '\u001b[1ma👍🏽\u001b[4Gb\u001b[22m');
});
