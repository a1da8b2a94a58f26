import type { Path } from '../discovery/discovery.js';
import type { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import type { ChannelDefinition, Handlers, MessageMap } from '../protocol/channel-definition.js';
import type { ChannelEvents, SessionChannel } from '../protocol/session-channel.js';
import { CarriedChannel } from './carried-channel.js';
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
  readonly #channels: Pick<CarriedChannel<MessageMap>, 'attach' | 'reset' | 'end'>[] = [];
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
    events: ChannelEvents = {},
  ): SessionChannel<M> {
    const channel = new CarriedChannel({ ...events, definition, handlers, onViolation: this.#onViolation });
    this.#channels.push(channel);
    if (this.#link && this.#session) channel.attach(this.#link, this.#session);
    return channel;
  }

  /** The connection's: (re)opens every channel on `link` under the 32-byte session key that its proof gave. */
  attach(link: Link, session: Uint8Array): void {
    const again = this.#link !== null;
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
    for (const channel of this.#channels) channel.end();
    for (const listener of this.#endListeners.splice(0)) listener(end);
  }
}
