import type { Message } from '../../src/daemon/chat-api.js';

/** How something is to be drawn; `paint.ts` says which of the 16 colours that is. */
export type Tone = 'plain' | 'strong' | 'dim' | 'risk' | 'failed' | 'done' | 'accent' | 'picked';

/** One thing in the log. Every text of another person is as they wrote it: rows are where it passes the gate. */
export type Entry = MessageEntry | LineEntry | NoteEntry;

interface Base {
  /** Names the entry for as long as it is there. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface MessageEntry extends Base {
  readonly type: 'message';
  /** As it stands now; its id is the key. `clock`, with the id, is its place: the same on every machine. */
  readonly message: Message;
  /** People as the log calls them: with their tag where somebody else bears that name. */
  readonly name: string;
  /** The only one who can read it, besides its author. */
  readonly toName: string | null;
  /** Who wrote what it answers; null where it answers nothing, or nothing that is known. */
  readonly quotedName: string | null;
}

/** Something that happened. People who come, or go, one after the other are one line. */
export interface LineEntry extends Base {
  readonly type: 'line';
  readonly kind: 'joined' | 'back' | 'left' | 'lost' | 'other';
  readonly tone: Tone;
  readonly lines: readonly string[];
  /** Names of the people whom lines of one kind are about, by id. */
  readonly people: ReadonlyMap<string, string>;
}

/** What this window answers to whoever sits before it. */
interface NoteEntry extends Base {
  readonly type: 'note';
  readonly tone: Tone;
  readonly lines: readonly string[];
}

/** What is kept for scrolling; older messages are read from the history again. */
export const KEPT_ENTRIES = 5_000;

/** The entries with new ones at their places: messages by their order, everything else at the end. */
export function withEntries(entries: readonly Entry[], added: readonly Entry[]): readonly Entry[] {
  if (added.length === 0) return entries;
  const next = [...entries];
  for (const entry of added) insert(next, entry);
  return next;
}

/** The entries without the oldest ones that are more than are kept. */
export const trimmed = (entries: readonly Entry[]): readonly Entry[] =>
  entries.length > KEPT_ENTRIES ? entries.slice(-KEPT_ENTRIES) : entries;

function insert(entries: Entry[], entry: Entry): void {
  if (entry.type === 'line' && entry.kind !== 'other') {
    const last = entries.at(-1);
    if (last?.type === 'line' && last.kind === entry.kind) {
      entries[entries.length - 1] = { ...last, people: new Map([...last.people, ...entry.people]) };
      return;
    }
  }
  if (entry.type !== 'message') return void entries.push(entry);
  let place = entries.length;
  for (let i = entries.length - 1; i >= 0; i--) {
    const other = entries[i] as Entry;
    if (other.type !== 'message') continue;
    if (other.key === entry.key) return;
    if (!isBefore(entry, other)) break;
    place = i;
  }
  entries.splice(place, 0, entry);
}

const isBefore = ({ message: a }: MessageEntry, { message: b }: MessageEntry): boolean =>
  a.clock === b.clock ? a.id < b.id : a.clock < b.clock;

/**
 * The entries with the newest page of the history in the place of the messages that were there, but for those that came
 * since. What else happened stays where it was in time.
 */
export function withNewestPage(entries: readonly Entry[], page: readonly MessageEntry[]): readonly Entry[] {
  const last = page.at(-1);
  if (!last) return entries;
  const others = entries.filter(({ type }) => type !== 'message');
  const since = entries.filter((entry) => entry.type === 'message' && isBefore(last, entry));
  const merged: Entry[] = [];
  let next = 0;
  for (const message of [...page, ...since]) {
    for (let other = others[next]; other && other.at < message.at; other = others[++next]) merged.push(other);
    merged.push(message);
  }
  return [...merged, ...others.slice(next)];
}

/** The entries below an older page. */
export function withOlderPage(entries: readonly Entry[], page: readonly MessageEntry[]): readonly Entry[] {
  const known = new Set(entries.map(({ key }) => key));
  return [...page.filter(({ key }) => !known.has(key)), ...entries];
}

/** The messages among entries, in their order. */
export const messagesOf = (entries: readonly Entry[]): Message[] =>
  entries.flatMap((entry) => (entry.type === 'message' ? [entry.message] : []));

/** The entries with one message changed; the same ones where it is not there. */
export function withMessage(
  entries: readonly Entry[],
  key: string,
  change: (message: Message) => Message,
): readonly Entry[] {
  const index = entries.findLastIndex((entry) => entry.type === 'message' && entry.key === key);
  const entry = entries[index];
  if (entry?.type !== 'message') return entries;
  const next = [...entries];
  next[index] = { ...entry, message: change(entry.message) };
  return next;
}

/** The entries with every own message changed whose clock is above `after`. */
export function withOwnMessages(
  entries: readonly Entry[],
  after: number,
  change: (message: Message) => Message,
): readonly Entry[] {
  let next: Entry[] | null = null;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as Entry;
    if (entry.type !== 'message') continue;
    if (entry.message.clock <= after) break;
    const message = change(entry.message);
    if (message === entry.message) continue;
    next ??= [...entries];
    next[i] = { ...entry, message };
  }
  return next ?? entries;
}
