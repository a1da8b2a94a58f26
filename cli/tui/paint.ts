import { cells } from './cells.js';
import type { Tone } from './entries.js';
import type { Frame } from './layout.js';
import type { Row } from './log-rows.js';
import { PEOPLE_CELLS } from './sizes.js';

/** Select graphic rendition (ECMA-48 section 8.3.117): a weight, and one of the sixteen colours that every terminal has, light or dark. */
const TONES: Record<Tone, { weight?: number; hue?: number }> = {
  plain: {},
  strong: { weight: 1 },
  dim: { weight: 2 },
  risk: { hue: 33 },
  failed: { hue: 31 },
  done: { hue: 32 },
  accent: { weight: 1, hue: 35 },
  picked: { weight: 7 },
};

/**
 * A frame as rows of text for a terminal, from the top; everything about it was decided by `layout`. It is a function
 * and no tree of components on purpose: a drawing of 120 by 40 takes 0.3 ms of processor instead of the 10 ms that
 * Ink took, and whoever types in a flood waits for drawings.
 */
export function paint({ columns, head, log, people, foot }: Frame, color: boolean): string[] {
  const row = (spans: Row): string => paintRow(spans, color);
  const beside = columns - PEOPLE_CELLS;
  const middle =
    people.length === 0
      ? log.map(row)
      : log.map(
          (spans, i) => row(spans) + ' '.repeat(Math.max(0, beside - widthOf(spans))) + row(people[i] ?? []),
        );
  return [...head.map(row), ...middle, ...foot.map(row)];
}

function paintRow(spans: Row, color: boolean): string {
  let painted = '';
  for (const { text, tone } of spans) {
    const { weight, hue } = TONES[tone];
    const codes = [weight, color ? hue : undefined].filter((code) => code !== undefined);
    painted += codes.length > 0 ? `\x1b[${codes.join(';')}m${text}\x1b[0m` : text;
  }
  return painted;
}

const widthOf = (spans: Row): number => spans.reduce((sum, { text }) => sum + cells(text), 0);
