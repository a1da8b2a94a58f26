import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Text that every terminal draws in as many cells as it has characters. */
const PLAIN = /^[\u0020-\u007e]*$/;

/** How many cells of a terminal a text takes; two for most Chinese characters and emoji. */
export const cells = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text));

/** A text as the characters that people see: an emoji of several code points is one. */
export const characters = (text: string): string[] =>
  PLAIN.test(text) ? text.split('') : [...graphemes.segment(text)].map(({ segment }) => segment);

/** The beginning of a text that fits into `width` cells, with `…` where something was cut off. */
export function cut(text: string, width: number): string {
  if (cells(text) <= width) return text;
  if (width < 1) return '';
  let [kept, used] = ['', 0];
  for (const character of characters(text)) {
    const more = cells(character);
    if (used + more > width - 1) break;
    kept += character;
    used += more;
  }
  return `${kept}…`;
}

/** A text cut or filled up with spaces to exactly `width` cells. */
export function fit(text: string, width: number): string {
  const kept = cut(text, width);
  return kept + ' '.repeat(Math.max(0, width - cells(kept)));
}

/**
 * One line of text as rows of at most `width` cells, broken at spaces where there are any; every character is in
 * exactly one row, but for the spaces at which it was broken.
 */
export function wrap(text: string, width: number): string[] {
  if (cells(text) <= width) return [text];
  const rows: string[] = [];
  let [row, used] = ['', 0];
  /** Length of `row` up to and with its last space. */
  let spaceAt = 0;
  for (const character of characters(text)) {
    const more = cells(character);
    if (used + more > width && row !== '') {
      if (character === ' ') {
        rows.push(row);
        [row, used, spaceAt] = ['', 0, 0];
        continue;
      }
      const breakAt = spaceAt > 0 && row.slice(0, spaceAt).trim() !== '' ? spaceAt : row.length;
      rows.push(row.slice(0, breakAt).trimEnd());
      row = row.slice(breakAt);
      [used, spaceAt] = [cells(row), 0];
    }
    row += character;
    used += more;
    if (character === ' ') spaceAt = row.length;
  }
  return row === '' && rows.length > 0 ? rows : [...rows, row];
}

/** A text as rows that are full but for the last one, wherever that breaks it: nothing jumps while it is written. */
export function chop(text: string, width: number): string[] {
  const rows: string[] = [];
  let [row, used] = ['', 0];
  for (const character of characters(text)) {
    const more = cells(character);
    if (used + more > width) {
      rows.push(row);
      [row, used] = ['', 0];
    }
    row += character;
    used += more;
  }
  return [...rows, row];
}
