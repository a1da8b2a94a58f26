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
  params: Params<'history'> & { author: PeerId | undefined },
): Promise<Result<'history'>> {
  const { limit = PAGE, before, after, around, since, search, author } = params;
  const { chat } = talk;
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
    const older = await chat.page({ ...filter, before: middle, limit: half + 1 });
    const newer = await chat.page({ ...filter, after: middle, limit: half + 1 });
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
  const page = await chat.page(query);
  return answer(start ? page.slice(0, limit) : page.slice(-limit), page.length > limit);
}
