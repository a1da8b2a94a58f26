import { EMOJI_GROUPS } from './emoji-groups.js';

/** At hand for a reaction. */
export const QUICK_EMOJI = ['👍', '❤️', '😂', '🎉', '👀', '✅'] as const;

/** What a reaction may have at most, in bytes: the node refuses more. */
const EMOJI_BYTES = 32;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[#*0-9]\ufe0f?\u20e3/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ALL = EMOJI_GROUPS.flatMap(({ emoji }) => emoji);

/** Emoji whose name has all these words, each as the beginning of one; or the one that was typed itself. */
export function findEmoji(typed: string, limit: number): (readonly [emoji: string, name: string])[] {
  const words = typed
    .toLowerCase()
    .split(/[\s_]+/)
    .filter(Boolean);
  if (words.length === 0) return [];
  if (isEmoji(typed.trim())) return [[typed.trim(), 'what you typed']];
  const found = ALL.filter(([, name]) => {
    const parts = name.split(' ');
    return words.every((word) => parts.some((part) => part.startsWith(word)));
  });
  return found.slice(0, limit);
}

/** One picture, as a reaction is. */
export const isEmoji = (text: string): boolean =>
  PICTURE.test(text) &&
  new TextEncoder().encode(text).byteLength <= EMOJI_BYTES &&
  [...graphemes.segment(text)].length === 1;
