import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { canAsk } from '../prompt.js';
import { run as join } from './join.js';

/** Asks which room, and enters it. Announces nothing before the answer. */
export async function run(
  context: Context,
  args: string[],
  options: Record<string, unknown>,
): Promise<number> {
  if (!canAsk()) {
    throw new ChatterError('USAGE', {
      message: 'There is no terminal to ask at. Use chatter join ROOM, or --help.',
    });
  }
  return join(context, args, options);
}
