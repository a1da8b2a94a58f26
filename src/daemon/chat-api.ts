import { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';

const person = z.object({
  id: z.string(),
  name: z.string(),
  tag: z.string(),
  verified: z.boolean().optional(),
  muted: z.boolean().optional(),
});
type ChatPerson = z.output<typeof person>;
const room = z.string();
const id = z.string();
const text = z.string();

/** A message as it stands now. */
export const Message = z.object({
  /** 64 hex digits. */
  id,
  room: z.string(),
  roomId: z.string(),
  kind: z.enum(['text', 'me', 'file', 'call']),
  author: person,
  self: z.boolean(),
  /** Empty where it is gone. Of a file or a call what happened, in words. */
  text,
  /** With `id` the order of the room: the same on every machine. */
  clock: z.number(),
  /** ISO 8601, as the author's computer had it; for showing only. */
  sent: z.string(),
  clockOff: z.literal(true).optional(),
  replyTo: z.string().optional(),
  quote: z.object({ author: person, text }).optional(),
  /** The only one who can read it, besides its author. */
  to: person.optional(),
  /** A first direct message from somebody who is not verified. */
  request: z.literal(true).optional(),
  mentionsMe: z.boolean(),
  edited: z.string().optional(),
  deleted: z.literal(true).optional(),
  expired: z.literal(true).optional(),
  reactions: z.array(z.object({ emoji: z.string(), people: z.array(person), mine: z.boolean() })),
  /** Of own messages: who has it, who has read it, and how many others are to have it. */
  deliveredTo: z.array(person),
  readBy: z.array(person),
  of: z.number(),
  unread: z.literal(true).optional(),
  /** Of kind `file`: what was offered, by the id that `transfers` knows it by while somebody who has it is here. */
  file: z.object({ transfer: id, name: z.string(), bytes: z.number(), files: z.number() }).optional(),
  /** Of kind `call`. */
  call: z.object({ call: id, what: z.enum(['started', 'ended']), seconds: z.number() }).optional(),
  snippet: z.object({ text, marks: z.array(z.tuple([z.number(), z.number()])) }).optional(),
});
export type Message = z.output<typeof Message>;

const Counts = z.object({ unread: z.number(), mentions: z.number() });

/** How a room stands; a part of `RoomInfo`. */
export const Standing = Counts.extend({
  /** People whose direct messages wait for an answer. */
  requests: z.number(),
  last: Message.nullable(),
});
export type Standing = z.output<typeof Standing>;
const Keep = z.enum(['1d', '7d', '30d', '1y', 'forever']);
const Said = z.object({
  id,
  /** People whom it was handed to at once; `message-delivered` tells who has it. */
  recipients: z.number(),
  message: Message,
});

/** Requests about what is said; a part of `REQUESTS`. */
export const CHAT_REQUESTS = {
  say: {
    params: z.object({ room, text, replyTo: id.optional(), me: z.boolean().optional() }),
    result: Said,
  },
  /** Says lines one after the other, also when whoever asked has gone; of each what became of it. */
  sayAll: {
    params: z.object({ room, texts: z.array(text).max(LIMITS.linesAtOnce) }),
    result: z.object({
      lines: z.array(
        z.union([z.object({ id, clock: z.number() }), z.object({ code: z.custom<ErrorCode>(), text })]),
      ),
    }),
  },
  /** Says something to one person alone, who may be away. */
  dm: { params: z.object({ room, person: z.string(), text, replyTo: id.optional() }), result: Said },
  edit: { params: z.object({ room, id, text }), result: Message },
  /** Deletes an own message for everyone. */
  delete: { params: z.object({ room, id }), result: Message },
  react: { params: z.object({ room, id, emoji: z.string(), on: z.boolean().optional() }), result: Message },
  /** Oldest first; the newest ones if nothing else is asked. */
  history: {
    params: z.object({
      room,
      limit: z.number().int().min(1).max(500).optional(),
      before: id.optional(),
      after: id.optional(),
      around: id.optional(),
      since: z.iso.datetime({ offset: true }).optional(),
      search: z.string().max(1024).optional(),
      from: z.string().optional(),
      /** What was written between this person and oneself alone; not with `search`. */
      direct: z.string().optional(),
    }),
    /** `more` goes on the way that was asked; around a message it is of older ones, `newer` of newer ones. */
    result: z.object({ messages: z.array(Message), more: z.boolean(), newer: z.boolean().optional() }),
  },
  /** One, by its id or the first digits of it, eight at least. */
  message: { params: z.object({ room, id }), result: Message },
  read: { params: z.object({ room, upTo: id.optional() }), result: Counts },
  unread: {
    params: z.object({}),
    result: z.array(Counts.extend({ room: z.string(), roomId: z.string(), requests: z.number() })),
  },
  mentions: {
    params: z.object({ room: room.optional(), limit: z.number().int().min(1).max(500).optional() }),
    result: z.array(Message),
  },
  typing: { params: z.object({ room, on: z.boolean() }), result: z.object({}) },
  /** What is being written in a room; kept by the node. */
  draft: {
    params: z.object({ room, text: z.string().max(65_536).optional(), replyTo: id.nullable().optional() }),
    result: z.object({ text, replyTo: z.string().nullable() }),
  },
  retention: {
    params: z.object({ room, keep: Keep.optional(), reads: z.boolean().optional() }),
    result: z.object({
      room: z.string(),
      roomId: z.string(),
      keep: Keep,
      reads: z.boolean(),
      messages: z.number(),
      bytes: z.number(),
      oldest: z.string().nullable(),
    }),
  },
  /** People who are not verified and whose direct messages wait for an answer. */
  requests: {
    params: z.object({ room: room.optional() }),
    result: z.array(
      z.object({ room: z.string(), roomId: z.string(), person, messages: z.number(), last: Message }),
    ),
  },
  /** Whether direct messages of somebody who is not verified are wanted. */
  dmAnswer: { params: z.object({ room, person: z.string(), accept: z.boolean() }), result: z.object({}) },
  /** Everybody who ever wrote here or is here. */
  members: {
    params: z.object({ room }),
    result: z.array(
      z.object({
        person,
        here: z.boolean(),
        lastSpoke: z.string().nullable(),
        delivered: z.number(),
        read: z.number(),
      }),
    ),
  },
  /** Writes histories into a new folder: JSON Lines, one file a room. */
  export: {
    params: z.object({ room: room.optional(), out: z.string() }),
    result: z.object({ folder: z.string(), rooms: z.number(), messages: z.number() }),
  },
  /** Leaves a room and removes all of it from this data folder. Others keep what they have. */
  forget: {
    params: z.object({ room }),
    result: z.object({ room: z.string(), roomId: z.string(), messages: z.number() }),
  },
} as const;

interface Where {
  room: string;
  roomId: string;
}

/** What happens to what is said; a part of `EventBody`. */
export type ChatEventBody =
  | ({ type: 'message' } & Message)
  | ({ type: 'message-edited' } & Message)
  | ({ type: 'message-deleted'; id: string; by: ChatPerson; clock: number } & Where)
  | ({
      type: 'reaction';
      id: string;
      by: ChatPerson;
      emoji: string;
      on: boolean;
      reactions: Message['reactions'];
    } & Where)
  | ({ type: 'message-delivered'; id: string; to: ChatPerson; count: number; of: number } & Where)
  | ({ type: 'message-undelivered'; ids: string[]; to: ChatPerson } & Where)
  | ({ type: 'receipt'; peer: ChatPerson; delivered: number; read: number } & Where)
  | ({ type: 'typing'; peer: ChatPerson; on: boolean } & Where)
  | ({ type: 'unread'; unread: number; mentions: number; requests: number } & Where)
  | ({ type: 'history-changed'; added: number; done: boolean } & Where)
  | ({ type: 'draft'; text: string; replyTo: string | null } & Where)
  | ({ type: 'history-notice'; code: string; text: string; peer?: ChatPerson } & Where);
