import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { fromHome } from './home-path.js';
import { listLine, shortId, title, whatOf } from './transfer-lines.js';

const VERBS = ['send', 'files', 'accept', 'decline', 'pause', 'resume', 'cancel', 'withdraw'] as const;
type FileVerb = (typeof VERBS)[number];

export const isFileVerb = (verb: string): verb is FileVerb => VERBS.includes(verb as FileVerb);

/** `/send`, `/accept` and the like in a room; resolves to what is to be shown: not what an event tells anyway. */
export async function fileCommand(
  client: Client,
  verb: FileVerb,
  argument: string,
  room: string,
): Promise<string[]> {
  if (verb === 'files') {
    const transfers = await client.request('transfers', { room });
    return transfers.length === 0
      ? ['Nothing is offered here. /send PATH does.']
      : transfers.flatMap((each) => listLine(each, { isInRoom: true }).split('\n'));
  }
  if (!argument)
    throw new ChatterError('USAGE', {
      message: verb === 'send' ? '/send needs a path.' : `/${verb} needs the id that /files shows.`,
    });
  switch (verb) {
    case 'send': {
      const sent = await client.request('send', { room, paths: [fromHome(argument)] });
      return [`Offered ${title(sent)}; /withdraw ${shortId(sent)} takes it back`];
    }
    case 'accept': {
      const { id, place } = acceptedTo(argument);
      const out = place === undefined ? undefined : fromHome(place);
      return [`Taking ${title(await client.request('accept', { transfer: id, out }))}`];
    }
    case 'pause': {
      const waits = await client.request('pause', { transfer: argument });
      return [`${whatOf(waits)} waits; /resume ${shortId(waits)} goes on with it`];
    }
    case 'resume':
      return [`${whatOf(await client.request('resume', { transfer: argument }))} goes on`];
    default:
      await client.request(verb, { transfer: argument });
      return [];
  }
}

/** `3f09ac12` or `3f09ac12 to ~/inbox`. */
function acceptedTo(argument: string): { id: string; place?: string } {
  const [, id = argument, place] = /^(\S+)\s+to\s+(\S.*)$/s.exec(argument) ?? [];
  return { id, place };
}
