import type { PageQuery } from '../chat/chat-store.js';
import { snippet } from '../chat/search-terms.js';
import type { Shown } from '../chat/timeline.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Talk } from '../node/kept-talks.js';
import type { Params, Result } from './api.js';
import type { MessageView } from './message-view.js';

const PAGE = 50;

/** One page of a history: the newest, before or after a message, around it, or what was searched for. */
export async function historyPage(
  talk: Talk,
  view: MessageView,
  params: Omit<Params<'history'>, 'direct'> & { author: PeerId | undefined; direct: PeerId | undefined },
): Promise<Result<'history'>> {
  const { limit = PAGE, before, after, around, since, search, author, direct } = params;
  const { chat } = talk;
  const read = (query: PageQuery) =>
    direct === undefined ? chat.page(query) : directPage(chat, direct, query);
  const filter = {
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(author === undefined ? {} : { author }),
  };
  const found = async (id: string | undefined) => (id === undefined ? undefined : chat.find(id));
  const answer = async (page: readonly Shown[], more: boolean) => ({
    messages: await view.messages(talk, page),
    more,
  });
  if (search !== undefined) {
    const beforeRow = (await found(before))?.row;
    const query = { ...filter, limit: limit + 1, ...(beforeRow ? { beforeRow } : {}) };
    const hits = await chat.search(search, query);
    const { messages, more } = await answer(hits.slice(-limit), hits.length > limit);
    return { messages: messages.map((each) => ({ ...each, snippet: snippet(each.text, search) })), more };
  }
  const middle = await found(around);
  if (middle) {
    const half = Math.max(1, Math.floor(limit / 2));
    const older = await read({ ...filter, before: middle, limit: half + 1 });
    const newer = await read({ ...filter, after: middle, limit: half + 1 });
    const page = [...older.slice(-half), middle, ...newer.slice(0, half)];
    return { ...(await answer(page, older.length > half)), newer: newer.length > half };
  }
  const [end, start] = [await found(before), await found(after)];
  const query: PageQuery = {
    ...filter,
    limit: limit + 1,
    ...(end ? { before: end } : {}),
    ...(start ? { after: start } : {}),
  };
  const page = await read(query);
  return answer(start ? page.slice(0, limit) : page.slice(-limit), page.length > limit);
}

/** Direct messages read at once. */
const READ_AT_ONCE = 200;

/** What was written between one person and oneself alone: whom a direct message is for is known when it is opened. */
async function directPage(chat: Talk['chat'], person: PeerId, query: PageQuery): Promise<Shown[]> {
  const found: Shown[] = [];
  const isNewer = query.after !== undefined;
  for (let at: PageQuery = { ...query, direct: true, limit: READ_AT_ONCE }; ; ) {
    const page = await chat.page(at);
    const between = page.filter(({ author, to }) => author === person || to === person);
    found[isNewer ? 'push' : 'unshift'](...between);
    const next = isNewer ? page.at(-1) : page[0];
    if (!next || page.length < READ_AT_ONCE || found.length >= query.limit) break;
    at = isNewer ? { ...at, after: next } : { ...at, before: next };
  }
  return isNewer ? found.slice(0, query.limit) : found.slice(-query.limit);
}
