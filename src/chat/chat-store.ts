import type { PeerId } from '../identity/peer-id.js';
import type { LogId, MessageId } from './message.js';
import type { Place, Tip } from './order.js';

/** What a message takes beside its header and body: id and signature. */
export const BESIDE_BYTES = 96;

/** What is known here of a stored message; bits of `StoredMessage.flags`. */
export const FLAG = {
  /** Shown in the timeline by itself: not an edit, a reaction, or somebody else's direct message. */
  shown: 1,
  /** By oneself. */
  mine: 2,
  mentionsMe: 4,
  /** Deleted for everyone: its body is never stored or handed on again. */
  erased: 8,
  /** Its body was removed here after its time. */
  expired: 16,
  /** The author's computer had a time that cannot be. */
  clockOff: 32,
  /** What it is about was not here when it came. */
  dangling: 64,
  /** Its own signature was not looked at: a later one of its log, which holds its hash, was (PROTOCOL.md [H5]). */
  unchecked: 128,
  /** Its body was not given with it, or was dropped since the disk had changed it: others are asked for it. */
  awaited: 256,
} as const;

export interface StoredMessage extends Place {
  /** Order of arrival in this data folder; grows. */
  readonly row: number;
  readonly log: LogId;
  readonly author: PeerId;
  readonly seq: number;
  readonly kind: number;
  readonly target: MessageId | null;
  /** Highest clock of a message of this data folder's that is this one or came before it. */
  readonly covers: number;
  /** Milliseconds since 1970, as it may be shown. */
  readonly sent: number;
  readonly flags: number;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly body: Uint8Array | null;
}

/** A message by its id, and who wrote it, whether it is here or not. */
export type Authored = Pick<StoredMessage, 'id' | 'author'>;

/** What later messages need of one that is stored. */
export interface Known {
  readonly log: LogId;
  readonly seq: number;
  readonly clock: number;
  readonly covers: number;
}

/** The end of a log, or of a branch where it forked. */
export interface Head extends Place {
  /** Place of the next message. */
  readonly next: number;
  readonly covers: number;
}

export interface StoredLog {
  readonly id: LogId;
  /** Several where its author's log forked; never empty. */
  readonly heads: readonly Head[];
  readonly messages: number;
}

export interface NewMessage extends Omit<StoredMessage, 'row'> {
  /** What it can be found by; null for what is not shown or cannot be read. */
  readonly text: string | null;
}

/** A body that goes or comes, and what the message is found by. */
export interface BodyChange {
  readonly id: MessageId;
  readonly row: number;
  /** Undefined leaves it. */
  readonly body?: Uint8Array | null;
  readonly flags: number;
  /** What it is found by now, exactly, and from now on. */
  readonly was: string | null;
  readonly text: string | null;
}

export interface Counts {
  unread: number;
  mentions: number;
}

/** What changes at once, or not at all. */
export interface Change {
  readonly messages?: readonly NewMessage[];
  readonly logs?: readonly StoredLog[];
  /** All of them. */
  readonly tips?: readonly Tip[];
  readonly bodies?: readonly BodyChange[];
  readonly counts?: Counts;
  /** Everything up to this row was read. */
  readonly readRow?: number;
  readonly receipts?: readonly StoredReceipt[];
  /** Members whose receipts are kept no longer. */
  readonly receiptsGone?: readonly PeerId[];
}

export interface StoredReceipt {
  readonly member: PeerId;
  /** As signed. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

export type Retention = '1d' | '7d' | '30d' | '1y' | 'forever';

export interface RoomSettings {
  /** Null: what holds for rooms of its kind. */
  keep: Retention | null;
  /** Others are told what was read here. */
  reads: boolean;
  draft: { text: string; replyTo: MessageId | null };
  /** People whose direct messages are wanted, or not, though they are not verified. */
  direct: Record<string, boolean>;
}

export const ROOM_SETTINGS: RoomSettings = {
  keep: null,
  reads: true,
  draft: { text: '', replyTo: null },
  direct: {},
};

export interface StoredRoom {
  readonly logs: readonly StoredLog[];
  readonly tips: readonly Tip[];
  readonly counts: Counts;
  readonly readRow: number;
  readonly receipts: readonly StoredReceipt[];
  readonly settings: RoomSettings;
  /** What messages that are here are about, though it is not; `chatHeldMessages` at most. */
  readonly dangling: readonly MessageId[];
}

/** People whose messages are left out, and those whose direct ones are. */
export interface LeftOut {
  readonly authors: readonly PeerId[];
  readonly direct: readonly PeerId[];
}

/** Somebody who has sent direct messages to this person. */
export interface DirectSender {
  readonly author: PeerId;
  readonly messages: number;
  readonly last: MessageId;
}

export interface PageQuery {
  /** Those that come before this place, newest first; or after it, oldest first. */
  readonly before?: Place;
  readonly after?: Place;
  readonly limit: number;
  /** Only those sent at this time (ms since 1970) or later. */
  readonly since?: number;
  readonly author?: PeerId;
  readonly mentionsMe?: boolean;
  /** Only direct messages. */
  readonly direct?: boolean;
  readonly without?: LeftOut;
}

export interface SearchQuery extends Pick<PageQuery, 'limit' | 'since' | 'author' | 'without'> {
  /** Only what came before this row. */
  readonly beforeRow?: number;
}

export interface Size {
  readonly messages: number;
  /** Of headers, bodies, ids and signatures. */
  readonly bytes: number;
  readonly oldest: number | null;
}

/** The history of one room as it is kept: on disk, or in memory for what is not to be kept. */
export interface ChatStore {
  load(): Promise<StoredRoom>;
  /** Durable when it resolves; nothing of it is done when it rejects, as it does for a message that is here already. */
  apply(change: Change): Promise<void>;
  known(ids: readonly MessageId[]): Promise<Map<MessageId, Known>>;
  get(ids: readonly MessageId[]): Promise<StoredMessage[]>;
  /** Those whose id begins so, two at most. */
  beginning(digits: string): Promise<StoredMessage[]>;
  /** Messages of a log that come after this one, all branches, in order of places and then of arrival. */
  ofLog(log: LogId, after: Pick<StoredMessage, 'seq' | 'row'>, limit: number): Promise<StoredMessage[]>;
  /** Edits, deletes, reactions: what is about any of these. */
  about(targets: readonly MessageId[]): Promise<StoredMessage[]>;
  /** Of what is about these, what can change their texts: edits, deletes and what is sealed, by the authors given. */
  changes(of: readonly Authored[]): Promise<StoredMessage[]>;
  /** Shown ones. */
  page(query: PageQuery): Promise<StoredMessage[]>;
  /** Shown ones in which all words of a text occur; what came last is first. */
  search(typed: string, query: SearchQuery): Promise<StoredMessage[]>;
  /** Shown ones with a body that were sent before this time, oldest first, and what is about them. */
  expired(before: number, limit: number): Promise<StoredMessage[]>;
  /** Ids of messages without a body that were neither erased nor expired here, those that came last first. */
  bodiless(limit: number): Promise<MessageId[]>;
  /** The row of what came last. */
  newestRow(): Promise<number>;
  /** Shown ones of others that came after this row. */
  counts(afterRow: number, without?: LeftOut): Promise<Counts>;
  /** Of those that it counts, the row of the first to come that stands after this place; null if none does. */
  firstBeyond(afterRow: number, place: Place, without?: LeftOut): Promise<number | null>;
  directSenders(): Promise<DirectSender[]>;
  /** Who wrote what is here, and when they last did. */
  authors(): Promise<{ author: PeerId; sent: number }[]>;
  size(): Promise<Size>;
  configure(settings: RoomSettings): Promise<void>;
  /** Takes what was removed out of every file. */
  scrub(): Promise<void>;
  /** What was read is not what was stored: the next start of the node mends it. */
  damaged(): void;
  /** Removes everything of the room. Resolves to the number of messages. */
  forget(): Promise<number>;
}

/** One for each person, who may have several logs; the order is kept by the last of them. */
export function byAuthor(senders: readonly DirectSender[]): DirectSender[] {
  const people = new Map<PeerId, DirectSender>();
  for (const { author, messages, last } of senders) {
    const before = people.get(author)?.messages ?? 0;
    people.delete(author);
    people.set(author, { author, messages: before + messages, last });
  }
  return [...people.values()];
}
