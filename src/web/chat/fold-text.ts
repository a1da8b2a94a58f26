/** Characters that fit the reading column, about. */
const LINE_CHARACTERS = 90;
/** A text with more lines than this is folded, so that one message never fills more than a window. */
const LONGEST_LINES = 40;
/** Lines that are shown of one that is folded: fewer, so that unfolding is worth a click. */
const FOLDED_LINES = 24;

export interface Folded {
  /** What is shown of it. */
  readonly text: string;
  /** Lines of the whole, about. */
  readonly lines: number;
}

/** The beginning of a long text; null for one that is shown whole. */
export function foldText(text: string): Folded | null {
  if (text.length <= LONGEST_LINES) return null;
  const written = text.split('\n');
  const lines = written.reduce((sum, line) => sum + rowsOf(line), 0);
  if (lines <= LONGEST_LINES) return null;
  const shown: string[] = [];
  for (let left = FOLDED_LINES; left > 0; ) {
    const line = written[shown.length] as string; // there are more lines than are left
    shown.push(rowsOf(line) <= left ? line : cut(line, left * LINE_CHARACTERS));
    left -= rowsOf(line);
  }
  return { text: shown.join('\n'), lines };
}

const rowsOf = (line: string): number => Math.max(1, Math.ceil(line.length / LINE_CHARACTERS));

/** As much of a line, to the end of a word where there is one; never half a character. */
function cut(line: string, length: number): string {
  const part = line.slice(0, length);
  const space = part.lastIndexOf(' ');
  return space > length / 2 ? part.slice(0, space) : part.replace(/[\ud800-\udbff]$/, '');
}
