import type { Client } from '../../src/daemon/client.js';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { type MarkVerb, mark, personLabel } from '../person-commands.js';

/** The people with a mark. */
export async function listMarked(
  client: Client,
  { out }: Context,
  marked: 'verified' | 'blocked' | 'muted',
): Promise<void> {
  const people = (await client.request('people', {})).filter((person) => person[marked]);
  if (people.length === 0) out.note(`Nobody is ${marked}.`);
  for (const person of people) {
    if (out.json) out.object(person);
    else
      out.line(
        `${personLabel(person)}  ${person.here ? 'here' : `last seen ${person.lastSeen.slice(0, 10)}`}`,
      );
  }
}

const marking =
  (verb: MarkVerb) =>
  async (context: Context, [person]: string[]): Promise<number> => {
    const client = await context.connect();
    try {
      if (person === undefined) {
        await listMarked(client, context, verb === 'block' ? 'blocked' : 'muted');
        return EXIT.done;
      }
      const [known, sentence] = await mark(client, verb, person);
      if (context.out.json) context.out.object(known);
      else context.out.note(sentence);
      return EXIT.done;
    } finally {
      await client.close();
    }
  };

/** Not let in anywhere any more, or again. */
export const block = marking('block');
export const unblock = marking('unblock');
/** What they say is not shown, or again. */
export const mute = marking('mute');
export const unmute = marking('unmute');
