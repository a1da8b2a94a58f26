import { cells } from './cells.js';
import type { Frame } from './layout.js';

/** Control functions of xterm that every terminal of today knows, or skips. */
const ENTER = [
  '\x1b[?1049h', // the screen beside the usual one: what stood there is there again afterwards
  '\x1b[?2004h', // pastes are bracketed
  '\x1b[?1004h', // it tells when another window gets the keyboard
  '\x1b[?1007l', // the wheel is no arrow key
  '\x1b[?7l', // what is too wide is cut off
  '\x1b[2J',
].join('');
const LEAVE = '\x1b[?7h\x1b[?1007h\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[0m\x1b[?1049l';
const BEGIN = '\x1b[?2026h\x1b[?25l'; // drawn as a whole, where the terminal can
const END = '\x1b[?25h\x1b[?2026l';
/** Characters that terminals do not agree on how wide they are: emoji, what joins them, and marks. */
const UNSURE =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\p{Mark}\p{Default_Ignorable_Code_Point}]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours text
const PAINT = /\x1b\[[\d;]*m/y;

/**
 * The terminal while the full screen has it.
 *
 * 1. After `leave`, and at the latest when the process ends, the terminal is as it was.
 * 2. Only rows that differ from what stands there are written, each at its own place: a wrong guess about the width
 *    of a character harms neither the rows around it nor, as the place of what follows it is given, the row itself.
 */
export class Screen {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  #shown: string[] = [];
  #entered = false;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  get size(): { columns: number; rows: number } {
    return { columns: Math.max(1, this.#output.columns || 80), rows: Math.max(2, this.#output.rows || 24) };
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    process.on('exit', this.#leave); // Invariant 1
    this.#input.setRawMode(true);
    this.#input.setEncoding('utf8');
    this.#input.resume();
    this.#output.write(ENTER);
    this.#shown = [];
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    process.off('exit', this.#leave);
    this.#output.write(LEAVE);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  #leave = (): void => this.leave();

  /** Forgets what stands there: everything is drawn again. */
  clear(): void {
    if (this.#entered) this.#output.write('\x1b[2J');
    this.#shown = [];
  }

  draw(rows: readonly string[], { column, row }: Frame['cursor']): void {
    if (!this.#entered) return;
    const changes: string[] = [];
    for (const [i, text] of rows.entries()) {
      if (this.#shown[i] === text) continue;
      changes.push(`\x1b[${i + 1};1H\x1b[K${placed(text)}\x1b[0m`); // Invariant 2
    }
    this.#shown = [...rows];
    this.#output.write(`${BEGIN}${changes.join('')}\x1b[${row + 1};${column + 1}H${END}`);
  }
}

const LONGEST_CHARACTER = 64;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A row in which the place of whatever follows a character of unsure width is given. */
export function placed(row: string): string {
  if (!UNSURE.test(row)) return row;
  let [written, column] = ['', 0];
  for (let i = 0; i < row.length; ) {
    PAINT.lastIndex = i;
    const paint = PAINT.exec(row)?.[0];
    if (paint !== undefined) {
      written += paint;
      i += paint.length;
      continue;
    }
    const [{ segment } = { segment: '' }] = graphemes.segment(row.slice(i, i + LONGEST_CHARACTER));
    column += cells(segment);
    written += UNSURE.test(segment) ? `${segment}\x1b[${column + 1}G` : segment;
    i += segment.length;
  }
  return written;
}
