import type { Params, Result } from '../src/daemon/api.js';
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
  const { name, peer, lanOnly } = context.options;
  const request = { ...chosen, name, peers: peer, asksReach: canAsk() && !yes && !lanOnly };
  const joined = await joinAsking(client, request, yes);
  for (const notice of joined.notices) context.out.note(safe(notice));
  return joined;
}

/** Joins, and asks what only a person can decide; without one, or with `--yes`, what is usual is done. */
async function joinAsking(client: Client, request: Params<'join'>, yes: boolean): Promise<Result<'join'>> {
  try {
    return await client.request('join', request);
  } catch (err) {
    if (!(err instanceof ChatterError)) throw err;
    if (err.code === 'ROOM_NAME_TAKEN' && (yes || (await agrees(request.room)))) {
      return joinAsking(client, { ...request, openAnyway: true }, yes);
    }
    if (err.code === 'REACH_NEEDED') {
      const reach = await askReach(request.room);
      if (reach) return joinAsking(client, { ...request, reach }, yes);
      throw new ChatterError('USAGE', { message: 'No room was entered.' });
    }
    throw err;
  }
}

/** Null where the person would rather not. */
async function askReach(room: string): Promise<'here' | 'anywhere' | null> {
  const question =
    `"${safe(room)}" is an open room: anyone who guesses the name gets in\nand sees your address. Where is it to be open?\n` +
    '  Enter  on this network and the Internet\n  h      on this network only\n  n      nowhere\n> ';
  const answer = (await ask(question))?.trim().toLowerCase();
  if (answer === '') return 'anywhere';
  if (answer === 'h' || answer === 'here') return 'here';
  return answer === undefined || /^no?$/.test(answer) ? null : askReach(room);
}

async function agrees(room: string): Promise<boolean> {
  if (!canAsk()) return false;
  const question = `You know "${safe(room)}" as a protected room. Enter the open room of this name instead? [y/N] `;
  return /^y(es)?$/i.test(((await ask(question)) ?? '').trim());
}
