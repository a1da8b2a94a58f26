import { LIMITS } from './limits.js';

/**
 * The one gate for text that somebody else chose. `cleanName` is for names, `showText` for messages on any display,
 * `terminalText` for one line of a terminal. Nothing else in Chatter removes characters.
 */

// Characters that change how their neighbours are read (CVE-2021-42574) or cannot be seen at all.
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** Everything that is never drawn (U+2800 has no dots, U+1D159 no head), but for what joins or paints emoji. */
const INVISIBLE = /(?!\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all controls but tab and line feed
const CONTROL_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;
const LINE_SEPARATORS = /[\u2028\u2029]/gu;
/** A joiner means something only between two pictures (UTS #51); elsewhere it hides. */
const LONE_JOINER =
  /(?<!\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
const STACKED_MARKS = /(\p{Mark}{4})\p{Mark}+/gu;
const VISIBLE = /[\p{Letter}\p{Number}\p{Punctuation}\p{Symbol}]/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const byteLength = (text: string) => Buffer.byteLength(text);

/**
 * A display name as it may be shown, or null if nothing that can be seen is left or it is longer than
 * `LIMITS.nameBytes` bytes or `LIMITS.nameGraphemes` characters. The length counts before and after normalising,
 * since one character can become eleven.
 */
export function cleanName(input: string): string | null {
  if (!input.isWellFormed() || byteLength(input) > LIMITS.nameBytes * 4) return null;
  const name = input
    .normalize('NFKC')
    .replace(CONTROL, ' ')
    .replace(LINE_SEPARATORS, ' ')
    .replace(BIDI, '')
    .replace(INVISIBLE, '')
    .replace(LONE_JOINER, '')
    .normalize('NFKC') // what stood between a letter and its accent may be gone
    .replace(STACKED_MARKS, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  if (!VISIBLE.test(name) || byteLength(name) > LIMITS.nameBytes) return null;
  return [...graphemes.segment(name)].length > LIMITS.nameGraphemes ? null : name;
}

/** A message without what could change how it is read. Line breaks and tabs stay. */
export function showText(input: string): string {
  return input
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(LINE_SEPARATORS, '\n')
    .replace(CONTROL_IN_TEXT, '')
    .replace(BIDI, '');
}

/**
 * Text for within one line of a terminal: every control character is spelled out, so nothing can move the cursor,
 * ring, set a title, copy, link or hide.
 */
export function terminalText(input: string): string {
  return input
    .toWellFormed()
    .replace(CONTROL, (c) => ESCAPES[c] ?? `\\x${(c.codePointAt(0) as number).toString(16).padStart(2, '0')}`)
    .replace(LINE_SEPARATORS, '\\n')
    .replace(BIDI, '');
}

const ESCAPES: Record<string, string> = { '\n': '\\n', '\t': '  ', '\r': '\\r' };
