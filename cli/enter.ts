import type { Result } from '../src/daemon/api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import type { ChosenRoom } from './choose-room.js';
import type { Context } from './context.js';
import { safe } from './output.js';
import { ask, canAsk } from './prompt.js';

/** Joins the chosen room and says what there is to know about it. */
export async function enter(
  client: Client,
  context: Context,
  chosen: ChosenRoom,
  yes: boolean,
): Promise<Result<'join'>> {
  const { name, peer } = context.options;
  const request = { ...chosen, name, peers: peer };
  let joined: Result<'join'>;
  try {
    joined = await client.request('join', request);
  } catch (err) {
    if (!(err instanceof ChatterError) || err.code !== 'ROOM_NAME_TAKEN') throw err;
    if (!yes && !(await agrees(chosen.room))) throw err;
    joined = await client.request('join', { ...request, openAnyway: true });
  }
  for (const notice of joined.notices) context.out.note(safe(notice));
  return joined;
}

async function agrees(room: string): Promise<boolean> {
  if (!canAsk()) return false;
  const question = `You know "${safe(room)}" as a protected room. Enter the open room of this name instead? [y/N] `;
  return /^y(es)?$/i.test(((await ask(question)) ?? '').trim());
}
