import type { Peer, Person, RoomInfo } from '../../daemon/api.js';
import type { TransferInfo } from '../../daemon/files-api.js';
import type { Place } from '../chat/place.js';
import { EMPTY_TALK, type Talk } from '../chat/talk.js';
import type { Screen } from './screen.js';

/** `locked`: this tab has no key that the node knows. `stopped`: somebody ended the node on purpose. */
export type LinkState = 'connecting' | 'open' | 'lost' | 'locked' | 'stopped';

/** What happened in a room besides what was said. */
export type Entry = {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  /** The newest message when it happened; null where that is not known: then it stands by its time. */
  after: Place | null;
} & (
  | { type: 'joined' | 'left' | 'lost'; people: Person[] }
  | { type: 'renamed'; person: Person; was: string }
  | { type: 'moved'; person: Person; path: Peer['path'] }
  | { type: 'file'; transfer: string }
  | { type: 'notice'; text: string }
);

export interface RoomState {
  room: string;
  roomId: string;
  /** Null until the room list has come. */
  info: RoomInfo | null;
  joined: boolean;
  self: Person | null;
  /** Others who are here, by id. */
  here: ReadonlyMap<string, Person>;
  /** Others who were here since this page opened, with when they were seen last. */
  gone: ReadonlyMap<string, { person: Person; at: number }>;
  entries: readonly Entry[];
  talk: Talk;
  /** Messages that nobody has read on this node, in any window or at its terminal. */
  unread: number;
  /** Of these, how many mention oneself. */
  mentions: number;
  /** First direct messages that wait for an answer. */
  requests: number;
  /** Files that were offered while nobody looked. */
  offers: number;
}

export interface State {
  link: LinkState;
  /** Null until the node has told it. */
  self: (Person & { safetyNumber: string }) | null;
  rooms: ReadonlyMap<string, RoomState>;
  /** The list of known rooms has been read. */
  listed: boolean;
  /** Files that were offered, by either side, by id of the transfer. */
  transfers: ReadonlyMap<string, TransferInfo>;
  /** Id of the room that is shown. */
  shown: string | null;
  screen: Screen;
  /** Id of the person whose panel is open. */
  person: string | null;
  /** What is looked for in what was said; null while nobody searches. */
  search: { text: string } | null;
  /** Paths and statistics of the people in the room that is shown, by id. */
  peers: ReadonlyMap<string, Peer>;
}

export const EMPTY: State = {
  link: 'connecting',
  self: null,
  rooms: new Map(),
  listed: false,
  transfers: new Map(),
  shown: null,
  screen: { type: 'room' },
  person: null,
  search: null,
  peers: new Map(),
};

export const emptyRoom = (room: string, roomId: string): RoomState => ({
  room,
  roomId,
  info: null,
  joined: false,
  self: null,
  here: new Map(),
  gone: new Map(),
  entries: [],
  talk: EMPTY_TALK,
  unread: 0,
  mentions: 0,
  requests: 0,
  offers: 0,
});
