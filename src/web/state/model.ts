import type { Peer, Person, RoomInfo } from '../../daemon/api.js';
import type { TransferInfo } from '../../daemon/files-api.js';
import type { Screen } from './screen.js';

/** `locked`: this tab has no key that the node knows. `stopped`: somebody ended the node on purpose. */
export type LinkState = 'connecting' | 'open' | 'lost' | 'locked' | 'stopped';

/** One thing in a room's timeline. `at` is milliseconds since 1970. */
export type Entry =
  | {
      type: 'message';
      id: string;
      at: number;
      author: Person;
      text: string;
      self: boolean;
      have: string[];
      doubt: boolean;
    }
  | { type: 'joined' | 'left' | 'lost'; id: string; at: number; people: Person[] }
  | { type: 'renamed'; id: string; at: number; person: Person; was: string }
  | { type: 'moved'; id: string; at: number; person: Person; path: Peer['path'] }
  | { type: 'file'; id: string; at: number; transfer: string }
  | { type: 'notice'; id: string; at: number; text: string };

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
  unread: number;
  /** Of these, how many mention oneself. */
  mentions: number;
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
  unread: 0,
  mentions: 0,
});
