import NoiseSecretStream from '@hyperswarm/secret-stream';
import type { DiscoverableRoom, Discovery, DiscoveryEvents, Path } from '../../src/discovery/discovery.js';
import { instanceId } from '../../src/discovery/instance-id.js';
import { Resource } from '../../src/resource.js';
import { type Lag, noisePair } from './noise-pair.js';

/** A network in memory: everybody on it who joined the same room gets a stream, at once. */
export class MemoryNetwork {
  readonly members = new Set<MemoryDiscovery>();
  /** What a stream that is made now meets with. */
  get line(): Lag | undefined {
    return this.#lag;
  }

  readonly #lag: Lag | undefined;

  constructor(lag?: Lag) {
    this.#lag = lag;
  }

  discovery(keyPair = NoiseSecretStream.keyPair(), path: Path = 'lan'): MemoryDiscovery {
    return new MemoryDiscovery(this, keyPair, path);
  }
}

/** One whose streams can fall silent. */
export class BreakableNetwork extends MemoryNetwork {
  #breaks = 0;

  override get line(): Lag {
    const before = this.#breaks;
    return { initiator: 0, responder: 0, isCut: () => this.#breaks > before };
  }

  /** Nothing arrives any more on the streams that exist, and nobody is told; new ones can be made. */
  break(): void {
    this.#breaks++;
  }
}

export class MemoryDiscovery extends Resource<DiscoveryEvents> implements Discovery {
  readonly path: Path;
  readonly keyPair: NoiseSecretStream.KeyPair;
  readonly #network: MemoryNetwork;
  readonly #rooms = new Map<string, DiscoverableRoom>();
  readonly #held = new Set<string>();
  readonly #streams = new Map<string, NoiseSecretStream>();
  /** How often each neighbour has been dialled again: the back-off. */
  readonly #redials = new Map<string, number>();

  constructor(network: MemoryNetwork, keyPair: NoiseSecretStream.KeyPair, path: Path) {
    super();
    this.#network = network;
    this.keyPair = keyPair;
    this.path = path;
  }

  get instance(): string {
    return instanceId(this.keyPair.publicKey);
  }

  join(room: DiscoverableRoom): void {
    this.#rooms.set(room.id, room);
    this.#network.members.add(this);
    this.refresh();
  }

  leave(roomId: string): void {
    this.#rooms.delete(roomId);
  }

  hold(instance: string): void {
    this.#held.add(instance);
  }

  release(instance: string): void {
    if (!this.#held.delete(instance)) return;
    for (const other of this.#network.members) if (other.instance === instance) this.#again(other);
  }

  refresh(): void {
    for (const other of this.#network.members) if (other !== this) void this.#meet(other);
  }

  protected async _open(): Promise<void> {
    this.defer(() => {
      this.#network.members.delete(this);
      for (const stream of this.#streams.values()) stream.destroy();
    });
  }

  /** Ids differ between nodes of a test as little as topics do between real ones: the topic is what is compared. */
  #common(other: MemoryDiscovery): string[] {
    const topics = new Set([...other.#rooms.values()].map(({ topic }) => Buffer.from(topic).toString('hex')));
    return [...this.#rooms.values()]
      .filter(({ topic }) => topics.has(Buffer.from(topic).toString('hex')))
      .map(({ id }) => id);
  }

  async #meet(other: MemoryDiscovery): Promise<void> {
    const rooms = this.#common(other);
    if (rooms.length === 0 || this.closing || other.closing) return;
    if (this.#streams.has(other.instance)) {
      this.emit('rooms', { instance: other.instance, path: this.path, rooms });
      other.emit('rooms', { instance: this.instance, path: this.path, rooms: other.#common(this) });
      return;
    }
    if (this.#held.has(other.instance)) return;
    const pair = noisePair({ initiator: this.keyPair, responder: other.keyPair }, this.#network.line);
    const [mine, theirs] = await pair;
    this.hand(mine, other, rooms);
    other.hand(theirs, this, []);
  }

  /** Hands on a stream to `other`, as one that was dialled for these rooms, or came in. */
  hand(noise: NoiseSecretStream, other: MemoryDiscovery, rooms: readonly string[]): void {
    this.#streams.set(other.instance, noise);
    noise.on('close', () => {
      if (this.#streams.get(other.instance) === noise) this.#streams.delete(other.instance);
      if (noise.isInitiator) this.#again(other);
    });
    this.emit('stream', {
      noise,
      instance: other.instance,
      path: this.path,
      address: 'memory:1',
      rooms,
      proven() {},
      doubted: (is) => {
        if (is && this.#streams.get(other.instance) === noise) this.#streams.delete(other.instance);
      },
    });
  }

  /** Dials again after a pause that doubles each time. */
  #again(other: MemoryDiscovery): void {
    const redials = (this.#redials.get(other.instance) ?? 0) + 1;
    this.#redials.set(other.instance, redials);
    const timer = setTimeout(() => void this.#meet(other), 2 ** redials);
    this.defer(() => clearTimeout(timer));
  }
}
