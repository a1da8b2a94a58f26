import type {
  BulkName,
  ChannelDefinition,
  DirectName,
  Handlers,
  MessageMap,
  ValueOf,
} from './channel-definition.js';

export interface ChannelEvents {
  /**
   * The channel is open on another stream: unacknowledged messages may be lost, go on from your own state. Sources of
   * bulk stay registered and are asked again after this has returned.
   */
  onReset?: () => void;
  /** The peer closed or refused the channel while the session lived. */
  onClose?: () => void;
  /** Bytes that the peer has sent by `sendDatagram`; never the same twice, and one's own. What it throws ends the stream. */
  onDatagram?: (bytes: Uint8Array) => void;
}

export interface SendOptions {
  /** `live` messages only: rather never than later than this many milliseconds from now. */
  dropAfterMs?: number;
}

/** One bulk message of a channel, by its name. */
export type BulkMessage<M extends MessageMap> = {
  [K in BulkName<M>]: { readonly name: K; readonly value: ValueOf<M[K]> };
}[BulkName<M>];

/** Makes bulk messages one at a time, each when the link has room for it. */
export interface BulkSource<M extends MessageMap> {
  /**
   * The next message, or null when there is none just now: nothing is asked again until `wake()`. It is encoded before
   * anything else runs, straight into the buffer that is encrypted and written, so a codec may read a file into it
   * and a value may point into memory that is used again afterwards.
   *
   * `roomBytes` is how long it should be at most: 4 to 256 KiB, a power of two, about 2 ms of what the link carries. Longer ones up
   * to the definition's `maxBytes` go out too, but those who chat wait behind them.
   */
  next(roomBytes: number): BulkMessage<M> | null;
  /** `next` or the encoding of its message threw: nothing was written and the flow is closed. */
  failed(err: unknown): void;
}

export interface BulkOptions {
  /** Share of the link against other flows to the same peer. Default 1. */
  weight?: number;
}

/** A source that takes its turns with all others to the same peer. */
export interface BulkFlow {
  /** There is something to send again. Any number of calls; `next` runs later, never inside this one. */
  wake(): void;
  /** Asks this source for nothing more. May be called any number of times. */
  close(): void;
}

/** A channel of a feature to one member, whatever stream carries it. */
export interface SessionChannel<M extends MessageMap> {
  /**
   * Writes an `urgent` or `live` message at once. False when the stream wants a pause, or there is no stream just now:
   * what must arrive is sent again on reset. A `live` one with `dropAfterMs` waits that long at most for a stream that
   * is full, and may then come after younger urgent ones.
   */
  send<K extends DirectName<M>>(name: K, value: ValueOf<M[K]>, options?: SendOptions): boolean;

  /**
   * Sends bytes beside the stream, at once: they come soon, in any order, or never, and count as a `live` message. False
   * where nothing can go that way: the path has no such way (TCP), or they are more than LIMITS.datagramBytes. Only for
   * channels with `onDatagram`.
   */
  sendDatagram(bytes: Uint8Array): boolean;

  /**
   * Sends bulk from `source` as the link has room: all flows to a peer share one window by turns, so that chat waits
   * for some milliseconds at most and each flow gets its share. A channel may have several flows (one a transfer).
   *
   * What has been asked for is written but may be lost with its stream: see `onReset`. How much a receiver has not
   * dealt with is bounded (LIMITS.bulkInFlightBytes); one that deals with nothing gets nothing more.
   */
  bulk(source: BulkSource<M>, options?: BulkOptions): BulkFlow;

  /**
   * Sends one bulk message in its turn. True once it was written; false if the stream changed or the session ended
   * first: start over from your own state then. For who makes messages one after the other and awaits each.
   */
  sendBulk<K extends BulkName<M>>(name: K, value: ValueOf<M[K]>): Promise<boolean>;
}

/** Opens a channel to one member, in the tick in which its session was announced. */
export type OpenChannel = <M extends MessageMap>(
  definition: ChannelDefinition<M>,
  handlers: Handlers<M>,
  events?: ChannelEvents,
) => SessionChannel<M>;
