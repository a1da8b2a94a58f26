import type { Person } from '../../src/daemon/api.js';

/** How something is to be drawn; `frame.tsx` says which of the 16 colours that is. */
export type Tone = 'plain' | 'strong' | 'dim' | 'risk' | 'failed' | 'done' | 'accent';

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
  /** Orders messages, with the key; the same on every machine. */
  readonly clock: number;
  readonly author: Person;
  /** The author as the log calls them: with their tag where somebody else bears that name. */
  readonly name: string;
  readonly self: boolean;
  readonly text: string;
  /** A `/me` line. */
  readonly me: boolean;
  readonly mentionsMe: boolean;
  /** People who have an own message, by id. */
  readonly have: readonly string[];
  /** The last stream to somebody was lost before they confirmed it. */
  readonly doubt: boolean;
}

/** Something that happened. People who come, or go, one after the other are one line. */
export interface LineEntry extends Base {
  readonly type: 'line';
  readonly kind: 'joined' | 'left' | 'lost' | 'other';
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

const isBefore = (a: MessageEntry, b: MessageEntry): boolean =>
  a.clock === b.clock ? a.key < b.key : a.clock < b.clock;

/** The entries with one message changed; the same ones where it is not there. */
export function withMessage(
  entries: readonly Entry[],
  key: string,
  change: (message: MessageEntry) => MessageEntry,
): readonly Entry[] {
  const index = entries.findLastIndex((entry) => entry.type === 'message' && entry.key === key);
  if (index < 0) return entries;
  const next = [...entries];
  next[index] = change(entries[index] as MessageEntry);
  return next;
}
