import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** True where a person can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks one question on standard error; null if the input ended instead of an answer. Ctrl-C ends the command. */
export function ask(question: string): Promise<string | null> {
  return answer(question, process.stderr);
}

/** Asks for something that must not be seen while it is typed. */
export async function askHidden(question: string): Promise<string | null> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const given = answer('', nowhere);
  process.stderr.write(question); // the echo is off by now
  await given;
  process.stderr.write('\n');
  return given;
}

function answer(question: string, output: NodeJS.WritableStream): Promise<string | null> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((resolve) => {
    let given: string | null = null;
    lines.once('close', () => resolve(given));
    lines.once('SIGINT', () => {
      lines.close(); // the terminal is as it was
      process.stderr.write('\n');
      process.kill(process.pid, 'SIGINT'); // no answer, and nothing that would be done without one
    });
    lines.question(question, (text) => {
      given = text;
      lines.close();
    });
  });
}
