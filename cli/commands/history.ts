import type { Params } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import type { Context } from '../context.js';
import { Names } from '../event-lines.js';
import { EXIT } from '../exit-codes.js';
import { messageLines } from '../message-lines.js';
import { momentOf } from '../since.js';

interface Options {
  search?: string;
  from?: string;
  mentions?: boolean;
  since?: string;
  limit?: number;
}

const PAGE = 500;
const USUAL = 50;
const MOST = 10_000;

/** Prints what was said in a room, oldest first, each with the tag that names it. */
export async function run(context: Context, [room = '']: string[], options: Options): Promise<number> {
  const { out } = context;
  const { search, from, mentions, since } = options;
  if (mentions && (search !== undefined || from !== undefined || since !== undefined))
    throw new ChatterError('USAGE', { message: '--mentions goes with --limit alone.' });
  const limit = options.limit ?? (since === undefined ? USUAL : MOST);
  const moment = since === undefined ? undefined : momentOf(since, Date.now());
  const client = await context.connect();
  try {
    const messages = mentions
      ? await client.request('mentions', { room, limit: Math.min(limit, PAGE) })
      : await newest(client, { room, search, from, since: moment }, limit);
    const names = new Names();
    for (const { author } of messages) names.see(author);
    for (const message of messages) {
      if (out.json) out.object(message);
      else
        for (const line of messageLines(message, {
          paint: out.paint,
          nameOf: (who) => names.of(who),
          full: true,
        }))
          out.line(line);
    }
    if (messages.length === 0)
      out.note(search === undefined ? 'Nothing was said here.' : 'Nothing was found.');
    return EXIT.done;
  } finally {
    await client.close();
  }
}

/** Page by page, from the newest back; oldest first. */
async function newest(
  client: Client,
  query: Omit<Params<'history'>, 'limit' | 'before'>,
  limit: number,
): Promise<Message[]> {
  const pages: Message[][] = [];
  for (let left = limit; left > 0; ) {
    const before = pages.at(-1)?.[0]?.id;
    const page = await client.request('history', { ...query, limit: Math.min(left, PAGE), before });
    pages.push(page.messages);
    left -= page.messages.length;
    if (!page.more || page.messages.length === 0) break;
  }
  return pages.reverse().flat();
}
