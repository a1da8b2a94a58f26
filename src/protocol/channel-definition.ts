import type { Codec } from './codec.js';

/**
 * How a message is treated when the link is busy. `urgent`: at once (control, chat, audio). `live`: at once or, past
 * its deadline, never (video). `bulk`: as the link has room (file blocks, history).
 */
export type MessageClass = 'urgent' | 'live' | 'bulk';

export interface MessageDefinition<T> {
  readonly class: MessageClass;
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

/** One function a message. It runs in the tick in which the message arrives. */
export type Handlers<M extends MessageMap> = { readonly [K in keyof M]: (value: ValueOf<M[K]>) => void };

export const message = <T>(
  messageClass: MessageClass,
  maxBytes: number,
  codec: Codec<T>,
): MessageDefinition<T> => ({
  class: messageClass,
  codec,
  maxBytes,
});

export const defineChannel = <M extends MessageMap>(name: string, messages: M): ChannelDefinition<M> => ({
  name,
  messages,
});
