import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { personLabel } from '../person-commands.js';
import { readWords } from '../read-words.js';
import { settled } from '../settled.js';

/** Says something to one person alone; done when they have it, or at once with `--no-wait`. */
export async function run(
  context: Context,
  [room, person = '', ...words]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  const text = await readWords(context, words, options.inviteFile);
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    const has = new Receipt(client);
    const say = () => client.request('dm', { room: joined.roomId, person, text });
    const { message } = await say().catch(async (err: unknown) => {
      // Whoever is here may only be on their way.
      if (!['PEER_UNKNOWN', 'DM_NOT_HERE'].includes(ChatterError.from(err).code) || options.wait === false)
        throw err;
      if ((await settled(client, joined.roomId, context.timeoutMs)) === 0) throw err;
      return say();
    });
    const to = message.to ?? message.author;
    const arrived = options.wait === false || (await has.of(message.id, to.id, context.timeoutMs));
    if (out.json)
      out.object({ type: 'said', room: joined.room, id: message.id, to, delivered: Number(arrived) });
    if (!arrived)
      throw new ChatterError('NOBODY_THERE', {
        message: `${personLabel(to)} has not got it yet; it is kept, and goes to them when they are here.`,
      });
    if (!out.json && options.wait !== false) out.note(`${personLabel(to)} has it.`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** Hears who has which message. */
class Receipt {
  readonly #have = new Set<string>();
  #heard: () => void = () => {};

  constructor(client: Client) {
    client.on('event', (event) => {
      if (event.type !== 'message-delivered') return;
      this.#have.add(`${event.id} ${event.to.id}`);
      this.#heard();
    });
  }

  /** Resolves to whether this person had it in time. */
  async of(id: string, person: string, timeoutMs: number): Promise<boolean> {
    const has = () => this.#have.has(`${id} ${person}`);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      this.#heard = () => {
        if (has()) resolve();
      };
      this.#heard();
    });
    clearTimeout(timer);
    return has();
  }
}
