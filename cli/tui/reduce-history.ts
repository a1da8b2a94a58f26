import type { Message } from '../../src/daemon/chat-api.js';
import { KEPT_ENTRIES, type MessageEntry, withNewestPage, withOlderPage } from './entries.js';
import { messageEntry, namesWith, withRequests } from './message-entry.js';
import type { State } from './state.js';

/** A page of the history as the node gives it: oldest first, and whether older ones are known. */
interface Page {
  readonly messages: readonly Message[];
  readonly more: boolean;
}

/** The state with the newest page in the place of the messages that it had; a line stands above what is not read yet. */
export function withNewest(state: State, { messages, more }: Page): State {
  const names = namesWith(state.names, messages);
  const page = entriesOf({ ...state, names }, messages);
  const unread = page.find(({ message }) => message.unread)?.key ?? null;
  const next: State = {
    ...state,
    names,
    entries: withNewestPage(state.entries, page),
    older: more ? 'more' : 'none',
    unreadFrom: state.unreadFrom ?? unread,
  };
  const asking = messages.filter(({ request }) => request).map(({ author }) => author);
  return withRequests(next, asking, state.openedAt);
}

/** The state with an older page above what it had. */
export function withOlder(state: State, { messages, more }: Page): State {
  const names = namesWith(state.names, messages);
  const entries = withOlderPage(state.entries, entriesOf({ ...state, names }, messages));
  return { ...state, names, entries, older: more ? 'more' : 'none' };
}

/** True where the window holds as much of the history as it can. */
export const isFull = ({ entries }: State): boolean => entries.length >= 2 * KEPT_ENTRIES;

const entriesOf = (state: State, messages: readonly Message[]): MessageEntry[] =>
  messages.flatMap((message) => messageEntry(state, message) ?? []);
