import { fstatSync } from 'node:fs';
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';

const PROMPT = '> ';
/** Lines read ahead of the one who takes them; a fast pipe waits. */
const AHEAD = 1000;

/**
 * The lines of standard input. On a terminal with a prompt that stays below whatever is printed meanwhile. Input
 * that ends ends the lines; no input at all (`/dev/null`, as under a service) only listens, until a signal.
 */
export class InputLines implements AsyncIterable<string> {
  readonly isTerminal: boolean;
  /** Resolves when a signal asks to end. */
  readonly interrupted: Promise<void>;
  readonly #lines: Interface | null;
  readonly #output: NodeJS.WriteStream;
  readonly #queue: string[] = [];
  #ended = false;
  #rests = false;
  #wake: () => void = () => {};
  #interrupted: () => void = () => {};
  #interrupts = 0;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#output = output;
    this.interrupted = new Promise((resolve) => {
      this.#interrupted = resolve;
    });
    this.isTerminal = input.isTTY === true && output.isTTY === true;
    process.on('SIGTERM', this.#onSignal).on('SIGHUP', this.#onSignal);
    if (!this.isTerminal) process.on('SIGINT', this.#onSignal);
    // What was read to its end already, for a passphrase, gives no line and no event any more.
    this.#ended = input.readableEnded;
    if (this.#ended || hasNoInput()) {
      this.#lines = null;
      return;
    }
    this.#lines = createInterface({
      input,
      output: this.isTerminal ? output : undefined,
      terminal: this.isTerminal,
    });
    this.#lines.setPrompt(PROMPT);
    this.#lines.on('line', (line) => this.#push(line));
    this.#lines.on('close', this.#end);
    this.#lines.on('SIGINT', () => this.#interrupt());
    if (this.isTerminal) this.#lines.prompt();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    for (;;) {
      const line = this.#queue.shift();
      if (line !== undefined) {
        if (this.#queue.length < AHEAD && !this.#ended && !this.#rests) this.#lines?.resume();
        yield line;
        if (this.isTerminal && !this.#ended) this.#lines?.prompt();
      } else if (this.#ended) return;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  /** While it rests no more is read; lines that were read already come. */
  rest(on: boolean): void {
    this.#rests = on;
    if (on) this.#lines?.pause();
    else if (!this.#ended && this.#queue.length < AHEAD) this.#lines?.resume();
  }

  /** Prints above the prompt; what is being typed stays. */
  beside(print: () => void): void {
    if (!this.isTerminal || this.#ended) return print();
    clearLine(this.#output, 0);
    cursorTo(this.#output, 0);
    print();
    this.#lines?.prompt(true);
  }

  close(): void {
    this.#end();
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.off(signal, this.#onSignal);
    this.#lines?.close();
  }

  #push(line: string): void {
    this.#interrupts = 0;
    this.#queue.push(line);
    if (this.#queue.length >= AHEAD) this.#lines?.pause();
    this.#wake();
  }

  #interrupt(): void {
    if (++this.#interrupts > 1) return this.#end();
    this.beside(() => this.#output.write('Press Ctrl-C again to leave.\n'));
  }

  #onSignal = (): void => {
    this.#interrupted();
    this.#end();
  };

  #end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    if (this.isTerminal) this.#output.write('\n');
    this.#lines?.close();
    this.#wake();
  };
}

/** True for `/dev/null` and closed standard input, which are no input, unlike a pipe or file that ends. */
function hasNoInput(): boolean {
  if (process.stdin.isTTY) return false;
  try {
    return fstatSync(0).isCharacterDevice();
  } catch {
    return true;
  }
}
