import { homedir } from 'node:os';
import path from 'node:path';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { listLine, shortId, title } from './transfer-lines.js';

const VERBS = ['send', 'files', 'accept', 'decline', 'pause', 'resume', 'cancel', 'withdraw'] as const;
type FileVerb = (typeof VERBS)[number];

export const isFileVerb = (verb: string): verb is FileVerb => VERBS.includes(verb as FileVerb);

/** `/send`, `/accept` and the like in a room; resolves to what is to be shown. */
export async function fileCommand(
  client: Client,
  verb: FileVerb,
  argument: string,
  room: string,
): Promise<string[]> {
  if (verb === 'files') {
    const transfers = await client.request('transfers', { room });
    return transfers.length === 0
      ? ['Nothing is offered here.']
      : transfers.flatMap((each) => listLine(each).split('\n'));
  }
  if (!argument)
    throw new ChatterError('USAGE', {
      message: verb === 'send' ? '/send needs a path.' : `/${verb} needs the id that /files shows.`,
    });
  if (verb === 'send') {
    const sent = await client.request('send', {
      room,
      paths: [path.resolve(argument.replace(/^~(?=\/)/, homedir()))],
    });
    return [`Offered ${title(sent)}  [${shortId(sent)}]`];
  }
  return listLine(await client.request(verb, { transfer: argument })).split('\n');
}
