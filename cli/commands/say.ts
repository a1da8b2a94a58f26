import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { readWords } from '../read-words.js';
import { settled } from '../settled.js';

/** Says one line; done when at least one other has it, or at once with `--no-wait`. */
export async function run(
  context: Context,
  [room, ...words]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const text = await readWords(context, words, options.inviteFile);
  const wait = options.wait !== false;
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    if (
      joined.people.length <= 1 &&
      (await settled(client, joined.roomId, wait ? context.timeoutMs : 0)) === 0 &&
      wait
    ) {
      throw new ChatterError('NOBODY_THERE', {
        message: `Nobody was in ${joined.room} in time; it was not said.`,
      });
    }
    const count = await say(client, joined.roomId, text, wait ? context.timeoutMs : 0);
    if (context.out.json) context.out.object({ type: 'said', room: joined.room, delivered: count });
    else if (wait) context.out.note(count === 1 ? 'One person has it.' : `${count} people have it.`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** Resolves to the number of people who have it: everybody it was handed to, or those who had it at the deadline. */
function say(client: Client, room: string, text: string, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let expected: { id: string; recipients: number } | null = null;
    const have = new Map<string, number>();
    const check = () => {
      const count = expected ? (have.get(expected.id) ?? 0) : 0;
      if (!expected || (timeoutMs > 0 && count < Math.max(1, expected.recipients))) return;
      clearTimeout(deadline);
      resolve(count);
    };
    const deadline = setTimeout(() => {
      const count = expected ? (have.get(expected.id) ?? 0) : 0;
      if (count > 0 || timeoutMs === 0) resolve(count);
      else reject(new ChatterError('NOBODY_THERE', { message: 'Nobody confirmed it in time.' }));
    }, timeoutMs || NO_WAIT_MS);
    client.on('event', (event) => {
      if (event.type !== 'message-delivered') return;
      have.set(event.id, event.count);
      check();
    });
    client.request('say', { room, text }).then(
      (said) => {
        expected = said;
        check();
      },
      (err: unknown) => {
        clearTimeout(deadline);
        reject(err as Error);
      },
    );
  });
}

/** With `--no-wait` only the node's own answer is waited for. */
const NO_WAIT_MS = 10_000;
