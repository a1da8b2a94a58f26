/** Characters that are drawn like a Latin letter: the commonest Greek and Cyrillic rows of UTS #39's table, and digits. */
const LOOKALIKES: Record<string, string> = {
  a: '\u03b1\u0430',
  b: '\u0432\u044c',
  c: '\u03f2\u0441',
  d: '\u0501',
  e: '\u0435',
  g: '\u0261',
  h: '\u043d\u04bb\u0570',
  j: '\u0458',
  k: '\u03ba\u043a',
  l: '1|i\u0131\u03b9\u0456\u04cf',
  m: '\u043c',
  n: '\u03b7\u043f\u0578',
  o: '0\u03bf\u043e\u0585',
  p: '\u03c1\u0440',
  r: '\u0433',
  s: '\u0455',
  t: '\u03c4\u0442',
  u: '\u03c5',
  v: '\u03bd\u0475',
  w: '\u0461\u03c9',
  x: '\u03c7\u0445',
  y: '\u03b3\u0443',
};

const LATIN = new Map(
  Object.entries(LOOKALIKES).flatMap(([letter, others]) =>
    Array.from(others).map((other) => [other, letter]),
  ),
);

/**
 * What a name looks like: names that people would take for each other give the same text. Case, spaces, accents and
 * punctuation do not count, nor does the script of a letter; `rn` is `m`, and `i`, `l` and `1` are one.
 */
export function likeness(name: string): string {
  const letters = Array.from(name.normalize('NFKD').toLowerCase())
    .filter((character) => /[\p{Letter}\p{Number}|]/u.test(character))
    .map((character) => LATIN.get(character) ?? character)
    .join('')
    .replaceAll('rn', 'm');
  return letters || name.normalize('NFKC');
}
