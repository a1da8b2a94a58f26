import fc from 'fast-check';
import t from 'tap';
import { LIMITS } from '../src/limits.js';
import { cleanName, showText, terminalText } from '../src/text.js';

const BIDI = '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'.split('');
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));
const CONTROLS = [...range(0x00, 0x1f), ...range(0x7f, 0x9f)];
const FAMILY = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
const fixed = { seed: 1, numRuns: 5000 };
const escaped = (text: string) =>
  text.replace(/[^\x21-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);

/** Texts in which what matters here is not rare. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...CONTROLS, ...BIDI),
        fc.constantFrom(
          'a',
          'e',
          ' ',
          '\u0301',
          '\u0323',
          '\u200b',
          '\u200d',
          '\ufe0f',
          '\u2028',
          '\u2029',
          '\ufeff',
        ),
        fc.constantFrom(
          '\u{1f468}',
          '\u{1f3fb}',
          FAMILY,
          '\u{e0041}',
          '\u3164',
          '\u00a0',
          '\ud800',
          '\udc00',
          '\x1b[31m',
        ),
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
);

/** What a terminal could be made to do with, from SECURITY row A5. */
const TERMINAL_ATTACKS = [
  'a\x1b]0;owned\x07.txt',
  '\x1b[2K\rAccept safe.txt',
  '\x1b]52;c;cm0gLXJm\x07',
  '\u009b31m',
  '\x1b]8;;http://evil\x07click\x1b]8;;\x07',
  'a\rb',
  'a\b\b',
  'a\x7f',
  'a\x00b',
  'line one\nline two\u2028three',
];

t.test('[A5] terminalText spells every control character out', async (t) => {
  t.equal(terminalText('\x1b[31mred\x07'), '\\x1b[31mred\\x07');
  t.equal(terminalText('\u009b31m\x00\x7f'), '\\x9b31m\\x00\\x7f');
  t.equal(terminalText('one\ntwo\r\nthree\tfour\u2028five\u2029'), 'one\\ntwo\\r\\nthree  four\\nfive\\n');
  t.equal(terminalText('a\u202eb\u2066c\u200e'), 'abc');
  t.equal(terminalText('a\ud800b'), 'a\ufffdb', 'a lone surrogate');
  t.equal(terminalText('Grüße, 世界 👋🏽'), 'Grüße, 世界 👋🏽', 'the rest stays');
  for (const attack of TERMINAL_ATTACKS)
    t.notMatch(terminalText(attack), /[\p{Cc}\u2028\u2029]/u, escaped(attack));
  for (const c of CONTROLS) t.ok(/^[\x20-\x7e]+$/.test(terminalText(c)), escaped(c));
});

t.test(
  '[A5] [A17] property: terminalText is one line without controls, and the same if done twice',
  async (t) => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = terminalText(text);
        return (
          shown.isWellFormed() &&
          !/[\p{Cc}\u2028\u2029]/u.test(shown) &&
          !BIDI.some((c) => shown.includes(c)) &&
          terminalText(shown) === shown
        );
      }),
      fixed,
    );
    t.pass('in every case');
  },
);

t.test(
  '[A5] [A17] showText keeps lines and tabs, and drops what could change how they are read',
  async (t) => {
    t.equal(
      showText('one\ntwo\r\nthree\rfour\u2028five\u2029six\tseven'),
      'one\ntwo\nthree\nfour\nfive\nsix\tseven',
    );
    t.equal(showText('\x1b[31mred\x07\u009b'), '[31mred');
    t.equal(showText('pay \u202e001 RUE\u202c now'), 'pay 001 RUE now');
    t.equal(showText('a\ud800b'), 'a\ufffdb');
    t.equal(showText(FAMILY), FAMILY, 'joined emoji');
    t.equal(
      showText('\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'),
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      'Persian needs its non-joiner',
    );
    t.equal(showText(''), '');
    t.equal(showText('<b>&amp;</b>'), '<b>&amp;</b>', 'markup is text');
  },
);

t.test(
  '[A5] [A17] property: showText has no control but tab and line feed, and is the same if done twice',
  async (t) => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = showText(text);
        return (
          shown.isWellFormed() &&
          !/[\u2028\u2029]/u.test(shown) &&
          !/\p{Cc}/u.test(shown.replace(/[\n\t]/g, '')) &&
          !BIDI.some((c) => shown.includes(c)) &&
          showText(shown) === shown
        );
      }),
      fixed,
    );
    t.pass('in every case');
  },
);

t.test('property: plain text is shown as it is', async (t) => {
  const plain = fc.stringMatching(/^[\p{L}\p{N}\p{P}\p{Sc} ]{0,40}$/u);
  fc.assert(
    fc.property(plain, (text) => showText(text) === text && terminalText(text) === text),
    { seed: 1, numRuns: 1000 },
  );
  t.pass('in every case');
});

t.test('[C9] [A17] names that look alike by blanks and invisible characters become one', async (t) => {
  for (const same of [
    'Alice',
    'Alice ',
    ' Alice',
    'Alice\u200b',
    'A\u200dlice',
    'Al\u00adice',
    '\u2060Alice\ufeff',
    'Alice\u{e0041}\u{e007f}',
    '\u202eAlice\u202c',
    '\u2066Alice\u2069',
    'Alice\u034f',
    '\uff21lice',
    'Alice\n',
    '\tAlice\u0000',
    'Alice\u180e',
  ]) {
    t.equal(cleanName(same), 'Alice', escaped(same));
  }
  t.equal(cleanName('Ann\u2028Lee\n\n \u00a0 X'), 'Ann Lee X', 'one blank between words');
  t.equal(cleanName('\x1b[31mRed'), '[31mRed');
  t.equal(cleanName('Jose\u0301'), 'Jos\u00e9', 'composed');
  t.not(cleanName('\u0430lice'), 'Alice', 'another script stays: its tag tells them apart');
});

t.test('[C9] emoji stay whole, and a joiner elsewhere goes', async (t) => {
  for (const name of [
    FAMILY,
    '\u2764\ufe0f',
    '\u{1f44b}\u{1f3fd}',
    'Ann \u{1f469}\u200d\u{1f4bb}',
    '\u{1f1e9}\u{1f1ea}',
  ]) {
    t.equal(cleanName(name), name, escaped(name));
  }
  t.equal(cleanName('\u{1f468}\u200d\u200d\u{1f469}'), '\u{1f468}\u{1f469}');
  t.equal(cleanName('\u{1f468}\u200d'), '\u{1f468}');
});

t.test('[C9] a name in which nothing can be seen is none', async (t) => {
  for (const blank of [
    '',
    ' ',
    '\u200b',
    '\u202e',
    '\u3164',
    '\u115f',
    '\u2060\ufeff',
    '\ufe0f',
    '\u0301',
    '\u{e0041}',
    '\n\t',
    '\u0000',
    '\u00ad',
    '\u3000',
  ]) {
    t.equal(cleanName(blank), null, escaped(blank));
  }
  for (const blank of ['\u2800', '\u2800\u2800']) t.equal(cleanName(blank), null, escaped(blank));
  t.equal(cleanName('\u{1d159}'), null, 'a note without a head');
});

t.test('[B18] [B20] [C9] a name has at most 64 bytes and 32 characters, before and after', async (t) => {
  t.equal(cleanName('x'.repeat(LIMITS.nameGraphemes)), 'x'.repeat(32));
  t.equal(cleanName('x'.repeat(LIMITS.nameGraphemes + 1)), null, '33 characters');
  t.equal(cleanName('\u00e9'.repeat(32)), '\u00e9'.repeat(32), '64 bytes');
  t.equal(cleanName('\u4e16'.repeat(22)), null, '66 bytes');
  for (const count of [2, 64])
    t.equal(cleanName('\ufdfa'.repeat(count)), null, 'eleven times as long after NFKC');
  t.equal(cleanName(`x${'\u200d'.repeat(10_000)}`), null, 'ten thousand joiners');
  t.equal(cleanName('x\u200b'.repeat(32)), 'x'.repeat(32), 'what is removed does not count');
  t.equal(cleanName(`x${'\u200b'.repeat(100)}`), null, 'but there is an end to it');
  t.equal(cleanName('x'.repeat(2 ** 20)), null, 'a megabyte');
  for (const broken of ['a\ud800', '\udc00b']) t.equal(cleanName(broken), null, 'a lone surrogate');
});

t.test('[B20] [C9] marks are not stacked over the lines around', async (t) => {
  const zalgo = `Z${'\u0300\u0301\u0302\u0303\u0304\u0305\u0306'.repeat(2)}o`;
  t.equal(
    cleanName(zalgo)
      ?.match(/\p{Mark}+/gu)
      ?.every((marks) => marks.length <= 4),
    true,
  );
  t.equal(cleanName('Nguye\u0302\u0303n'), 'Nguy\u1ec5n', 'those that a language needs stay');
});

t.test(
  '[C9] [A17] property: a clean name is short, visible, without controls, and joins only pictures',
  async (t) => {
    let names = 0;
    fc.assert(
      fc.property(nasty, (text) => {
        const name = cleanName(text);
        if (name === null) return true;
        names++;
        return (
          name.isWellFormed() &&
          Buffer.byteLength(name) <= LIMITS.nameBytes &&
          name.trim() === name &&
          !/\p{Cc}|[\u2028\u2029]|\s\s/u.test(name) &&
          !BIDI.some((c) => name.includes(c)) &&
          !/\p{Mark}{5}/u.test(name.replace(/[\ufe0e\ufe0f]/g, '')) &&
          /[\p{L}\p{N}\p{P}\p{S}]/u.test(name)
        );
      }),
      fixed,
    );
    t.ok(names > 500, `${names} were names`);
  },
);

t.test('[C9] a clean name is clean: cleaning it again changes nothing', async (t) => {
  for (const text of ['Alice', 'A\u200dB', FAMILY, '  Ann  Lee ', 'x\ufe0f', '\ufb03']) {
    const name = cleanName(text);
    t.equal(cleanName(name as string), name, escaped(text));
  }
  t.equal(cleanName('Jose\u200b\u0301'), 'Jos\u00e9', 'with an invisible character before the accent');
});
