import type { EventBody, Params, Result, Snapshot } from './api.js';
import type { CHAT_REQUESTS } from './chat-api.js';
import type { FileBodySource } from './file-bodies.js';

export type ChatMethod = keyof typeof CHAT_REQUESTS;

type Requests =
  | 'whoami'
  | 'rename'
  | 'rooms'
  | 'join'
  | 'leave'
  | 'peers'
  | 'invite'
  | 'create'
  | 'people'
  | 'person'
  | 'mark'
  | 'settings'
  | 'set'
  | 'backup'
  | 'send'
  | 'transfers'
  | 'accept'
  | 'decline'
  | 'pause'
  | 'resume'
  | 'cancel'
  | 'withdraw'
  | 'calls'
  | 'call-tracks'
  | 'call-ring'
  | 'call-decline'
  | 'doctor'
  | 'upload'
  | 'share'
  | 'unshare'
  | 'shares'
  | 'ls'
  | 'get';

/** The node's own part of `status`. */
export type NodeStatus = 'lanPort' | 'rooms' | 'counters' | 'safeMode' | 'blocked';

/** What the API needs of a node: its own part of the requests, and events. May throw ChatterError. */
export type ApiNode = {
  [M in Requests]: (params: Params<M>) => Result<M> | Promise<Result<M>>;
} & {
  /** Any request about what is said. */
  chat<M extends ChatMethod>(method: M, params: Params<M>): Result<M> | Promise<Result<M>>;
  status(): Pick<Result<'status'>, NodeStatus>;
  snapshot(): Snapshot;
  /** Where bodies of files come from and go to. */
  readonly bodies: FileBodySource;
  /** The only listener there is: every event, in the order in which things happened. */
  onEvent(fn: (event: EventBody) => void): void;
};
