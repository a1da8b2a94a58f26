import { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import { LOG_LEVELS } from '../log.js';
import { CALL_REQUESTS, type CallEventBody } from './call-api.js';
import { CHAT_REQUESTS, type ChatEventBody, Standing } from './chat-api.js';
import { DOCTOR_REQUESTS } from './doctor-api.js';
import { FILE_REQUESTS, type FileEventBody } from './files-api.js';
import { GUEST_REQUESTS, type GuestEventBody } from './guest-api.js';

/**
 * The local API, once for server, client and page: every request with its parameters and its result, and every
 * event. Names inside objects are part of the command line's `--json` output too: fields are added, never renamed.
 */
export const API_VERSION = 1;

/** Why a WebSocket is closed: policy and protocol of RFC 6455 section 7.4, and our own: too slow, node stopped, the call went to another window. */
export const CLOSE = { policy: 1008, protocol: 1002, slow: 4000, stopped: 4001, moved: 4002 } as const;

/** A room as a person gives it: its name, its invite link (or a sentence with the link in it), or its id. */
// Frames and bodies are bounded; what is too long or too short for its purpose is told by its own error.
const roomRef = z.string();
/** Somebody else: an id, `name#tag`, `#tag`, or a name that only one person bears. */
const personRef = z.string();
const name = z.string();

export const Person = z.object({
  id: z.string(),
  name: z.string(),
  /** Six characters of the key: tells apart two people who bear one name. */
  tag: z.string(),
  /** Marks of this person's own: safety numbers compared; hears nothing of them. False where absent. */
  verified: z.boolean().optional(),
  muted: z.boolean().optional(),
});

/** Somebody who was met, or marked. What is thought of them stays on this machine. */
export const Known = Person.omit({ verified: true, muted: true }).extend({
  /** Newest first; `name` is the first, or empty for somebody who was marked and never met. */
  names: z.array(z.string()),
  /** ISO 8601. */
  firstSeen: z.string(),
  lastSeen: z.string(),
  /** In a room with this node now. */
  here: z.boolean(),
  verified: z.boolean(),
  blocked: z.boolean(),
  muted: z.boolean(),
});

const Path = z.enum(['lan', 'direct', 'internet', 'relayed']);

export const RoomInfo = z.object({
  room: z.string(),
  roomId: z.string(),
  kind: z.enum(['open', 'protected', 'private']),
  joined: z.boolean(),
  /** Where it is looked for: on this network alone, or on the Internet too. */
  reach: z.enum(['here', 'anywhere']),
  /** People who are here now, oneself among them; 0 when the room is not joined. */
  members: z.number(),
});

/** One running node of somebody's. */
const Instance = z.object({
  path: Path.nullable(),
  address: z.string().nullable(),
  /** Milliseconds there and back. */
  rttMs: z.number().nullable(),
  /** Bytes a second, both ways. */
  rateBps: z.number(),
  /** Bytes, both ways, since it is connected. */
  bytes: z.number(),
});

/** The fields of an instance are those of the first one; for oneself they are null and 0. */
export const Peer = Person.extend({
  ...Instance.shape,
  /** Several where one person's data folder runs on several machines. */
  instances: z.array(Instance),
  verified: z.boolean(),
  /** A verified person whose name this one's looks like, though the key is another. */
  resembles: Person.optional(),
  self: z.boolean().optional(),
});

export const NodeOptions = z.object({
  lanOnly: z.boolean(),
  lan: z.boolean(),
  bootstrap: z.array(z.string()),
  /** TCP port for LAN and direct peers; 0 is a random one. */
  listen: z.number().int().min(0).max(65_535),
  /** Port of this API; null is the data folder's own. */
  port: z.number().int().min(0).max(65_535).nullable(),
  logLevel: z.enum(LOG_LEVELS),
});

const Whoami = Person.extend({ safetyNumber: z.string() });
/** Both people see the same sixty digits; they are each one's own thirty, the lower first. */
const Compared = Known.extend({ safetyNumber: z.string(), ownNumber: z.string(), theirNumber: z.string() });
const Setting = z.object({
  key: z.string(),
  value: z.string(),
  /** Null where it is drawn at random. */
  default: z.string().nullable(),
  values: z.string(),
  does: z.string(),
});
const Joined = RoomInfo.extend({
  ...Standing.shape,
  self: Person,
  people: z.array(Peer),
  notices: z.array(z.string()),
});
const Invite = RoomInfo.extend({ link: z.string().nullable(), sentence: z.string() });

const Status = z.object({
  pid: z.number(),
  version: z.string(),
  api: z.number(),
  apiPort: z.number(),
  lanPort: z.number().nullable(),
  tokenFile: z.string(),
  dataFolder: z.string(),
  logFile: z.string(),
  safeMode: z.boolean(),
  pinned: z.boolean(),
  leases: z.number(),
  options: NodeOptions,
  rooms: z.array(z.object({ name: z.string(), id: z.string(), members: z.number() })),
  blocked: z.array(Person),
  /** How often each limit was hit since the node started, by its name. */
  counters: z.record(z.string(), z.number()),
});

const nothing = z.object({});

/** `params` is checked by the server; `result` is the shape that the server promises. */
export const REQUESTS = {
  status: { params: nothing, result: Status },
  whoami: { params: nothing, result: Whoami },
  /** Sets the display name everywhere, or in one room. */
  rename: { params: z.object({ name, room: roomRef.optional() }), result: Whoami },
  rooms: { params: nothing, result: z.array(RoomInfo.extend(Standing.shape)) },
  /** Joins a room and, over a WebSocket, holds a lease on the node until released or disconnected. */
  join: {
    params: z.object({
      room: roomRef,
      passphrase: z.string().optional(),
      /** The open room of this name, even if a protected one of that name is known; needs `openAnyway` then. */
      open: z.boolean().optional(),
      openAnyway: z.boolean().optional(),
      /** The own name in this room. */
      name: name.optional(),
      reach: z.enum(['here', 'anywhere']).optional(),
      /** Refuses an open room that is new here with REACH_NEEDED unless `reach` is given: somebody can be asked. */
      asksReach: z.boolean().optional(),
      /** Addresses host:port to dial for this room. */
      peers: z.array(z.string().max(256)).max(64).optional(),
    }),
    result: Joined,
  },
  leave: { params: z.object({ room: roomRef }), result: RoomInfo },
  /** Holds a lease on the node, over a WebSocket, without joining a room. */
  hold: { params: nothing, result: nothing },
  /** Gives this connection's lease back. */
  release: { params: nothing, result: nothing },
  peers: { params: z.object({ room: roomRef }), result: z.array(Peer) },
  invite: { params: z.object({ room: roomRef }), result: Invite },
  /** Makes a new private room; it is joined with `join`. */
  create: { params: z.object({ label: name.optional() }), result: Invite },
  ...CHAT_REQUESTS,
  /** Everybody known here; whoever was seen last comes first. */
  people: { params: nothing, result: z.array(Known) },
  /** One person, and the numbers to compare with them. */
  person: { params: z.object({ person: personRef }), result: Compared },
  /** Marks a person; it holds at once, in all rooms, and over restarts. */
  mark: {
    params: z.object({
      person: personRef,
      verified: z.boolean().optional(),
      /** A blocked person's connections are refused before anything is said. */
      blocked: z.boolean().optional(),
      muted: z.boolean().optional(),
    }),
    result: Known,
  },
  /** What can be set, and how it is set now. */
  settings: { params: nothing, result: z.array(Setting) },
  /** Sets one; `null` takes it back to its default. */
  set: { params: z.object({ key: z.string(), value: z.string().nullable() }), result: Setting },
  /** Who one is, the rooms one knows and whom one trusts, as one line that only the passphrase opens. */
  backup: { params: z.object({ passphrase: z.string() }), result: z.object({ sealed: z.string() }) },
  ...FILE_REQUESTS,
  ...CALL_REQUESTS,
  ...DOCTOR_REQUESTS,
  ...GUEST_REQUESTS,
  /** An address of the page that lets whoever opens it in: once, within a minute. It shows `room` first. */
  page: { params: z.object({ room: roomRef.optional() }), result: z.object({ url: z.string() }) },
  /** A pinned node does not end when its last lease does. */
  pin: { params: z.object({ pinned: z.boolean() }), result: nothing },
  stop: { params: nothing, result: nothing },
  /** Removes everything in the data folder, who one is first of all, and ends the node. There is no way back. */
  wipe: { params: z.object({ confirm: z.literal('wipe') }), result: nothing },
} as const;

export type Method = keyof typeof REQUESTS;
export type Params<M extends Method> = z.input<(typeof REQUESTS)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof REQUESTS)[M]['result']>;

export type Person = z.output<typeof Person>;
export type Known = z.output<typeof Known>;
export type Instance = z.output<typeof Instance>;
export type Peer = z.output<typeof Peer>;
export type RoomInfo = z.output<typeof RoomInfo>;
export type NodeOptions = z.output<typeof NodeOptions>;

/** What an event says; the server adds `seq`, `epoch` and `time`. */
export type EventBody =
  | { type: 'joined'; room: string; roomId: string; self: Person; members: Person[] }
  /** `forgotten`: all of it was removed here. */
  | { type: 'left'; room: string; roomId: string; forgotten?: true }
  | { type: 'peer-joined'; room: string; roomId: string; peer: Person; path: Peer['path'] }
  | { type: 'peer-left'; room: string; roomId: string; peer: Person; reason: 'left' | 'lost' }
  | { type: 'peer-renamed'; room: string; roomId: string; peer: Person; was: string }
  | { type: 'peer-path'; room: string; roomId: string; peer: Person; path: Peer['path'] }
  | ChatEventBody
  /** Somebody is here whose name looks like that of `known`, who has another key. */
  | { type: 'peer-lookalike'; room: string; roomId: string; peer: Person; known: Known; text: string }
  | { type: 'peer-marked'; peer: Known }
  | FileEventBody
  | GuestEventBody
  | CallEventBody
  | { type: 'error'; room?: string; roomId?: string; code: ErrorCode; text: string };

/**
 * `epoch` names one run of one node; `seq` counts its events from 1 without a gap. `time` is ISO 8601.
 * `old` is true for events from before the client attached.
 */
export type ApiEvent = EventBody & { epoch: string; seq: number; time: string; old?: boolean };

/** First frame of a WebSocket client. `token` may be left out where the upgrade request bore it. */
export const Hello = z.object({
  hello: z.literal(API_VERSION),
  token: z.string().max(256).optional(),
  /** The one-time code of the page's address. The welcome brings the key of this tab. */
  code: z.string().max(64).optional(),
  /** A tab that has a key, and the nonce that the node is to prove itself with. A challenge follows. */
  page: z.object({ id: z.string().max(64), nonce: z.string().min(16).max(64) }).optional(),
  /** The last event that this client has seen, to go on without a gap. */
  since: z.object({ epoch: z.string().max(64), seq: z.number().int().min(0) }).optional(),
  /** A frame of events at most every so many ms, with all that happened meanwhile; each in its own where it is 0. */
  everyMs: z.number().int().min(0).max(1_000).optional(),
});
export type Hello = z.output<typeof Hello>;

/** A tab's answer to the challenge: its proof (`src/daemon/README.md`, "The page"). */
export const Answer = z.object({ proof: z.string().max(64) });

/** A request frame: `{id, do, params}`, or `{id, do, …params}` where no parameter bears one of these names. */
export const RequestFrame = z.looseObject({
  id: z.number().int().min(0),
  do: z.string().max(64),
  params: z.record(z.string(), z.unknown()).optional(),
});

/** What everything looks like now, for a client whose last event is gone from the ring. */
export interface Snapshot {
  rooms: {
    room: string;
    roomId: string;
    self: Person;
    members: Person[];
    unread: number;
    mentions: number;
    requests: number;
    /** What the disk had damaged of the room when the node started, as sentences. */
    notices: string[];
  }[];
}

/**
 * What the server sends. The first frame is `welcome`, but for a tab that is challenged before; missed events follow
 * it before new ones. `page` is the key of a tab that came with a code.
 */
export type ServerFrame = Challenge | Welcome | Frame | EventsFrame;

/** Several events, for a client that asked to have them together. */
interface EventsFrame {
  events: ApiEvent[];
}

export interface Challenge {
  challenge: string;
  proof: string;
}

export interface Welcome {
  welcome: typeof API_VERSION;
  epoch: string;
  seq: number;
  resync: Snapshot | null;
  page?: { id: string; key: string };
}

/** What comes once a client is let in. */
export type Frame =
  | { id: number; ok: unknown }
  | { id: number; error: { code: ErrorCode; text: string } }
  | { event: ApiEvent };
