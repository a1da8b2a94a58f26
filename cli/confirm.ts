import { ChatterError } from '../src/errors.js';
import { ask, canAsk } from './prompt.js';

/**
 * Asks before something that cannot be undone: `word` is to be typed. Returns with `yes`. Throws USAGE where it was not
 * typed, or nobody can be asked.
 */
export async function confirm(what: string, word: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!canAsk()) throw new ChatterError('USAGE', { message: `${what} Say --yes if you mean it.` });
  if ((await ask(`${what} Type ${word} to go on: `))?.trim() === word) return;
  throw new ChatterError('USAGE', { message: 'Nothing was done.' });
}
