import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Clock } from '../clock.js';
import type { Counters } from '../counters.js';
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
  clock: Clock;
  log: Log;
  counters: Counters;
}

export type NetworkEvents = {
  /** A room is shared with an instance. Listeners open their channels before they return. */
  session: [RoomSession];
  /** Somebody is there under this room's name, with another secret. */
  'wrong-secret': [RoomKeys];
  /** A connection takes another way now, or the way is known better. */
  path: [Connection];
};

/**
 * Turns streams to strangers into sessions with members.
 *
 * 1. There is one connection an instance; `replaces` decides between two streams, alike on both ends.
 * 2. A stranger's bytes reach nothing but RoomProof.
 * 3. Every stream has a deadline, an owner and a place in a bounded map.
 * 4. A blocked person's stream ends when the proof has shown whose it is, before a channel exists ([P6]).
 */
export class Network extends Resource<NetworkEvents> {
  readonly #deps: NetworkDependencies;
  readonly #rooms = new Map<string, RoomKeys>();
  readonly #connections = new Map<string, Connection>();
  readonly #unproven = new Set<NoiseSecretStream>();
  /** Instances of blocked people, oldest first: they are turned away before any proof. */
  readonly #refused = new Set<string>();

  constructor(deps: NetworkDependencies) {
    super();
    this.#deps = deps;
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
      this.defer(() => discovery.close());
      await discovery.open();
    }
  }

  protected override async _close(): Promise<void> {
    for (const noise of this.#unproven) noise.destroy();
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #known(rooms: readonly string[]): RoomKeys[] {
    return rooms.map((id) => this.#rooms.get(id)).filter((room) => room !== undefined);
  }

  /** Every stream begins here, as a stranger's. */
  #admit(found: FoundStream): void {
    const { noise, instance, address } = found;
    const { counters, clock } = this.#deps;
    const rooms = noise.isInitiator ? this.#known(found.rooms) : [...this.#rooms.values()];
    const greeted = this.#allowed(rooms, address);
    if (this.#refused.has(instance)) {
      counters.add('blocked');
      noise.destroy();
      return;
    }
    if (this.closing || greeted.length === 0) {
      if (rooms.length > 0) counters.add('guesses throttled');
      noise.destroy();
      return;
    }
    this.#unproven.add(noise);
    const proof = this.#prove(
      {
        isInitiator: noise.isInitiator,
        handshakeHash: noise.handshakeHash as Uint8Array,
        remoteKey: noise.remotePublicKey as Uint8Array,
      },
      greeted,
    );
    driveProof({
      noise,
      proof,
      clock,
      admits: (identity) => this.#admits(instance, peerId(identity)),
      onProven: () => {
        this.#unproven.delete(noise);
        found.proven();
        this.#judge(proof, address);
        this.#accept(found, proof);
      },
      onFailed: (violation) => {
        this.#unproven.delete(noise);
        if (violation) this.#misbehaved(instance, violation);
        this.#judge(proof, address);
      },
    });
  }

  #admits(instance: string, id: PeerId): boolean {
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

  #allowed(rooms: readonly RoomKeys[], address: string): RoomKeys[] {
    return rooms.filter((room) => this.#deps.guesses.allowed(address, room.id));
  }

  #prove(stream: ProofStream, rooms: readonly RoomKeys[]): RoomProof {
    const { identity, transportKey } = this.#deps;
    return new RoomProof({ ...pick(stream), localKey: transportKey, rooms, identity });
  }

  /** A proof is over: what it says of guesses at a secret, from this address. */
  #judge(proof: RoomProof, address: string): void {
    const { guesses, counters } = this.#deps;
    for (const { room } of proof.proven) guesses.succeeded(address, room.id);
    for (const room of proof.guessed) {
      guesses.failed(address, room.id);
      counters.add('secrets wrong');
    }
    for (const room of proof.wrong) this.emit('wrong-secret', room);
  }

  /** A proven stream: the beginning of a connection, a better way for one, or one too many. */
  #accept(found: FoundStream, proof: RoomProof): void {
    const { noise, instance, path, address } = found;
    const { clock, counters } = this.#deps;
    const id = peerId(proof.remoteIdentity as Uint8Array);
    const old = this.#connections.get(instance);
    if (old && old.id !== id) {
      this.#misbehaved(instance, new ProtocolError('IDENTITY_MISMATCH'));
      noise.destroy();
      return;
    }
    let connection = old;
    const link = new Link({
      noise,
      carrier: path === 'internet' ? 'udx' : 'tcp',
      path,
      address,
      clock,
      onProof: (frame) => connection?.onProof(link, frame),
      onViolation: (err) => this.#misbehaved(instance, err),
      onClose: (goodbye) => connection?.onLinkClosed(link, goodbye),
    });
    if (!old && this.#connections.size >= LIMITS.peers) {
      counters.add('connections refused');
      void link.close('full');
      return;
    }
    if (old && !old.link.closed && !replaces(link, old.link)) {
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

  #connect(link: Link, instance: string, id: PeerId): Connection {
    const connection = new Connection(link, {
      instance,
      id,
      clock: this.#deps.clock,
      joined: () => [...this.#rooms.values()],
      proof: (stream, rooms) => this.#prove(stream, this.#allowed(rooms, link.address)),
      onSession: (session) => this.emit('session', session),
      onProofOver: (proof) => this.#judge(proof, link.address),
      onViolation: (err) => this.#misbehaved(instance, err),
      onEnd: () => {
        this.#connections.delete(instance);
        if (this.closing) return;
        for (const discovery of this.#deps.discoveries) discovery.release(instance);
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

  /** Two nodes that share no room any more have nothing to say to each other. */
  #closeIfUnused(connection: Connection): void {
    if (connection.sessions.size === 0) void connection.close();
  }

  /** The canonical line that a firewall or a person can watch for. It names an instance, never a person. */
  #misbehaved(instance: string, err: ProtocolError): void {
    const { counters, log } = this.#deps;
    counters.add(`violation ${err.violation}`);
    log.warn('MISBEHAVE', { peer: instance, code: err.violation });
    if (err.violation === 'HANDLER_FAILED') log.error('handler-failed', { cause: String(err.cause) });
  }
}

/** What discovery may know of a room. */
const discoverable = ({ id, topic, mdnsKey, lanOnly }: RoomKeys): DiscoverableRoom => ({
  id,
  topic,
  mdnsKey,
  lanOnly,
});

type ProofStream = Pick<Link, 'isInitiator' | 'handshakeHash' | 'remoteKey'>;

const pick = ({ isInitiator, handshakeHash, remoteKey }: ProofStream) => ({
  isInitiator,
  handshakeHash,
  remoteKey,
});
