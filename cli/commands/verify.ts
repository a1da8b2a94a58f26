import type { Known, Result } from '../../src/daemon/api.js';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { numbersToCompare, personLabel } from '../person-commands.js';
import { ask, canAsk } from '../prompt.js';
import { listMarked } from './mark.js';

/** Shows the numbers to compare with somebody, and marks them as verified once they have been compared. */
export async function run(
  context: Context,
  [ref]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const client = await context.connect();
  try {
    if (ref === undefined) {
      await listMarked(client, context, 'verified');
      return EXIT.done;
    }
    const person = await client.request('person', { person: ref });
    if (options.undo) return done(context, await mark(client, person, false), 'is not verified any more.');
    if (typeof options.number === 'string') {
      if (!fits(options.number, person)) {
        throw new ChatterError('NOT_VERIFIED', {
          message: 'The number does not fit: do not trust that this is them, and ask them again another way.',
        });
      }
    } else if (options.yes) {
      if (!canAsk() && !isExact(ref, person)) {
        throw new ChatterError('USAGE', {
          message: `A name can be anybody's: write "#${person.tag}", or the id.`,
        });
      }
    } else if (!(await compared(context, person))) return EXIT.done;
    return done(context, await mark(client, person, true), 'is verified.');
  } finally {
    await client.close();
  }
}

/** False where there is nobody to ask. Throws NOT_VERIFIED if the person says that the numbers differ, or nothing. */
async function compared({ out }: Context, person: Result<'person'>): Promise<boolean> {
  if (out.json) out.object(person);
  else for (const line of numbersToCompare(person)) out.line(line);
  if (out.json || !canAsk()) return false;
  if (/^y(es)?$/i.test(((await ask('Do they see the same digits? [y/N] ')) ?? '').trim())) return true;
  throw new ChatterError('NOT_VERIFIED');
}

const mark = (client: Client, { id }: Known, verified: boolean) =>
  client.request('mark', { person: id, verified });

function done({ out }: Context, known: Known, sentence: string): number {
  if (out.json) out.object(known);
  else out.note(`${personLabel(known)} ${sentence}`);
  return EXIT.done;
}

/** The sixty digits that they see, or the thirty of their own. */
const fits = (number: string, { safetyNumber, theirNumber }: Result<'person'>) =>
  [safetyNumber, theirNumber].some((other) => digits(other) === digits(number));

const digits = (text: string) => text.replace(/\D/g, '');

const isExact = (ref: string, { id, tag }: Known) => ref === id || ref.endsWith(`#${tag}`);
