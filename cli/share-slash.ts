import type { Client } from '../src/daemon/client.js';
import { ChatterError, ERRORS } from '../src/errors.js';
import { fromHome } from './home-path.js';
import { safe } from './output.js';
import { personLabel } from './person-commands.js';
import { differing, sharedLines, shareLineHere } from './share-lines.js';
import { LEFT_OUT, title } from './transfer-lines.js';

const VERBS = ['share', 'unshare', 'ls', 'get'] as const;
type ShareVerb = (typeof VERBS)[number];

export const isShareVerb = (verb: string): verb is ShareVerb => VERBS.includes(verb as ShareVerb);

/** `/share`, `/unshare`, `/ls` and `/get` in a room, as the commands of these names; resolves to what is to be shown. */
export function shareCommand(
  client: Client,
  verb: ShareVerb,
  argument: string,
  room: string,
): Promise<string[]> {
  if (verb === 'share') return share(client, argument, room);
  if (verb === 'ls') return ls(client, argument, room);
  if (!argument)
    throw new ChatterError('USAGE', {
      message: verb === 'get' ? '/get needs a name.' : '/unshare needs the name that /share shows.',
    });
  return verb === 'get' ? get(client, argument, room) : unshare(client, argument, room);
}

/** What these commands can go on with: own shares by name, and the paths of what lies in the folder of `word`. */
export const sharedNames = (client: Client, room: string) => ({
  own: async () => (await client.request('shares', { room })).map(({ name }) => name),
  at: async (word: string) => {
    const { entries } = await client.request('ls', { room, path: word.slice(0, word.lastIndexOf('/') + 1) });
    return [...new Set(entries.map(({ path: place, folder }) => `${place}${folder ? '/' : ''}`))];
  },
});

async function share(client: Client, argument: string, room: string): Promise<string[]> {
  if (!argument) {
    const shares = await client.request('shares', { room });
    return shares.length > 0 ? shares.map(shareLineHere) : ['You share nothing here. /share PATH does.'];
  }
  const { shares, skipped } = await client.request('share', { room, paths: [fromHome(argument)] });
  const hidden = skipped.filter(({ why }) => why === 'hidden').length;
  return [
    ...(hidden > 0 ? [`Left out: ${hidden} hidden (their names begin with a dot)`] : []),
    ...skipped
      .filter(({ why }) => why !== 'hidden')
      .map(({ path: left, why }) => `Left out: ${safe(left)} (${LEFT_OUT[why] ?? why})`),
    ...shares.map(shareLineHere),
    'Whoever is here, now or later, can see and fetch it until /unshare.',
  ];
}

async function unshare(client: Client, argument: string, room: string): Promise<string[]> {
  const isPath = argument.includes('/') || argument.includes('\\');
  const ended = await client.request('unshare', { room, share: isPath ? fromHome(argument) : argument });
  return [`${safe(ended.name)} is not shared here any more.`];
}

async function ls(client: Client, argument: string, room: string): Promise<string[]> {
  const look = argument === '' || argument.endsWith('/') ? { path: argument } : { pattern: argument };
  const { entries, more, silent } = await client.request('ls', { room, ...look });
  if (entries.length === 0 && argument) throw new ChatterError('FILE_NOT_FOUND');
  return [
    ...silent.map((person) => `${personLabel(person)} did not answer.`),
    ...sharedLines(entries),
    ...(more ? ['There is more than is shown: /ls FOLDER/ looks into one.'] : []),
    ...(entries.length === 0 ? ['Nobody shares anything here. /share PATH does.'] : []),
  ];
}

async function get(client: Client, argument: string, room: string): Promise<string[]> {
  const { name, from, hash } = wanted(argument);
  try {
    const { transfers } = await client.request('get', { room, name, from, hash });
    return transfers.map((transfer) => `Fetching ${title(transfer)}`);
  } catch (err) {
    if (!(err instanceof ChatterError) || err.code !== 'FILE_AMBIGUOUS') throw err;
    const { entries } = await client.request('ls', { room, pattern: name, from });
    return [
      `${ERRORS.FILE_AMBIGUOUS} /get NAME --hash DIGITS, or --from PEER, says which:`,
      ...differing(entries).map(({ text }) => text),
    ];
  }
}

/** A name, which may have spaces, and after it `--hash DIGITS` or `--from PEER`. */
export function wanted(argument: string): { name: string; from?: string; hash?: string } {
  const [, before, option, value] = /^(.*\S)\s+--(hash|from)\s+(\S.*)$/s.exec(argument) ?? [];
  if (before === undefined || option === undefined || value === undefined) return { name: argument };
  return { ...wanted(before), [option]: value };
}
