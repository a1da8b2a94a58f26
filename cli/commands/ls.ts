import { ChatterError } from '../../src/errors.js';
import { chooseRoom, type RoomChoice } from '../choose-room.js';
import type { Context } from '../context.js';
import { enter } from '../enter.js';
import { EXIT } from '../exit-codes.js';
import { personLabel } from '../person-commands.js';
import { settled } from '../settled.js';
import { sharedLines } from '../share-lines.js';

/** Lists what members share: the shares, what lies in a folder of one, or all of a name. */
export async function run(
  context: Context,
  [room, wanted]: string[],
  options: Record<string, unknown>,
): Promise<number> {
  const { out } = context;
  const chosen = await chooseRoom(context, room, options as RoomChoice);
  const client = await context.connect();
  try {
    const joined = await enter(client, context, chosen, options.yes === true);
    if (joined.people.length <= 1) await settled(client, joined.roomId, context.timeoutMs);
    const asked = { room: joined.roomId, from: options.from as string | undefined };
    const look = wanted === undefined || wanted.endsWith('/') ? { path: wanted ?? '' } : { pattern: wanted };
    const { entries, more, silent } = await client.request('ls', { ...asked, ...look });
    for (const person of silent) out.note(`${personLabel(person)} did not answer.`);
    if (out.json) for (const entry of entries) out.object(entry);
    else for (const line of sharedLines(entries)) out.line(line);
    if (more) out.note('There is more than is shown: look into a folder (PATH/), or for a narrower name.');
    if (entries.length === 0 && wanted !== undefined) throw new ChatterError('FILE_NOT_FOUND');
    if (entries.length === 0) out.note('Nobody shares anything here. npx chatter share ROOM PATH does.');
    return EXIT.done;
  } finally {
    await client.close();
  }
}
