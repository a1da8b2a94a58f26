import type { Peer, Person } from '../../src/daemon/api.js';
import type { Message } from '../../src/daemon/chat-api.js';
import type { Transfers } from '../transfer-news.js';
import { type Editor, EMPTY_EDITOR } from './editor.js';
import type { Entry, Tone } from './entries.js';

/** Where the log stands: its lowest visible row is row `row` (from 1) of this entry. */
export interface Scroll {
  readonly key: string;
  readonly row: number;
}

/** Something told beside the log for a moment. */
export interface Hint {
  readonly text: string;
  readonly tone: Tone;
}

/** Words that can stand where the cursor is; the one at `chosen` stands there. */
export interface Completion {
  readonly words: readonly string[];
  readonly chosen: number;
  /** The text before and after the word. */
  readonly before: string;
  readonly after: string;
}

/** What the text in the input is going to do to a message. */
export interface Target {
  readonly verb: 'reply' | 'edit';
  readonly message: Message;
}

/** What the full screen shows. Nothing changes it in place. */
export interface State {
  readonly room: string;
  readonly roomId: string;
  readonly kind: 'open' | 'protected' | 'private';
  /** False once the room was left. */
  readonly joined: boolean;
  /** False while the node is looked for or started again. */
  readonly linked: boolean;
  readonly self: Person;
  /** Others who are here, by id. */
  readonly here: ReadonlyMap<string, Person>;
  /** Others who were here since this window opened, with when they went. */
  readonly gone: ReadonlyMap<string, { person: Person; at: number }>;
  /** Paths and round trips of those who are here, by id; asked for now and then. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** Everybody whose name was seen here, by id: two of one name are told apart by their tags. */
  readonly names: ReadonlyMap<string, string>;
  /** When the window was opened, in milliseconds since 1970: what happens from then on is told by events. */
  readonly openedAt: number;
  readonly entries: readonly Entry[];
  /** Whether the history goes further back than the entries do. */
  readonly older: 'unknown' | 'more' | 'loading' | 'none';
  /** How far each person has what oneself said, by id: clocks. */
  readonly reach: ReadonlyMap<string, { readonly delivered: number; readonly read: number }>;
  /** People whose wish to write to one alone was told, by id. */
  readonly requested: ReadonlyMap<string, Person>;
  /** How many are in a call of this room. */
  readonly callers: number;
  /** Others who are writing, by id. */
  readonly typing: ReadonlyMap<string, Person>;
  /** The first entry that was not seen when it came: a line stands above it. */
  readonly unreadFrom: string | null;
  /** False while the terminal says that another window has the keyboard. */
  readonly focused: boolean;
  /** Null follows the end. */
  readonly scroll: Scroll | null;
  /** Messages that came below what is visible. */
  readonly below: number;
  /** Offered and under way, by id. */
  readonly transfers: Transfers;
  readonly editor: Editor;
  readonly target: Target | null;
  readonly completion: Completion | null;
  readonly hint: Hint | null;
  /** What the next Enter or Ctrl-C means, after it was asked. */
  readonly asked: 'send' | 'leave' | null;
  readonly columns: number;
  readonly rows: number;
}

/** A window on a room that has just been entered. */
export const emptyState = (
  room: Pick<State, 'room' | 'roomId' | 'kind' | 'self'>,
  size: Pick<State, 'columns' | 'rows'>,
  now: number,
): State => ({
  ...room,
  ...size,
  openedAt: now,
  joined: true,
  linked: true,
  here: new Map(),
  gone: new Map(),
  peers: new Map(),
  names: new Map([[room.self.id, room.self.name]]),
  entries: [],
  older: 'unknown',
  reach: new Map(),
  requested: new Map(),
  callers: 0,
  typing: new Map(),
  unreadFrom: null,
  focused: true,
  scroll: null,
  below: 0,
  transfers: new Map(),
  editor: EMPTY_EDITOR,
  target: null,
  completion: null,
  hint: null,
  asked: null,
});

/** What somebody is called here: with their tag where somebody else bears that name. Not yet fit for a terminal. */
export function nameOf(names: State['names'], { id, name, tag }: Person): string {
  for (const [otherId, other] of names) if (other === name && otherId !== id) return `${name}#${tag}`;
  return name;
}

/** The names, with this person's. */
export const named = (names: State['names'], { id, name }: Person): State['names'] =>
  names.get(id) === name ? names : new Map(names).set(id, name);
