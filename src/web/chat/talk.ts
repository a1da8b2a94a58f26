import type { ApiEvent, Person } from '../../daemon/api.js';
import type { Message } from '../../daemon/chat-api.js';
import {
  addLive,
  changeMessages,
  EMPTY_WINDOW,
  type MessageWindow,
  WINDOW_MESSAGES,
} from './message-window.js';
import { comparePlaces, type Place } from './place.js';

/** What is said in a room, as far as this page holds it, and what the reader does with it. */
export interface Talk {
  readonly window: MessageWindow;
  /** Whose direct messages the window holds; null while it holds what everybody reads. */
  readonly direct: Person | null;
  /** The reader is at the end and stays there when something is said. */
  readonly following: boolean;
  /** Where the unread line stands during this visit. */
  readonly unreadFrom: Place | null;
  /** Others who are writing now, by id. */
  readonly typing: ReadonlyMap<string, Person>;
  /** Messages of others below, since the reader went up. */
  readonly below: number;
  /** A message to be brought into sight; `turn` tells one wish from the next. */
  readonly target: { readonly id: string; readonly turn: number; readonly focus: boolean } | null;
  /** Own messages that somebody may have got or not: a link broke before they confirmed them. */
  readonly doubtful: ReadonlySet<string>;
  /** First direct messages of people who are not verified and wait for an answer. */
  readonly requests: readonly Message[];
  /** What the field below writes on. */
  readonly compose: Compose;
}

export interface Compose {
  readonly replyTo: Message | null;
  readonly editing: Message | null;
  /** Whom alone what is written is for. */
  readonly to: Person | null;
}

const PLAIN: Compose = { replyTo: null, editing: null, to: null };

export const EMPTY_TALK: Talk = {
  window: EMPTY_WINDOW,
  direct: null,
  following: true,
  unreadFrom: null,
  typing: new Map(),
  below: 0,
  target: null,
  doubtful: new Set(),
  requests: [],
  compose: PLAIN,
};

/** The talk after an event of the node; the same one comes back where nothing of it changes. */
export function reduceTalk(talk: Talk, event: ApiEvent): Talk {
  switch (event.type) {
    case 'message':
      return said(talk, event);
    case 'message-edited':
      return changed(talk, event.id, (message) => ({ ...event, ...unreadOf(message) }));
    case 'message-deleted':
      return changed(talk, event.id, (message) => ({ ...message, text: '', deleted: true, reactions: [] }));
    case 'reaction':
      return changed(talk, event.id, (message) => ({ ...message, reactions: event.reactions }));
    case 'message-delivered':
      return changed(talk, event.id, (message) => ({
        ...message,
        deliveredTo: including(message.deliveredTo, event.to),
        of: message.to ? message.of : event.of,
      }));
    case 'receipt': {
      const { peer, delivered, read } = event;
      const isMeant = ({ self, clock, deliveredTo, readBy, to }: Message) =>
        self &&
        clock <= Math.max(delivered, read) &&
        (!to || to.id === peer.id) &&
        !(includes(deliveredTo, peer) && (clock > read || includes(readBy, peer)));
      const window = changeMessages(talk.window, isMeant, (message) => ({
        ...message,
        deliveredTo: including(message.deliveredTo, peer),
        readBy: message.clock <= read ? including(message.readBy, peer) : message.readBy,
      }));
      return window === talk.window ? talk : { ...talk, window };
    }
    case 'message-undelivered':
      return { ...talk, doubtful: new Set([...talk.doubtful, ...event.ids]) };
    case 'typing': {
      const { peer, on } = event;
      if (on === talk.typing.has(peer.id)) return talk;
      return {
        ...talk,
        typing: on ? new Map(talk.typing).set(peer.id, peer) : without(talk.typing, peer.id),
      };
    }
    case 'history-changed':
      return { ...talk, window: { ...talk.window, stale: true, heard: [] } };
    default:
      return talk;
  }
}

function said(talk: Talk, message: Message): Talk {
  if (message.request) return { ...talk, requests: [...talk.requests, message] };
  const typing = talk.typing.has(message.author.id) ? without(talk.typing, message.author.id) : talk.typing;
  const shown: Message = message.self ? message : { ...message, unread: true };
  const isShown = talk.direct === null || isBetween(message, talk.direct);
  const window = isShown ? addLive(talk.window, shown, talk.following) : talk.window;
  if (window === talk.window && typing === talk.typing) return talk;
  const below = talk.following || message.self || !isShown ? talk.below : talk.below + 1;
  // Who answers has read what is above.
  return { ...talk, window, typing, below, unreadFrom: message.self ? null : talk.unreadFrom };
}

function changed(talk: Talk, id: string, change: (message: Message) => Message): Talk {
  const window = changeMessages(talk.window, (message) => message.id === id, change);
  return window === talk.window ? talk : { ...talk, window };
}

const isBetween = ({ to, author, self }: Message, { id }: Person): boolean =>
  to !== undefined && to !== null && (self ? to.id : author.id) === id;

/** The same talk, of which another part is shown: what was written with one person alone, or all of it. */
export const show = ({ requests, typing, doubtful }: Talk, direct: Person | null): Talk => ({
  ...EMPTY_TALK,
  requests,
  typing,
  doubtful,
  direct,
});

/** More unread messages than this are read from the first one on; fewer are in sight at the end. */
const MANY_UNREAD = 12;

/**
 * The reader comes back to the room, in which the node counts so many unread messages: the line stands where these
 * begin. Where more are unread than are held, what is held is read anew.
 */
export function beginVisit(talk: Talk, count: number): Talk {
  if (talk.direct) return talk; // what is unread is counted for the room
  const unread = talk.window.messages.filter((message) => message.unread);
  const [first] = unread;
  const isOlder = first !== undefined && first === talk.window.messages[0] && talk.window.olderLeft;
  if (isOlder && count > unread.length && talk.window.messages.length < WINDOW_MESSAGES)
    return { ...talk, window: EMPTY_WINDOW };
  const unreadFrom = first ? { clock: first.clock, id: first.id } : null;
  if (!first || unread.length <= MANY_UNREAD) return { ...talk, unreadFrom };
  const target = { id: first.id, turn: (talk.target?.turn ?? 0) + 1, focus: false };
  return { ...talk, unreadFrom, target, following: false, below: Math.max(count, unread.length) };
}

/** Older messages came before what is held: the line may stand further up than was known. */
export function extendUnread(talk: Talk, page: readonly Message[]): Talk {
  const { unreadFrom, window } = talk;
  const first = page.find(({ unread }) => unread);
  if (!first || !unreadFrom || window.messages[0]?.id !== unreadFrom.id) return talk;
  return { ...talk, unreadFrom: { clock: first.clock, id: first.id } };
}

/** Everything up to here has been read, of the messages with these ids. */
export function markRead(talk: Talk, upTo: Place, told: ReadonlySet<string>): Talk {
  const window = changeMessages(
    talk.window,
    (message) => message.unread === true && comparePlaces(message, upTo) <= 0 && told.has(message.id),
    (message) => ({ ...message, unread: undefined }),
  );
  return window === talk.window ? talk : { ...talk, window };
}

const unreadOf = ({ unread }: Message) => (unread ? { unread } : {});

const includes = (people: readonly Person[], person: Person) => people.some(({ id }) => id === person.id);

const including = (people: Message['deliveredTo'], person: Person): Message['deliveredTo'] =>
  includes(people, person) ? people : [...people, person];

function without<V>(map: ReadonlyMap<string, V>, id: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
