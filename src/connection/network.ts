import type NoiseSecretStream from '@hyperswarm/secret-stream';
import { prefixOf } from '../address-prefix.js';
import type { Clock } from '../clock.js';
import type { Counters } from '../counters.js';
import { parseAddress } from '../discovery/address.js';
import type { DiscoverableRoom, Discovery, FoundStream } from '../discovery/discovery.js';
import { ProtocolError } from '../errors.js';
import { type PeerId, peerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import type { GuessBudget } from '../membership/guess-budget.js';
import type { RoomKeys } from '../membership/room-keys.js';
import { type ProofIdentity, RoomProof } from '../membership/room-proof.js';
import { Resource } from '../resource.js';
import { Connection } from './connection.js';
import { driveProof } from './drive-proof.js';
import { Link } from './link.js';
import type { TryMe } from './link-channel.js';
import { Misbehaviour } from './misbehaviour.js';
import { ParkedStreams } from './parked-streams.js';
import type { ReachedHost } from './reach-check.js';
import type { RoomSession } from './room-session.js';
import { replaces } from './tie-break.js';

export interface NetworkDependencies {
  discoveries: readonly Discovery[];
  identity: ProofIdentity;
  /** 32 bytes: this run's public transport key. */
  transportKey: Uint8Array;
  guesses: GuessBudget;
  /** People whose streams end as soon as it is known that they are theirs. */
  isBlocked: (id: PeerId) => boolean;
  /** Dials somebody who is connected and asks for it, where discovery has seen them; see `ReachCheck`. */
  dialBack?: (who: { instance: string; host: string | null } & TryMe) => Promise<readonly ReachedHost[]>;
  clock: Clock;
  log: Log;
  counters: Counters;
}

export type NetworkEvents = {
  /** A room is shared with an instance. Listeners open their channels before they return. */
  session: [RoomSession];
  /** Somebody is there under this room's name, with another secret. */
  'wrong-secret': [RoomKeys];
  /** Wrong secrets for this room go on and on. */
  guessed: [RoomKeys];
  /** Somebody has no place left for this node, in these rooms. */
  full: [readonly string[]];
  /** A connection takes another way now, or the way is known better. */
  path: [Connection];
};

/**
 * Turns streams to strangers into sessions with members.
 *
 * 1. There is one connection an instance; `replaces` decides between two streams that live, alike on both ends. One in
 *    doubt has lost: its other ways are dialled, and what is proven then takes over.
 * 2. A stranger's bytes reach nothing but RoomProof.
 * 3. Every stream has a deadline, an owner and a place in a bounded map.
 * 4. A blocked person's stream ends when the proof has shown whose it is, before a channel exists ([P6]).
 */
export class Network extends Resource<NetworkEvents> {
  readonly #deps: NetworkDependencies;
  readonly #rooms = new Map<string, RoomKeys>();
  readonly #connections = new Map<string, Connection>();
  /** Streams whose proof goes on, with their instances. */
  readonly #unproven = new Map<NoiseSecretStream, string>();
  readonly #parked = new ParkedStreams();
  /** Instances of blocked people, oldest first: they are turned away before any proof. */
  readonly #refused = new Set<string>();
  readonly #misbehaviour: Misbehaviour;

  constructor(deps: NetworkDependencies) {
    super();
    this.#deps = deps;
    this.#misbehaviour = new Misbehaviour(deps);
  }

  get connections(): ReadonlyMap<string, Connection> {
    return this.#connections;
  }

  join(room: RoomKeys): void {
    if (this.#rooms.has(room.id)) return;
    this.#rooms.set(room.id, room);
    for (const discovery of this.#deps.discoveries) discovery.join(discoverable(room));
  }

  /** A joined room is to be looked for on this network alone from now on, or on the Internet too. */
  reach(room: RoomKeys): void {
    if (!this.#rooms.has(room.id)) return;
    this.#rooms.set(room.id, room);
    for (const discovery of this.#deps.discoveries) {
      if (discovery.path !== 'internet') continue;
      if (room.lanOnly) discovery.leave(room.id);
      else discovery.join(discoverable(room));
    }
  }

  /** Somebody is blocked from now on: to them it looks as if this node had left. */
  refuse(id: PeerId): void {
    for (const connection of this.#connections.values()) {
      if (connection.id !== id) continue;
      this.#remember(connection.instance);
      for (const roomId of [...connection.sessions.keys()]) connection.forget(roomId);
      void connection.close();
    }
  }

  /** Somebody is not blocked any more: who was turned away may come again, and is looked for. */
  readmit(): void {
    this.#refused.clear();
    for (const discovery of this.#deps.discoveries) discovery.refresh();
  }

  /** The machine woke up or its network changed: looks for other ways, and which of the streams still live. */
  refresh(): void {
    for (const { link } of this.#connections.values()) link.probe();
    for (const discovery of this.#deps.discoveries) discovery.refresh();
  }

  leave(roomId: string): void {
    if (!this.#rooms.delete(roomId)) return;
    for (const discovery of this.#deps.discoveries) discovery.leave(roomId);
    for (const connection of this.#connections.values()) {
      connection.forget(roomId);
      this.#closeIfUnused(connection);
    }
  }

  protected async _open(): Promise<void> {
    for (const discovery of this.#deps.discoveries) {
      this.defer(discovery.on('stream', (found) => this.#admit(found)));
      this.defer(
        discovery.on('rooms', ({ instance, path, rooms }) => {
          const connection = this.#connections.get(instance);
          if (!connection) return;
          if (path === 'lan' && connection.path === 'direct') {
            connection.path = path;
            this.emit('path', connection);
          }
          connection.want(this.#known(rooms));
        }),
      );
      // Who has a stream here dials no other: what this end takes for living may be lost at that one.
      this.defer(discovery.on('sought', (instance) => this.#connections.get(instance)?.link.ask(ignore)));
      this.defer(() => discovery.close());
      await discovery.open();
    }
  }

  protected override async _close(): Promise<void> {
    this.#parked.close();
    for (const noise of this.#unproven.keys()) noise.destroy();
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #known(rooms: readonly string[]): RoomKeys[] {
    return rooms.map((id) => this.#rooms.get(id)).filter((room) => room !== undefined);
  }

  /** Every stream begins here, as a stranger's. */
  #admit(found: FoundStream): void {
    const { noise, instance, address } = found;
    const { counters, clock } = this.#deps;
    const rooms = noise.isInitiator
      ? this.#allowed(this.#known(found.rooms), { address, instance })
      : [...this.#rooms.values()];
    const refusal = this.#refused.has(instance) ? 'blocked' : this.#isPutOff(found) ? 'put off' : null;
    if (refusal) counters.add(refusal);
    if (refusal || this.closing || rooms.length === 0) {
      noise.destroy();
      return;
    }
    this.#unproven.set(noise, instance);
    const proof = this.#prove(
      {
        isInitiator: noise.isInitiator,
        handshakeHash: noise.handshakeHash as Uint8Array,
        remoteKey: noise.remotePublicKey as Uint8Array,
      },
      rooms,
      { address, instance },
    );
    driveProof({
      noise,
      proof,
      clock,
      admits: (identity) => this.#admits(instance, peerId(identity)),
      onProven: () => {
        this.#unproven.delete(noise);
        found.proven();
        this.#misbehaviour.trust(instance);
        this.#judge(proof, found);
        this.#accept(found, proof);
      },
      onFailed: (violation) => {
        this.#unproven.delete(noise);
        if (violation) this.#misbehaviour.note({ instance, address }, violation);
        this.#judge(proof, found);
      },
    });
  }

  /** Whether nothing is heard of this stream's other end for now ([K4]). */
  #isPutOff({ instance, address }: FoundStream): boolean {
    if (this.#misbehaviour.isPutOff(instance)) return true;
    if (!this.#misbehaviour.isPrefixPutOff(instance, address)) return false;
    const prefix = prefixOf(address);
    return ![...this.#connections.values()].some((other) => prefixOf(other.address) === prefix);
  }

  #admits(instance: string, id: PeerId): boolean {
    if (this.#misbehaviour.isPutOff(id)) {
      this.#deps.counters.add('put off');
      return false;
    }
    if (!this.#deps.isBlocked(id)) return true;
    this.#remember(instance);
    this.#deps.counters.add('blocked');
    return false;
  }

  #remember(instance: string): void {
    this.#refused.add(instance);
    if (this.#refused.size > LIMITS.refusedInstances)
      this.#refused.delete(this.#refused.values().next().value as string);
  }

  #allowed(rooms: readonly RoomKeys[], who: Whereabouts): RoomKeys[] {
    return rooms.filter((room) => this.#mayTry(room, who));
  }

  #mayTry(room: RoomKeys, { address, instance }: Whereabouts): boolean {
    const may = this.#deps.guesses.allowed(address, room.id, instance);
    if (!may) this.#deps.counters.add('guesses throttled');
    return may;
  }

  #prove(stream: ProofStream, rooms: readonly RoomKeys[], who: Whereabouts): RoomProof {
    const { identity, transportKey } = this.#deps;
    const mayTry = (room: RoomKeys) => this.#mayTry(room, who);
    return new RoomProof({ ...pick(stream), localKey: transportKey, rooms, mayTry, identity });
  }

  /** A proof is over: what it says of guesses at a secret, from this address. */
  #judge(proof: RoomProof, { address, instance }: Whereabouts): void {
    const { guesses, counters } = this.#deps;
    for (const { room } of proof.proven) guesses.succeeded(address, room.id, instance);
    for (const room of proof.guessed) {
      guesses.failed(address, room.id);
      counters.add('secrets wrong');
      if (guesses.failures(room.id) >= LIMITS.failedProofsToWarn) this.emit('guessed', room);
    }
    for (const room of proof.wrong) this.emit('wrong-secret', room);
  }

  /**
   * A proven stream: the beginning of a connection, a better way for one, or one too many. `asked`: the one in use has
   * been asked for a sign of life since this one came.
   */
  #accept(found: FoundStream, proof: RoomProof, asked = false): void {
    const { noise, instance, path, address } = found;
    const { clock, counters } = this.#deps;
    const id = peerId(proof.remoteIdentity as Uint8Array);
    const old = this.#connections.get(instance);
    if (old && old.id !== id) {
      this.#misbehaviour.note({ instance }, new ProtocolError('IDENTITY_MISMATCH'));
      noise.destroy();
      return;
    }
    const carrier = path === 'internet' ? 'udx' : 'tcp';
    const initiatorKey = (noise.isInitiator ? noise.publicKey : noise.remotePublicKey) as Uint8Array;
    const isOneTooMany =
      old && !old.link.closed && !old.link.doubted && !replaces({ carrier, initiatorKey }, old.link);
    if (isOneTooMany && !noise.isInitiator && !asked) {
      return this.#parked.park(noise, instance, old.link, () => this.#accept(found, proof, true));
    }
    let connection = old;
    const link = new Link({
      noise,
      carrier,
      path,
      address,
      clock,
      onProof: (frame) => connection?.onProof(link, frame),
      dialBack: (question) =>
        this.#deps.dialBack?.({
          ...question,
          instance,
          // By the Internet a router's address is seen, and a port that is not this one.
          host: path === 'internet' ? null : parseAddress(address).host,
        }) ?? Promise.resolve([]),
      recycle: (bytes) => found.recycle?.(bytes),
      onStalled: () => counters.add('streams stalled'),
      onViolation: (err) => this.#misbehaviour.note({ instance, id }, err),
      onDoubt: (doubted) => {
        if (doubted) counters.add('streams doubted');
        found.doubted(doubted);
        if (connection?.link !== link) return;
        if (doubted) this.#release(instance);
        else this.#hold(connection);
      },
      onClose: (why) => {
        if (why === 'full' && connection) this.emit('full', [...connection.sessions.keys()]);
        if (why === 'lost' && connection?.link === link) this.#release(instance);
        connection?.onLinkClosed(link, why);
      },
    });
    if (!old && !this.#hasPlace(id)) {
      counters.add('connections refused');
      void link.close('full');
      return;
    }
    if (isOneTooMany) {
      void link.close('replaced');
      old.want(proof.proven.map(({ room }) => room));
      return;
    }
    connection ??= this.#connect(link, instance, id);
    connection.adopt(link, proof.proven);
    if (old) this.emit('path', connection);
    this.#hold(connection);
    this.#closeIfUnused(connection);
  }

  /** Of all peers, and of the instances of one person ([K5]). */
  #hasPlace(id: PeerId): boolean {
    const same = [...this.#connections.values()].filter((other) => other.id === id);
    return this.#connections.size < LIMITS.peers && same.length < LIMITS.instancesPerPerson;
  }

  #connect(link: Link, instance: string, id: PeerId): Connection {
    const connection = new Connection(link, {
      instance,
      id,
      clock: this.#deps.clock,
      joined: () => [...this.#rooms.values()],
      proof: (stream, rooms) => {
        const who = { address: stream.address, instance };
        return this.#prove(stream, stream.isInitiator ? this.#allowed(rooms, who) : rooms, who);
      },
      onSession: (session) => this.emit('session', session),
      isExpected: () => this.#parked.has(instance) || [...this.#unproven.values()].includes(instance),
      onProofOver: (proof) => this.#judge(proof, { address: link.address, instance }),
      onViolation: (err) => this.#misbehaviour.note({ instance, id }, err),
      onEnd: () => {
        this.#connections.delete(instance);
        this.#release(instance);
      },
    });
    this.#connections.set(instance, connection);
    return connection;
  }

  /** TCP is the best way there is: with it nobody need look for another. */
  #hold({ instance, link }: Connection): void {
    if (link.carrier !== 'tcp') return;
    for (const discovery of this.#deps.discoveries) discovery.hold(instance);
  }

  #release(instance: string): void {
    if (this.closing) return;
    for (const discovery of this.#deps.discoveries) discovery.release(instance);
  }

  /** Two nodes that share no room any more have nothing to say to each other. */
  #closeIfUnused(connection: Connection): void {
    if (connection.sessions.size === 0) void connection.close();
  }
}

/** What discovery may know of a room. */
const discoverable = ({ id, topic, mdnsKey, lanOnly }: RoomKeys): DiscoverableRoom => ({
  id,
  topic,
  mdnsKey,
  lanOnly,
});

/** Who is at the other end of a stream, as far as is known before the proof. */
type Whereabouts = Pick<FoundStream, 'address' | 'instance'>;

type ProofStream = Pick<Link, 'isInitiator' | 'handshakeHash' | 'remoteKey'>;

const pick = ({ isInitiator, handshakeHash, remoteKey }: ProofStream) => ({
  isInitiator,
  handshakeHash,
  remoteKey,
});

const ignore = () => {};
