import fc from 'fast-check';
import t from 'tap';
import { ChatterError, type ErrorCode } from '../../src/errors.js';
import { LIMITS } from '../../src/limits.js';
import {
  foldRoomName,
  LOBBY,
  normalisePassphrase,
  normaliseRoomName,
} from '../../src/membership/room-name.js';

const badName = { name: 'ChatterError', code: 'ROOM_NAME_INVALID' };
const badPassphrase = { name: 'ChatterError', code: 'PASSPHRASE_INVALID' };
const fixed = { seed: 1, numRuns: 3000 };

/** The result, or null if it was refused with `code`; any other error is thrown. */
function orNull(fn: () => string, code: ErrorCode): string | null {
  try {
    return fn();
  } catch (err) {
    if (err instanceof ChatterError && err.code === code) return null;
    throw err;
  }
}
const name = (text: string) => orNull(() => normaliseRoomName(text), 'ROOM_NAME_INVALID');
const passphrase = (text: string) => orNull(() => normalisePassphrase(text), 'PASSPHRASE_INVALID');

/** Texts in which what matters here is not rare. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'a',
          'A',
          'e',
          '\u0301',
          '\u0323',
          '\u1e9b',
          '\ufb03',
          '\u0130',
          '\u03a3',
          '\u00df',
          '\uff26',
          '-',
          ' ',
          '\u00a0',
        ],
        ...[
          '\u3000',
          '\t',
          '\n',
          '\u2028',
          '\ufeff',
          '\u200b',
          '\u202e',
          '\u0000',
          '\u001b',
          '\u009b',
          '\ud800',
          '\u{1f600}',
        ],
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

t.test('[M1] the spellings of a name are one', async (t) => {
  for (const [one, ...others] of [
    [
      'friday-club',
      'Friday Club',
      '  FRIDAY  \t club ',
      '\uff26riday\u3000Club',
      'friday\u00a0club',
      'friday\nclub',
    ],
    ['caf\u00e9', 'cafe\u0301', 'CAF\u00c9', 'CAFE\u0301'],
    ['office', 'o\ufb03ce', 'OFFICE'],
    ['42', '\u2463\u2461'.normalize('NFKC'), '\uff14\uff12'],
    ['lobby', 'Lobby', '\u24c1obby', LOBBY],
    ['\u03ba\u03b1\u03c6\u03ad\u03c2', '\u039a\u0391\u03a6\u0388\u03a3'],
    ['i\u0307', '\u0130'],
    ['s', '\u017f', 'S'],
    ['k', '\u212a', 'K'],
    ['a---b', 'a - b'],
    ['\u{1f600}', ' \u{1f600} '],
  ] as const) {
    for (const other of [one, ...others]) t.equal(name(other), one, JSON.stringify(other));
  }
  t.not(name('strasse'), name('stra\u00dfe'), 'what Unicode keeps apart stays apart');
});

t.test('[B18] [M1] a name has 1 to 64 bytes, before and after', async (t) => {
  t.equal(name('x'.repeat(LIMITS.roomNameBytes)), 'x'.repeat(64));
  t.equal(name('\u00e9'.repeat(32)), '\u00e9'.repeat(32), 'bytes, not characters');
  for (const [what, text] of Object.entries({
    nothing: '',
    spaces: ' \t\n\u3000 ',
    '65 bytes': 'x'.repeat(65),
    '65 bytes of 33 characters': `${'\u00e9'.repeat(32)}x`,
    'longer afterwards': '\ufdfa'.repeat(4), // 12 bytes that are 132 after NFKC
    'longer before, though not after': 'e\u0301'.repeat(22),
    'blanks count before': `${' '.repeat(64)}x`,
    'a megabyte': 'x'.repeat(2 ** 20),
  })) {
    t.throws(() => normaliseRoomName(text), badName, what);
  }
});

t.test('[M1] [A5] [A17] control, bidi and invisible characters are refused, and not removed', async (t) => {
  const inner = [
    ...['\u0000', '\u0007', '\b', '\u001b', '\u007f', '\u0085', '\u009b'],
    ...[
      '\u202a',
      '\u202b',
      '\u202c',
      '\u202d',
      '\u202e',
      '\u2066',
      '\u2067',
      '\u2068',
      '\u2069',
      '\u200e',
      '\u200f',
      '\u061c',
    ],
    ...['\u200b', '\u200c', '\u200d', '\u2060', '\u00ad', '\u180e', '\u{e0001}', '\u{e0041}'],
  ];
  for (const character of inner) {
    for (const text of [`a${character}b`, `${character}ab`, `ab${character}`, character]) {
      t.throws(
        () => normaliseRoomName(text),
        badName,
        JSON.stringify(text).replace(/[^\x20-\x7e]/gu, escaped),
      );
    }
  }
  for (const text of ['a\ud800', '\udc00b', 'a\ud800b'])
    t.throws(() => normaliseRoomName(text), badName, 'a lone surrogate');
});

const escaped = (c: string) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`;

t.test('[M1] a name in which nothing can be seen is none, and none looks like another', async (t) => {
  for (const blank of ['\u115f', '\u034f', '\u3164', '\ufe0f', '\u17b4', '\u2800']) {
    t.equal(name(blank), null, escaped(blank));
  }
  t.equal(name('❤\ufe0f'), '❤', 'a heart as phones type it');
  t.equal(name('lobby\ufe0f'), 'lobby');
  for (const mark of ['\u034f', '\u115f']) t.equal(name(`lobby${mark}`), null, `lobby${escaped(mark)}`);
});

t.test('[M1] property: a normal name is its own normal name, and safe to show', async (t) => {
  fc.assert(
    fc.property(nasty, (text) => {
      const normal = name(text);
      if (normal === null) return true;
      return (
        name(normal) === normal &&
        foldRoomName(text) === normal &&
        foldRoomName(normal) === normal &&
        Buffer.byteLength(normal) >= 1 &&
        Buffer.byteLength(normal) <= LIMITS.roomNameBytes &&
        !/[\p{Cc}\p{Cf}\p{Cs}\s]/u.test(normal)
      );
    }),
    fixed,
  );
  t.pass('in every case');
});

t.test('[M1] property: blanks around and between, and composition, make no other room', async (t) => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 6 })
    .filter((text) => name(text) !== null && !/\s/u.test(text));
  const blank = fc.stringMatching(/^[ \t\u00a0\u3000]{1,3}$/);
  fc.assert(
    fc.property(word, word, blank, blank, (a, b, x, y) => {
      const plain = name(`${a} ${b}`);
      const variants = [`${x}${a}${y}${b}${x}`, `${a} ${b}`.normalize('NFD'), `${a} ${b}`.normalize('NFC')];
      return variants.every(
        (variant) => Buffer.byteLength(variant) > LIMITS.roomNameBytes || name(variant) === plain,
      );
    }),
    { ...fixed, numRuns: 500 },
  );
  t.pass('in every case');
});

t.test('folding compares names that were never checked, and refuses nothing', async (t) => {
  t.equal(foldRoomName('Friday  Evening '), foldRoomName('friday-evening'));
  t.equal(foldRoomName(''), '');
  fc.assert(
    fc.property(nasty, (text) => typeof foldRoomName(text) === 'string'),
    fixed,
  );
});

t.test('[M1] the spellings of a passphrase are one, but case and blanks count', async (t) => {
  const plain = 'correct horse caf\u00e9';
  for (const same of [
    'correct horse cafe\u0301',
    'correct\u00a0horse\u3000caf\u00e9',
    'correct\u2003horse\u202fcafe\u0301',
  ]) {
    t.equal(passphrase(same), plain, JSON.stringify(same));
  }
  for (const other of [
    'Correct horse caf\u00e9',
    ` ${plain}`,
    `${plain} `,
    'correct  horse caf\u00e9',
    'correct-horse-caf\u00e9',
  ]) {
    t.equal(passphrase(other), other, 'left as it is');
  }
  t.equal(
    passphrase('\uff46\uff55\uff4c\uff4c width'),
    '\uff46\uff55\uff4c\uff4c width',
    'NFC keeps widths apart',
  );
});

t.test('[M1] a passphrase has 10 to 128 bytes and no control characters', async (t) => {
  t.equal(passphrase('x'.repeat(10)), 'x'.repeat(10));
  t.equal(passphrase('x'.repeat(128)), 'x'.repeat(128));
  t.equal(passphrase('\u00e9'.repeat(5)), '\u00e9'.repeat(5), 'bytes, not characters');
  for (const [what, text] of Object.entries({
    nothing: '',
    'nine bytes': 'x'.repeat(9),
    'nine bytes once it is composed': `${'e\u0301'.repeat(4)}x`,
    '129 bytes': 'x'.repeat(129),
    'a megabyte': 'x'.repeat(2 ** 20),
    'a line feed': 'correct\nhorse battery',
    'a tab': 'correct\thorse battery',
    'a null': 'correct\u0000horse battery',
    'an escape': 'correct\u001bhorse battery',
    'a C1 control': 'correct\u009bhorse battery',
    'a lone surrogate': 'correct\ud800horse battery',
  })) {
    t.throws(() => normalisePassphrase(text), badPassphrase, what);
  }
});

t.test('[M1] property: a normal passphrase is its own normal passphrase', async (t) => {
  fc.assert(
    fc.property(nasty, (text) => {
      const normal = passphrase(text);
      if (normal === null) return true;
      return (
        passphrase(normal) === normal && normal.normalize('NFC') === normal && !/[\p{Cc}\p{Cs}]/u.test(normal)
      );
    }),
    fixed,
  );
  t.pass('in every case');
});

t.test('no error tells the passphrase', async (t) => {
  for (const text of ['short', 'correct\nhorse battery']) {
    try {
      normalisePassphrase(text);
      t.fail('it is refused');
    } catch (err) {
      t.notOk(String((err as Error).stack).includes(text));
    }
  }
});
