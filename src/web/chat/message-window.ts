import type { Message } from '../../daemon/chat-api.js';
import { comparePlaces } from './place.js';

/**
 * A piece of a room's history without a gap, as far as the page holds it. Pure functions make the next one.
 *
 * 1. Messages are in the order of the room, each once.
 * 2. It never holds more than `WINDOW_MESSAGES`: what grows at one end falls off at the other.
 * 3. While newer ones are left in the node, what is said meanwhile waits in `heard`, and is joined to the end when the
 *    node's answer reaches it, so that nothing said during a request is missed.
 */
export interface MessageWindow {
  readonly messages: readonly Message[];
  /** There are older ones in the node. */
  readonly olderLeft: boolean;
  /** There may be newer ones in the node. */
  readonly newerLeft: boolean;
  /** To be read (again) before it can be trusted: nothing was read yet, or events were missed. */
  readonly stale: boolean;
  /** Null where too many came to be kept. */
  readonly heard: readonly Message[] | null;
}

export const WINDOW_MESSAGES = 400;
/** While the reader is at the end, so that a flood costs little. */
const FOLLOWING_MESSAGES = 200;
const HEARD_MESSAGES = 1_000;

export const EMPTY_WINDOW: MessageWindow = {
  messages: [],
  olderLeft: false,
  newerLeft: true,
  stale: true,
  heard: [],
};

/** What the node answered to the first question, or to one around a message. */
export function openWindow(
  { heard }: MessageWindow,
  page: readonly Message[],
  left: { older: boolean; newer: boolean },
): MessageWindow {
  const opened = { messages: page, olderLeft: left.older, newerLeft: left.newer, stale: false };
  return reachEnd({ ...opened, heard });
}

/** From now on what is said is kept for the answer to the question that is being asked. */
export const listen = (window: MessageWindow): MessageWindow => ({ ...window, heard: [] });

export function addOlder(window: MessageWindow, page: readonly Message[], olderLeft: boolean): MessageWindow {
  const messages = merge(page, window.messages);
  if (messages.length <= WINDOW_MESSAGES) return { ...window, messages, olderLeft };
  return cutNewer({ ...window, messages, olderLeft });
}

export function addNewer(window: MessageWindow, page: readonly Message[], newerLeft: boolean): MessageWindow {
  const messages = merge(window.messages, page);
  return reachEnd(cutOlder({ ...window, messages, newerLeft }, WINDOW_MESSAGES));
}

/** One that was said just now. `following`: the reader is at the end and goes with it. */
export function addLive(window: MessageWindow, message: Message, following: boolean): MessageWindow {
  if (window.stale || window.newerLeft) {
    if (window.heard === null) return window;
    return { ...window, heard: window.heard.length < HEARD_MESSAGES ? [...window.heard, message] : null };
  }
  const { messages, olderLeft } = window;
  const at = placeOf(messages, message);
  if (messages[at]?.id === message.id || (at === 0 && olderLeft && messages.length > 0)) return window;
  const next = { ...window, messages: messages.toSpliced(at, 0, message) };
  if (following) return cutOlder(next, FOLLOWING_MESSAGES);
  return next.messages.length > WINDOW_MESSAGES ? cutNewer(next) : next;
}

/** The same window comes back where none of it is changed. */
export function changeMessages(
  window: MessageWindow,
  isMeant: (message: Message) => boolean,
  change: (message: Message) => Message,
): MessageWindow {
  const messages = changeAll(window.messages, isMeant, change);
  const heard = window.heard && changeAll(window.heard, isMeant, change);
  return messages === window.messages && heard === window.heard ? window : { ...window, messages, heard };
}

/** The first place in the order at which `message` could stand. */
function placeOf(messages: readonly Message[], message: Message): number {
  let [low, high] = [0, messages.length];
  // Most messages are the newest.
  if (high > 0 && comparePlaces(messages[high - 1] as Message, message) < 0) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePlaces(messages[middle] as Message, message) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function reachEnd(window: MessageWindow): MessageWindow {
  if (window.newerLeft) return window;
  if (window.heard === null) return { ...window, newerLeft: true, heard: [] }; // Invariant 3: read on
  const messages = merge(window.messages, window.heard);
  return cutOlder({ ...window, messages, heard: [] }, WINDOW_MESSAGES);
}

function cutOlder(window: MessageWindow, count: number): MessageWindow {
  if (window.messages.length <= count) return window;
  return { ...window, messages: window.messages.slice(-count), olderLeft: true };
}

const cutNewer = (window: MessageWindow): MessageWindow => ({
  ...window,
  messages: window.messages.slice(0, WINDOW_MESSAGES),
  newerLeft: true,
  heard: [],
});

/** Where both have a message, the second one's is newer. */
function merge(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  if (b.length === 0) return a;
  const all = new Map([...a, ...b].map((message) => [message.id, message]));
  return [...all.values()].sort(comparePlaces);
}

function changeAll(
  messages: readonly Message[],
  isMeant: (message: Message) => boolean,
  change: (message: Message) => Message,
): readonly Message[] {
  if (!messages.some(isMeant)) return messages;
  return messages.map((message) => (isMeant(message) ? change(message) : message));
}
