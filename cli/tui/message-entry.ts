import type { Message } from '../../src/daemon/chat-api.js';
import type { LineEntry, MessageEntry } from './entries.js';
import { named, nameOf, type State } from './state.js';

/**
 * A message as an entry of the log; null for what is not shown: what a muted person said, and offers and calls, which events of
 * their own tell of once this window is open.
 */
export function messageEntry(
  { names, openedAt }: Pick<State, 'names' | 'openedAt'>,
  message: Message,
): MessageEntry | null {
  const { id, sent, author, to, quote, file, call, request } = message;
  if (author.muted || request) return null;
  if ((file || call) && Date.parse(sent) >= openedAt) return null;
  return {
    type: 'message',
    key: id,
    at: Date.parse(sent),
    message,
    name: nameOf(names, author),
    toName: to ? nameOf(names, to) : null,
    quotedName: quote ? nameOf(names, quote.author) : null,
  };
}

/** Somebody who is not verified wants to write to one alone: told once, without what they wrote. */
export function requestEntry(
  { names, entries }: Pick<State, 'names' | 'entries'>,
  message: Message,
): LineEntry | null {
  const { author, sent } = message;
  const key = `request:${author.id}`;
  if (author.muted || entries.some((entry) => entry.key === key)) return null;
  const ref = `${author.name}#${author.tag}`;
  return {
    type: 'line',
    kind: 'other',
    key,
    at: Date.parse(sent),
    tone: 'strong',
    lines: [
      `${nameOf(names, author)}, who is not verified, wants to write to you alone.`,
      `/allow ${ref} shows it   /refuse ${ref} hides it`,
    ],
    people: new Map(),
  };
}

/** The names, with those of everybody who wrote these. */
export function namesWith(names: State['names'], messages: readonly Message[]): State['names'] {
  let next = names;
  for (const { author } of messages) next = named(next, author);
  return next;
}
