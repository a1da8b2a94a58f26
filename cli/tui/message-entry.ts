import type { Person } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import { requestLines } from '../direct-requests.js';
import { type LineEntry, type MessageEntry, withEntries } from './entries.js';
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

/**
 * The state with people who want to write to one alone told of, each once: without what they wrote. `at` is milliseconds
 * since 1970.
 */
export function withRequests(state: State, people: readonly Person[], at: number): State {
  const requested = new Map(state.requested);
  let { names } = state;
  const fresh: Person[] = [];
  for (const person of people) {
    if (person.muted || requested.has(person.id)) continue;
    requested.set(person.id, person);
    names = named(names, person);
    fresh.push(person);
  }
  const [first] = fresh;
  if (!first) return state;
  const entry: LineEntry = {
    type: 'line',
    kind: 'other',
    key: `request:${first.id}`,
    at,
    tone: 'strong',
    lines: requestLines(fresh, (person) => nameOf(names, person)),
    people: new Map(),
  };
  return { ...state, names, requested, entries: withEntries(state.entries, [entry]) };
}

/** The names, with those of everybody who wrote these. */
export function namesWith(names: State['names'], messages: readonly Message[]): State['names'] {
  let next = names;
  for (const { author } of messages) next = named(next, author);
  return next;
}
