import type { Codec } from './codec.js';

/**
 * How a message is treated when the link is busy. `urgent`: at once (control, chat). `live`: at once or, past its
 * deadline, never (sound and pictures of a call); bulk gives way to it. `bulk`: as the link has room (file blocks, history).
 */
export type MessageClass = 'urgent' | 'live' | 'bulk';

export interface MessageDefinition<T, C extends MessageClass = MessageClass> {
  readonly class: C;
  readonly codec: Codec<T>;
  /** Longest encoding in bytes that is looked at. */
  readonly maxBytes: number;
}

// biome-ignore lint/suspicious/noExplicitAny: a map of messages of any types; each is used with its own
export type MessageMap = Record<string, MessageDefinition<any>>;

/**
 * A channel by its versioned name, such as `chatter/room/1`, and its messages. Their order is their number on the
 * wire: append, never reorder; any other change is a new version (PROTOCOL.md [W1]).
 */
export interface ChannelDefinition<M extends MessageMap = MessageMap> {
  readonly name: string;
  readonly messages: M;
}

export type ValueOf<D> = D extends MessageDefinition<infer T> ? T : never;

/** The messages of a channel that wait for room on the link, and those that do not. */
export type BulkName<M extends MessageMap> = {
  [K in keyof M]: M[K]['class'] extends 'bulk' ? K : never;
}[keyof M];
export type DirectName<M extends MessageMap> = Exclude<keyof M, BulkName<M>>;

/**
 * One function a message. It runs in the tick in which the message arrives. What it returns may reject, as it may throw:
 * that ends the stream. What a handler of bulk returns says when the message is dealt with (hashed, written): the sender
 * is told then and not before, and the memory of what was decoded is used again. See `SessionChannel.bulk`.
 */
export type Handlers<M extends MessageMap> = {
  readonly [K in keyof M]: (value: ValueOf<M[K]>) => void | Promise<void>;
};

export const message = <T, C extends MessageClass>(
  messageClass: C,
  maxBytes: number,
  codec: Codec<T>,
): MessageDefinition<T, C> => ({
  class: messageClass,
  codec,
  maxBytes,
});

export const defineChannel = <M extends MessageMap>(name: string, messages: M): ChannelDefinition<M> => ({
  name,
  messages,
});
