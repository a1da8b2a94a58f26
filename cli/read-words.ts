import { text as readAll } from 'node:stream/consumers';
import { ChatterError } from '../src/errors.js';
import type { Context } from './context.js';

/** What is to be said: words of the command line, or standard input for `-`, which can be read for one thing only. */
export async function readWords(
  { options: { passphraseFile } }: Context,
  words: readonly string[],
  inviteFile: unknown,
): Promise<string> {
  if (words.length !== 1 || words[0] !== '-') return words.join(' ');
  if (passphraseFile === '-' || inviteFile === '-')
    throw new ChatterError('USAGE', { message: 'Standard input can be read for one thing only.' });
  return (await readAll(process.stdin)).trimEnd();
}
