import { networkInterfaces } from 'node:os';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import type Hyperswarm from 'hyperswarm';
import type { Clock, Timer } from '../clock.js';
import type { Counters } from '../counters.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import { Resource } from '../resource.js';
import { type Address, formatAddress } from './address.js';
import { backoffMs, unpredictable } from './backoff.js';
import type { DiscoverableRoom, Discovery, DiscoveryEvents } from './discovery.js';
import { instanceId } from './instance-id.js';
import { PendingStreams } from './pending-streams.js';
import { Seeking } from './seeking.js';

export interface InternetDependencies {
  /** This run's transport key. */
  keyPair: NoiseSecretStream.KeyPair;
  clock: Clock;
  log: Log;
  counters: Counters;
}

export interface InternetOptions {
  /** Nodes by which a DHT is entered; the public ones when left out. */
  bootstrap?: readonly Address[];
}

/**
 * When a room is looked up again after it was joined or the network changed: who joins in the same moment is not
 * announced yet at the first look, and the library's own next one comes minutes later.
 */
const REFRESH_AT_MS = [1_000, 3_000, 6_000, 10_000, 15_000, 60_000] as const;
const REFRESH_EVERY_MS = 300_000;
/** Closing does not wait longer for the DHT; what was announced there runs out by itself. */
const CLOSE_MS = 1_000;

/** A DHT that was not entered by then is not to be had: the library's own time-outs are six seconds. */
const ENTER_MS = 4_000;
/** Nodes that are asked whether they are there. */
const ASKED = 8;

/** Bytes that a stream may bring before it is proven: a proof takes less than 2 KiB. */
const UNPROVEN_BYTES = 16_384;
/** At most so many that proved nothing are remembered; the one of longest ago is forgiven first. */
const SHUNNED = 256;

interface JoinedRoom {
  room: DiscoverableRoom;
  /** Null until the library has been loaded. */
  session: Hyperswarm.PeerDiscoverySession | null;
  refreshes: number;
  timer: Timer | null;
}

/** How this machine stands to the DHT. */
export interface DhtHealth {
  asked: number;
  /** How many answered just now, the quickest after `rttMs`. */
  answered: number;
  rttMs: number | null;
  /**
   * `open`: everybody can reach it; `consistent`: a router gives it one address for all, so that a way can be made;
   * `random`: another for each, so that only who is open can be reached.
   */
  nat: 'open' | 'consistent' | 'random' | 'unknown';
  /** How the DHT sees this machine. */
  address: string | null;
}

/** Somebody who was connected and proved nothing; when the timer runs out that is forgiven. */
interface Shunned {
  failures: number;
  timer: Timer;
}

/**
 * People anywhere: announces and looks up the rooms' topics in a DHT by hyperswarm, which also makes the way through
 * routers, and hands on its streams.
 *
 * 1. No socket is opened before the first room that may be looked for there.
 * 2. A DHT that nobody can reach is an ordinary state: nothing throws, waits or spins for it.
 * 3. Who is held is neither dialled nor let in, but its wish is told ("sought"); who proves nothing is left alone for a
 *    while, longer each time.
 */
export class InternetDiscovery extends Resource<DiscoveryEvents> implements Discovery {
  readonly path = 'internet';
  readonly #deps: InternetDependencies;
  readonly #options: InternetOptions;
  readonly #pending: PendingStreams;
  readonly #rooms = new Map<string, JoinedRoom>();
  readonly #held = new Set<string>();
  /** Who has proven a room in this run, those of longest ago forgotten first: a stream of theirs may end early. */
  readonly #met = new Set<string>();
  readonly #seeking: Seeking;
  readonly #shunned = new Map<string, Shunned>();
  #starting: Promise<Hyperswarm | null> | null = null;
  #swarm: Hyperswarm | null = null;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: InternetDependencies, options: InternetOptions = {}) {
    super();
    this.#deps = deps;
    this.#options = options;
    this.#pending = new PendingStreams(deps.clock);
    this.#seeking = new Seeking({
      clock: deps.clock,
      dial: (instance) => this.#dialNow(instance),
      stop: (instance) => {
        for (const { publicKey } of this.#infos(instance)) this.#swarm?.leavePeer(publicKey);
      },
    });
  }

  /** This machine's part of the DHT; null before the first join. */
  get dht(): Hyperswarm['dht'] | null {
    return this.#swarm?.dht ?? null;
  }

  /** This node's own name. */
  get instance(): string {
    return instanceId(this.#deps.keyPair.publicKey);
  }

  join(room: DiscoverableRoom): void {
    if (room.lanOnly || this.closing || this.#rooms.has(room.id)) return;
    const joined: JoinedRoom = { room, session: null, refreshes: 0, timer: null };
    this.#rooms.set(room.id, joined);
    this.#starting ??= this.#start();
    void this.#starting.then((swarm) => {
      if (!swarm || this.closing || this.#rooms.get(room.id) !== joined) return;
      joined.session = swarm.join(room.topic, { server: true, client: true, onerror: ignore });
      this.#schedule(joined);
    });
  }

  leave(roomId: string): void {
    const joined = this.#rooms.get(roomId);
    if (!joined) return;
    this.#rooms.delete(roomId);
    joined.timer?.cancel();
    joined.session?.destroy().catch(ignore);
  }

  hold(instance: string): void {
    this.#held.add(instance);
    this.#meet(instance);
    this.#seeking.end(instance);
    this.#ban(instance);
  }

  release(instance: string): void {
    if (!this.#held.delete(instance)) return;
    this.#unban(instance);
    this.#seeking.begin(instance);
    this.refresh();
  }

  refresh(): void {
    const now = this.#deps.clock.now();
    if (now - this.#refreshedAt < REFRESH_AT_MS[0]) return;
    this.#refreshedAt = now;
    for (const joined of this.#rooms.values()) {
      joined.refreshes = -1; // this look comes before those of the schedule
      this.#look(joined);
    }
  }

  /** Asks nodes of the DHT whether they are there; enters it for as long as that takes if no room has done so. */
  async health(): Promise<DhtHealth> {
    const swarm = (await this.#starting) ?? (await this.#make(NoiseSecretStream.keyPair()));
    const { dht } = swarm;
    try {
      await this.#within(ENTER_MS, dht.fullyBootstrapped().catch(ignore));
      const nodes = [...dht.bootstrapNodes, ...dht.toArray({ limit: ASKED })].slice(0, ASKED);
      const answers = await Promise.allSettled(nodes.map(async (node) => dht.ping(node, { retry: false })));
      const rtts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.rtt] : []));
      const kind = dht.randomized ? 'random' : dht.host === null ? 'unknown' : 'consistent';
      return {
        asked: nodes.length,
        answered: rtts.length,
        rttMs: rtts.length > 0 ? Math.min(...rtts) : null,
        nat: dht.host !== null && (!dht.firewalled || isOwnAddress(dht.host)) ? 'open' : kind,
        address: dht.host,
      };
    } finally {
      if (swarm !== this.#swarm) void swarm.destroy().catch(ignore);
    }
  }

  protected async _open(): Promise<void> {}

  protected override async _close(): Promise<void> {
    for (const { timer } of this.#rooms.values()) timer?.cancel();
    for (const { timer } of this.#shunned.values()) timer.cancel();
    this.#seeking.close();
    const swarm = await this.#starting;
    if (!swarm) return;
    for (const noise of swarm.connections) noise.destroy();
    const done = swarm.destroy().catch(ignore);
    // Without a DHT there is nothing to take back, and the library waits for its own time-outs.
    if (!swarm.dht.bootstrapped) return;
    await this.#within(CLOSE_MS, done);
  }

  async #within(ms: number, done: Promise<void>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      const timer = this.#deps.clock.after(ms, resolve);
      cancel = () => timer.cancel();
    });
    await Promise.race([done, late]).finally(cancel);
  }

  /** Loaded when it is needed: who stays on one network never pays for it. */
  async #start(): Promise<Hyperswarm | null> {
    const swarm = await this.#make(this.#deps.keyPair);
    if (this.closing) {
      void swarm.destroy().catch(ignore);
      return null;
    }
    const { server } = swarm;
    const { firewall } = server;
    // The library asks its own list first, which does not tell who knocked.
    server.firewall = (publicKey, ...rest) => {
      const instance = instanceId(publicKey);
      if (this.#held.has(instance)) this.emit('sought', instance);
      return firewall(publicKey, ...rest);
    };
    const connect = swarm.dht.connect.bind(swarm.dht);
    swarm.dht.connect = (publicKey, options) => {
      const noise = connect(publicKey, options);
      this.#seeking.onDial(noise, instanceId(publicKey as Uint8Array));
      return noise;
    };
    swarm.on('connection', (noise, info) => this.#onConnection(noise, info));
    this.#swarm = swarm;
    return swarm;
  }

  /** Dials an instance now that was found here for a room before; any other the next look may find. */
  #dialNow(instance: string): void {
    for (const info of this.#infos(instance)) {
      if (this.#roomsOf(info).length > 0) this.#swarm?.joinPeer(info.publicKey);
    }
  }

  async #make(keyPair: NoiseSecretStream.KeyPair): Promise<Hyperswarm> {
    const { default: Swarm } = await import('hyperswarm');
    const { bootstrap } = this.#options;
    return new Swarm({
      keyPair,
      bootstrap: bootstrap?.map(({ host, port }) => ({ host, port })),
      maxPeers: LIMITS.peers,
      firewall: (publicKey) => this.#refuses(instanceId(publicKey)),
    });
  }

  #onConnection(noise: NoiseSecretStream, info: Hyperswarm.PeerInfo): void {
    noise.on('error', ignore); // 'close' follows
    const { clock, counters } = this.#deps;
    const instance = instanceId(noise.remotePublicKey as Uint8Array);
    const { remoteHost: host, remotePort: port } = noise.rawStream as unknown as RawStream;
    if (this.closing || this.#refuses(instance)) {
      info.ban(true);
      noise.destroy();
      return;
    }
    this.#seeking.end(instance);
    if (!this.#pending.admits(host)) {
      counters.add('streams refused');
      noise.destroy();
      return;
    }
    const letGo = this.#pending.add(host, () => {
      counters.add('streams evicted');
      noise.destroy();
    });
    const deadline = clock.after(LIMITS.proofDeadlineMs, () => noise.destroy());
    // Of frames that were handed on: what has been read may hold a member's first frames behind its proof.
    let unproven = 0;
    const meter = (frame: Uint8Array) => {
      unproven += frame.byteLength;
      if (unproven > UNPROVEN_BYTES) noise.destroy();
    };
    noise.on('data', meter);
    noise.setKeepAlive(LIMITS.keepAliveMs);
    noise.setTimeout(LIMITS.deadAfterMs);
    let isProven = false;
    noise.on('close', () => {
      deadline.cancel();
      letGo();
      if (!isProven) this.#shun(instance);
    });
    const onTopic = () => this.emit('rooms', { instance, path: this.path, rooms: this.#roomsOf(info) });
    info.on('topic', onTopic);
    noise.on('close', () => info.off('topic', onTopic));
    this.emit('stream', {
      noise,
      instance,
      path: this.path,
      doubted: ignore, // the library dials nobody to whom it has a stream
      address: formatAddress({ host, port }),
      rooms: noise.isInitiator ? this.#roomsOf(info) : [],
      proven: () => {
        isProven = true;
        deadline.cancel();
        letGo();
        noise.off('data', meter);
        this.#meet(instance);
        this.#forgive(instance);
      },
    });
  }

  #roomsOf({ topics }: Hyperswarm.PeerInfo): string[] {
    return [...this.#rooms.values()]
      .filter(({ room }) => topics.some((topic) => b4a.equals(topic, room.topic)))
      .map(({ room }) => room.id);
  }

  #refuses(instance: string): boolean {
    return this.closing || this.#held.has(instance) || this.#shunned.has(instance);
  }

  #meet(instance: string): void {
    this.#met.delete(instance);
    this.#met.add(instance);
    if (this.#met.size > LIMITS.peers * 2) this.#met.delete(this.#met.values().next().value as string);
  }

  /** Leaves somebody alone who proved nothing. */
  #shun(instance: string): void {
    // Where both ends dial at once the library ends one of two streams, maybe before its proof.
    if (this.closing || this.#held.has(instance) || this.#met.has(instance)) return;
    const failures = (this.#shunned.get(instance)?.failures ?? 0) + 1;
    this.#forgive(instance);
    const [oldest] = this.#shunned.keys();
    if (oldest !== undefined && this.#shunned.size >= SHUNNED) this.#forgive(oldest);
    this.#ban(instance);
    const ms = backoffMs(failures, LIMITS.dialBackoffMaxMs, unpredictable);
    const timer = this.#deps.clock.after(ms, () => {
      this.#unban(instance);
      this.refresh();
    });
    this.#shunned.set(instance, { failures, timer });
  }

  #forgive(instance: string): void {
    this.#shunned.get(instance)?.timer.cancel();
    this.#shunned.delete(instance);
    this.#unban(instance);
  }

  #ban(instance: string): void {
    for (const info of this.#infos(instance)) info.ban(true);
  }

  #unban(instance: string): void {
    if (this.#held.has(instance)) return;
    for (const info of this.#infos(instance)) info.ban(false);
  }

  #infos(instance: string): Hyperswarm.PeerInfo[] {
    return [...(this.#swarm?.peers.values() ?? [])].filter(
      ({ publicKey }) => instanceId(publicKey) === instance,
    );
  }

  #schedule(joined: JoinedRoom): void {
    const at = (n: number) => REFRESH_AT_MS[n] ?? 0;
    const { refreshes } = joined;
    const pause = refreshes < REFRESH_AT_MS.length ? at(refreshes) - at(refreshes - 1) : REFRESH_EVERY_MS;
    joined.timer?.cancel();
    joined.timer = this.#deps.clock.after(pause * (1 + unpredictable() / 10), () => this.#look(joined));
  }

  #look(joined: JoinedRoom): void {
    // Where the other end let go of a lost stream later than this one, the library bans it for good.
    for (const info of this.#swarm?.peers.values() ?? []) {
      if (info.banned && !this.#refuses(instanceId(info.publicKey))) info.ban(false);
    }
    joined.session?.refresh({ client: true, server: true }).catch(ignore); // Invariant 2
    joined.refreshes++;
    this.#schedule(joined);
  }
}

/** What is known of the other end of a UDX stream. */
interface RawStream {
  remoteHost: string;
  remotePort: number;
}

const isOwnAddress = (host: string): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));

const ignore = () => {};
