import pc from 'picocolors';
import { terminalText } from '../src/text.js';

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  /** True or false if the person said so, undefined to look at the terminal and `NO_COLOR`. */
  color?: boolean;
}

/**
 * Where a command's words go: results to standard output, everything else to standard error. Whatever a peer may
 * have chosen passes `safe` before it is put between our own words; nothing else removes control characters.
 */
export class Output {
  readonly json: boolean;
  readonly isColored: boolean;
  readonly paint: ReturnType<typeof pc.createColors>;
  readonly #quiet: boolean;

  constructor({ json, quiet, color }: OutputOptions) {
    this.json = json;
    this.#quiet = quiet;
    const wanted = color ?? (process.env.NO_COLOR ? false : process.stdout.isTTY === true);
    this.isColored = wanted && !json;
    this.paint = pc.createColors(this.isColored);
  }

  /** One line of the result. */
  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** One object of the result, as a line. */
  object(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Says something beside the result; not with `--quiet`. */
  note(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }
}

/** Text that somebody else chose, fit to stand within one line of a terminal. */
export const safe = terminalText;

/** Paints nothing. */
export const PLAIN = pc.createColors(false);
