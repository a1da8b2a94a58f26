/** Scripts written without spaces between words: each character is a word to the index, a run of them a phrase. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}]/u;
const UNSPACED_EACH = new RegExp(`(${UNSPACED.source})`, 'gu');
const WORDLIKE = /[\p{L}\p{N}\p{Co}\p{So}]/u;

/** How the index cuts text: letters and numbers of any script, without accents, private characters and pictures. */
export const TOKENIZER = `unicode61 remove_diacritics 2 categories 'L* N* Co So'`;

/** A text as it is indexed. The same text always gives the same, since taking it out again needs exactly it. */
export const indexed = (text: string): string => text.normalize('NFKC').replace(UNSPACED_EACH, ' $1 ');

/** Words looked for at once. */
const WORDS = 16;

/**
 * What a person typed as a query for the index: every word must occur, the last letters of each may be left out. Null
 * if there is nothing in it that could be found. Nothing that is typed has a meaning to the index.
 */
export function ftsQuery(typed: string): string | null {
  const words = words_(typed);
  return words.length === 0 ? null : words.map((word) => `"${word.replaceAll('"', ' ')}"*`).join(' AND ');
}

const words_ = (typed: string): string[] =>
  typed
    .split(/[\s\p{Cc}]+/u)
    .map((word) => indexed(word).trim().replace(/\s+/gu, ' '))
    .filter((word) => WORDLIKE.test(word))
    .slice(0, WORDS);

const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();

/** Characters shown around the first hit. */
const BEFORE = 40;
const SNIPPET = 160;

export interface Snippet {
  text: string;
  /** From and to, in UTF-16 units of `text`. */
  marks: [number, number][];
}

/** The part of a text in which the words were found, on one line. */
export function snippet(text: string, typed: string): Snippet {
  const flat = text.replace(/\s+/gu, ' ');
  const needles = typed.split(/\s+/u).map(fold).filter(Boolean);
  const hits = find(flat, needles);
  const start = Math.max(0, (hits[0]?.[0] ?? 0) - BEFORE);
  const from = start > 0 ? flat.indexOf(' ', start) + 1 || start : 0;
  const cut = flat.slice(from, from + SNIPPET).toWellFormed();
  const marks = hits
    .map(([a, b]): [number, number] => [a - from, Math.min(b - from, cut.length)])
    .filter(([a, b]) => a >= 0 && a < b);
  return { text: cut, marks };
}

/** Where folded needles stand in a text, in order. */
function find(text: string, needles: readonly string[]): [number, number][] {
  const folded: string[] = [];
  const at: number[] = [];
  let offset = 0;
  for (const char of text) {
    for (const unit of fold(char)) {
      folded.push(unit);
      at.push(offset);
    }
    offset += char.length;
  }
  at.push(text.length);
  const haystack = folded.join('');
  const hits: [number, number][] = [];
  // `folded` has one entry for each code point, `haystack` counts UTF-16 units: go by an index of units.
  const units: number[] = [];
  for (const [i, unit] of folded.entries()) for (let n = 0; n < unit.length; n++) units.push(at[i] as number);
  units.push(text.length);
  for (const needle of needles) {
    for (let i = haystack.indexOf(needle); i >= 0; i = haystack.indexOf(needle, i + needle.length))
      hits.push([units[i] as number, units[i + needle.length] as number]);
  }
  return hits.sort((a, b) => a[0] - b[0]);
}

/** Whether a text holds all words that were typed: for histories without an index. */
export function matches(text: string, typed: string): boolean {
  const folded = fold(text);
  const needles = typed.split(/\s+/u).map(fold).filter(Boolean);
  return needles.length > 0 && needles.every((needle) => folded.includes(needle));
}
