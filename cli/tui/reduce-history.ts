import type { Message } from '../../src/daemon/chat-api.js';
import {
  type Entry,
  KEPT_ENTRIES,
  type MessageEntry,
  withEntries,
  withNewestPage,
  withOlderPage,
} from './entries.js';
import { messageEntry, namesWith, requestEntry } from './message-entry.js';
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
  let entries: readonly Entry[] = withNewestPage(state.entries, page);
  for (const message of messages) {
    const asks = message.request ? requestEntry({ names, entries }, message) : null;
    if (asks) entries = withEntries(entries, [asks]);
  }
  return {
    ...state,
    names,
    entries,
    older: more ? 'more' : 'none',
    unreadFrom: state.unreadFrom ?? unread,
  };
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
