import type NoiseSecretStream from '@hyperswarm/secret-stream';

/** How a peer is reached: found on this network, at a typed address, or over the Internet. */
export type Path = 'lan' | 'direct' | 'internet';

/** What discovery may know of a room: values derived one-way, never the room's name or secret. */
export interface DiscoverableRoom {
  /** Names the room inside this process; never sent. */
  readonly id: string;
  /** 32 bytes: the DHT topic. */
  readonly topic: Uint8Array;
  /** 32 bytes: keys the room's tags in mDNS records. */
  readonly mdnsKey: Uint8Array;
  /** True for the lobby: found by mDNS and typed addresses only. */
  readonly lanOnly: boolean;
}

/** An opened Noise stream (its handshake is complete, its remote key known) to somebody not yet proven. */
export interface FoundStream {
  readonly noise: NoiseSecretStream;
  /** The other end's transport key by its `instanceId`. */
  readonly instance: string;
  readonly path: Path;
  /** `host:port` as this machine sees the other end. */
  readonly address: string;
  /** The rooms that this end greets the other with: those it was found for. Empty on streams that came in. */
  readonly rooms: readonly string[];
  /** The network calls it once the other end has proven a room: back-off starts over, pending limits let go. */
  proven(): void;
  /**
   * The network calls it with true when nothing comes any more and with false when something does: in between this
   * stream keeps nobody from dialling the instance by another way.
   */
  doubted(is: boolean): void;
  /** Nobody looks at the frame any more in which these bytes came: its memory is read into again, where that is done. */
  recycle?(bytes: Uint8Array): void;
}

/** An instance that a stream may exist to already has been found for these rooms. */
interface FoundRooms {
  readonly instance: string;
  readonly path: Path;
  readonly rooms: readonly string[];
}

export type DiscoveryEvents = {
  stream: [FoundStream];
  rooms: [FoundRooms];
  /** An instance that is held wants a stream by this path: it may have lost the one for which it is held. */
  sought: [instance: string];
};

/**
 * Finds instances that may belong to a room and makes Noise streams to them. Every implementation passes
 * `test/contract/discovery.ts`:
 *
 * 1. Nothing is announced, asked or dialled before the first `join`.
 * 2. Two that joined the same room get at least one stream between them; two without a common room get none.
 * 3. What is found can only add something to dial: it never ends, renames or moves a living stream.
 * 4. While a stream to an instance lives and is not in doubt, or is being made, or the instance is held, it is not
 *    dialled; afterwards it is dialled again with jittered back-off for as long as a common room is joined.
 * 5. No failure of the network throws; it is tried again.
 */
export interface Discovery {
  readonly path: Path;
  open(): Promise<void>;
  close(): Promise<void>;
  /** Starts to look for a room; a second call for the same id does nothing. */
  join(room: DiscoverableRoom): void;
  /** Stops to look for it and to announce it. Streams that exist stay. */
  leave(roomId: string): void;
  /** Do not dial this instance: it is connected by a path that is as good or better. */
  hold(instance: string): void;
  /** That path is lost or in doubt, or the connection has ended: dial it again. May be called of anybody, and again. */
  release(instance: string): void;
  /** The machine woke up or its network changed: look again now. */
  refresh(): void;
  on<K extends keyof DiscoveryEvents>(event: K, fn: (...args: DiscoveryEvents[K]) => void): () => void;
}
