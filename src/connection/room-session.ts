import type { Path } from '../discovery/discovery.js';
import type { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { channelId } from '../membership/session-keys.js';
import type { ChannelDefinition, Handlers, MessageMap, ValueOf } from '../protocol/channel-definition.js';
import { TypedChannel } from '../protocol/typed-channel.js';
import type { Link } from './link.js';

export type SessionEnd = 'left' | 'lost';

/** The side of a session that a room and its features see; a test makes one from a pair of streams in memory. */
export interface RoomPeer {
  readonly id: PeerId;
  /** The running instance: its transport key's id. Two live instances of one identity are two peers here. */
  readonly instance: string;
  readonly path: Path;
  readonly address: string;
  readonly rttMs: number | null;
  readonly bytesPerSecond: number;
  /** Both ways, over all streams that this connection has had. */
  readonly bytes: number;
}

export interface SessionChannel<M extends MessageMap> {
  /** False when the stream wants a pause, or there is no stream just now: what must arrive is sent again on reset. */
  send<K extends keyof M>(name: K, value: ValueOf<M[K]>): boolean;
}

export interface ChannelEvents {
  /** The channel is open on another stream: unacknowledged messages may be lost, go on from your own state. */
  onReset?: () => void;
  /** The peer closed or refused the channel while the session lived. */
  onClose?: () => void;
}

interface OpenChannel {
  attach(link: Link, session: Uint8Array): void;
  detach(): void;
  reset(): void;
}

/**
 * One room shared with one instance, for as long as any stream to it lives.
 *
 * 1. Channels are opened in the tick in which the proof completed, on both ends, so that Protomux pairs them.
 * 2. Channels never move: on another stream they are opened anew, and each is told by `onReset`.
 * 3. `onEnd` fires once; after it nothing is heard and nothing is sent.
 */
export class RoomSession {
  readonly roomId: string;
  readonly peer: RoomPeer;
  readonly #channels: OpenChannel[] = [];
  readonly #onViolation: (err: ProtocolError) => void;
  readonly #endListeners: ((end: SessionEnd) => void)[] = [];
  #link: Link | null = null;
  #session: Uint8Array | null = null;
  #ended = false;

  constructor(roomId: string, peer: RoomPeer, onViolation: (err: ProtocolError) => void) {
    this.roomId = roomId;
    this.peer = peer;
    this.#onViolation = onViolation;
  }

  get ended(): boolean {
    return this.#ended;
  }

  onEnd(fn: (end: SessionEnd) => void): void {
    this.#endListeners.push(fn);
  }

  /** Opens a channel by its definition. To be called in the tick in which the session was announced. */
  open<M extends MessageMap>(
    definition: ChannelDefinition<M>,
    handlers: Handlers<M>,
    { onReset, onClose }: ChannelEvents = {},
  ): SessionChannel<M> {
    let current: TypedChannel<M> | null = null;
    const channel: OpenChannel = {
      attach: (link, session) => {
        const opened = TypedChannel.open(link.mux, {
          definition,
          id: channelId(session, definition.name),
          handlers,
          onViolation: (err) => {
            this.#onViolation(err);
            link.destroy();
          },
          onClose: () => {
            if (current !== opened) return; // an older stream's channel
            current = null;
            if (!this.#ended && !link.closed) onClose?.();
          },
        });
        current = opened;
      },
      detach: () => {
        const old = current;
        current = null;
        old?.close();
      },
      reset: () => onReset?.(),
    };
    this.#channels.push(channel);
    if (this.#link && this.#session) channel.attach(this.#link, this.#session);
    return { send: (name, value) => current?.send(name, value) ?? false };
  }

  /** The connection's: (re)opens every channel on `link` under the 32-byte session key that its proof gave. */
  attach(link: Link, session: Uint8Array): void {
    const again = this.#link !== null;
    for (const channel of this.#channels) channel.detach();
    this.#link = link;
    this.#session = session;
    for (const channel of this.#channels) channel.attach(link, session);
    if (again) for (const channel of this.#channels) channel.reset();
  }

  /** True while its channels are on this stream. */
  isOn(link: Link): boolean {
    return this.#link === link;
  }

  /** Ends the session on this end; the peer sees its channels close. */
  end(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const channel of this.#channels) channel.detach();
    for (const listener of this.#endListeners.splice(0)) listener(end);
  }
}
