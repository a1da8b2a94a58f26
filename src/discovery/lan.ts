import { isIPv4 } from 'node:net';
import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import { Resource } from '../resource.js';
import { Dialer } from './dialer.js';
import type { DiscoverableRoom, Discovery, DiscoveryEvents, FoundStream } from './discovery.js';
import { HeardAddresses } from './heard-addresses.js';
import { type NetworkLink, networkLinks } from './interfaces.js';
import { type Heard, MdnsLink } from './mdns-link.js';
import { fromTxt, makeTags, matchTags, newNonce, sameTags, type TagRecord, toTxt } from './room-tags.js';
import type { DialTarget, TcpTransport } from './tcp-transport.js';

export interface LanDependencies {
  transport: TcpTransport;
  clock: Clock;
  log: Log;
}

export interface LanOptions {
  /** The links of this machine; for a test that has its own idea of them. */
  links?: () => NetworkLink[];
}

/** Somebody whose record was heard. */
interface Neighbour {
  record: TagRecord;
  addresses: HeardAddresses;
  heardAt: number;
  rooms: ReadonlySet<string>;
}

const FORGET_EVERY_MS = 10_000;
/** A link that hears nothing of what it says is made anew at most this often: on some systems it never will. */
const REBUILD_EVERY_MS = 30_000;
const NONCE_EVERY_MS = 15 * 60_000;
const TURN_EVERY_MS = 30_000;
const QUERY_MIN_MS = 1_000;
const QUERY_MAX_MS = 60_000;
/** Who sees nobody asks more often. */
const QUERY_ALONE_MS = 10_000;

/**
 * People on the same network: says by mDNS which rooms this node is in (as tags that only their members can read),
 * hears who else is, and dials them over TCP.
 *
 * 1. Nothing is bound, said or asked before the first `join`, and after the last `leave` a goodbye is the last word.
 * 2. A record can add an address to dial, and nothing else: no goodbye, change or clash touches a living stream.
 * 3. What is remembered of others is bounded: `mdnsInstances` of them, for `mdnsInstanceLifeMs` after the last word.
 * 4. Each network of this machine has a link of its own: what happens to one touches no other.
 */
export class LanDiscovery extends Resource<DiscoveryEvents> implements Discovery {
  readonly path = 'lan';
  readonly #transport: TcpTransport;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listLinks: () => NetworkLink[];
  readonly #dialer: Dialer;
  readonly #rooms = new Map<string, DiscoverableRoom>();
  readonly #links = new Map<string, MdnsLink>();
  /** The links of this machine when it was last looked. */
  #present: readonly NetworkLink[] = [];
  readonly #rebuilt = new Map<string, number>();
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #held = new Set<string>();
  #timers: Timer[] = [];
  #query: Timer | null = null;
  #queryMs = QUERY_MIN_MS;
  #askedAt = Number.NEGATIVE_INFINITY;
  #nonce = newNonce();
  #turn = 0;
  #stopping: Promise<unknown> = Promise.resolve();

  constructor({ transport, clock, log }: LanDependencies, { links = networkLinks }: LanOptions = {}) {
    super();
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#listLinks = links;
    this.#dialer = new Dialer({ transport, clock });
  }

  /** This node's own name on the network. */
  get instance(): string {
    return this.#transport.instance;
  }

  /** How many neighbours are remembered. */
  get known(): number {
    return this.#neighbours.size;
  }

  /** Where an instance has been heard lately. */
  hostsOf(instance: string): string[] {
    return this.#neighbours.get(instance)?.addresses.hosts ?? [];
  }

  /** Whether two machines are heard at one IPv4 address: their link-local IPv6 addresses, which are drawn, differ. */
  isShared(host: string): boolean {
    const there = [...this.#neighbours.values()]
      .map(({ addresses }) => addresses.hosts)
      .filter((hosts) => hosts.includes(host))
      .map((hosts) => hosts.filter((one) => one.includes('%')))
      .filter((local) => local.length > 0);
    return there.some((one, i) =>
      there.slice(i + 1).some((other) => !other.some((host) => one.includes(host))),
    );
  }

  /** IPv4 addresses that two machines have. */
  get sharedHosts(): string[] {
    const hosts = new Set([...this.#neighbours.values()].flatMap(({ addresses }) => addresses.hosts));
    return [...hosts].filter((host) => isIPv4(host) && this.isShared(host));
  }

  join(room: DiscoverableRoom): void {
    if (this.#rooms.has(room.id) || this.closing) return;
    this.#rooms.set(room.id, room);
    if (this.#rooms.size === 1) this.#start();
    else {
      this.#announce();
      this.#askSoon();
    }
    for (const instance of this.#neighbours.keys()) this.#match(instance);
  }

  leave(roomId: string): void {
    if (!this.#rooms.delete(roomId)) return;
    for (const instance of this.#neighbours.keys()) this.#match(instance);
    if (this.#rooms.size === 0) this.#stop();
    else this.#announce();
  }

  hold(instance: string): void {
    this.#held.add(instance);
  }

  release(instance: string): void {
    if (this.#held.delete(instance)) this.#dialer.again(instance);
  }

  refresh(): void {
    if (this.#rooms.size === 0) return;
    this.#updateLinks();
    this.#announce();
    this.#askSoon();
    this.#dialer.hurry();
  }

  protected async _open(): Promise<void> {
    this.defer(this.#transport.on('gone', (instance) => this.#onGone(instance)));
    this.defer(() => this.#dialer.close());
  }

  protected override async _close(): Promise<void> {
    this.#stop();
    await this.#stopping;
  }

  #start(): void {
    const clock = this.#clock;
    this.#timers = [
      clock.every(FORGET_EVERY_MS, () => this.#forgetSilent()),
      clock.every(NONCE_EVERY_MS, () => {
        this.#nonce = newNonce();
        this.#announce();
      }),
      clock.every(TURN_EVERY_MS, () => {
        if (this.#rooms.size <= LIMITS.mdnsTagsPerRecord) return;
        this.#turn++;
        this.#announce();
      }),
    ];
    this.#updateLinks();
    this.#askSoon();
  }

  #stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    this.#query?.cancel();
    for (const key of [...this.#links.keys()]) this.#removeLink(key);
  }

  /** Invariant 3. */
  #forgetSilent(): void {
    const oldest = this.#clock.now() - LIMITS.mdnsInstanceLifeMs;
    for (const [instance, { addresses, heardAt }] of this.#neighbours) {
      if (heardAt >= oldest) addresses.dropOlder(oldest);
      else if (!this.#transport.has(instance)) this.#forget(instance);
    }
  }

  /** Follows the machine's interfaces as they come, go and are made anew; links that stay are left alone. */
  #updateLinks(): void {
    this.#present = this.#listLinks();
    const now = new Map(this.#present.map((link) => [link.key, link]));
    for (const key of this.#links.keys()) if (!now.has(key)) this.#removeLink(key);
    for (const key of this.#rebuilt.keys()) if (!now.has(key)) this.#rebuilt.delete(key);
    for (const link of now.values()) if (!this.#links.has(link.key)) this.#addLink(link);
  }

  #addLink(link: NetworkLink): void {
    const mdns = new MdnsLink({ link, clock: this.#clock, log: this.#log });
    this.#links.set(link.key, mdns);
    mdns.on('heard', (heard) => this.#onHeard(heard));
    mdns.on('deaf', () => this.#rebuild(link));
    void mdns.open().then(
      () => {
        this.#announceOn(mdns);
        mdns.query();
      },
      () => undefined, // Invariant 5 of Discovery: it is deaf, and tried again
    );
  }

  #removeLink(key: string): void {
    const mdns = this.#links.get(key);
    this.#links.delete(key);
    if (mdns) this.#stopping = Promise.allSettled([this.#stopping, mdns.close()]);
  }

  /** Membership of a group does not outlive an interface, and the library does not see that it is gone. */
  #rebuild(link: NetworkLink): void {
    const now = this.#clock.now();
    if (now - (this.#rebuilt.get(link.key) ?? Number.NEGATIVE_INFINITY) < REBUILD_EVERY_MS) return;
    this.#rebuilt.set(link.key, now);
    this.#removeLink(link.key);
    this.#addLink(link);
  }

  #announce(): void {
    for (const mdns of this.#links.values()) this.#announceOn(mdns);
  }

  #announceOn(mdns: MdnsLink): void {
    const { port, instance } = this.#transport;
    if (port === null || this.#rooms.size === 0) return;
    const rooms = [...this.#rooms.values()];
    const start = (this.#turn * LIMITS.mdnsTagsPerRecord) % rooms.length;
    const inTurn = rooms.slice(start, start + LIMITS.mdnsTagsPerRecord);
    mdns.announce({
      instance,
      port,
      txt: toTxt(
        makeTags(
          inTurn.map(({ mdnsKey }) => mdnsKey),
          this.#nonce,
        ),
      ),
    });
  }

  /** Asks now and then less and less often, since a datagram or a neighbour may have been missing. */
  #askSoon(): void {
    this.#queryMs = QUERY_MIN_MS;
    const waitMs = this.#askedAt + QUERY_MIN_MS - this.#clock.now();
    if (waitMs <= 0) return this.#ask();
    this.#query?.cancel();
    this.#query = this.#clock.after(waitMs, () => this.#ask());
  }

  #ask(): void {
    this.#askedAt = this.#clock.now();
    for (const mdns of [...this.#links.values()]) mdns.query();
    this.#query?.cancel();
    this.#query = this.#clock.after(this.#queryMs, () => this.#ask());
    const alone = ![...this.#neighbours.keys()].some((instance) => this.#transport.has(instance));
    this.#queryMs = Math.min(this.#queryMs * 2, alone ? QUERY_ALONE_MS : QUERY_MAX_MS);
  }

  #onHeard({ instance, host, port, txt }: Heard): void {
    const record = instance === this.#transport.instance ? null : fromTxt(txt);
    if (!record) return;
    const now = this.#clock.now();
    const known = this.#neighbours.get(instance);
    const addresses = known?.addresses ?? new HeardAddresses();
    const isNew = addresses.heard({ host, port }, now);
    this.#neighbours.delete(instance); // to the end of the order in which the oldest are forgotten
    this.#neighbours.set(instance, { record, addresses, heardAt: now, rooms: known?.rooms ?? new Set() });
    if (this.#neighbours.size > LIMITS.mdnsInstances) this.#forgetOne();
    if (isNew || !known || !sameTags(known.record, record)) this.#match(instance);
    if (!this.#transport.has(instance)) this.#dialer.again(instance); // the network it was met on may be back
    this.#dialer.hurry(instance); // it is there: an earlier failure says nothing any more
  }

  /** Finds out which joined rooms a neighbour is in, tells it, and dials if there is anything to dial for. */
  #match(instance: string): void {
    const neighbour = this.#neighbours.get(instance);
    if (!neighbour) return;
    const rooms = new Set(matchTags(neighbour.record, this.#rooms.values()));
    const fresh = [...rooms].filter((id) => !neighbour.rooms.has(id));
    neighbour.rooms = rooms;
    this.#transport.markLan(instance, rooms.size > 0);
    if (rooms.size === 0) return this.#dialer.remove(instance);
    if (fresh.length > 0) this.emit('rooms', { instance, path: 'lan', rooms: fresh });
    // So that a pair proves itself once, one end goes first (PROTOCOL.md [D4]).
    const delayMs = this.#transport.instance < instance ? 0 : LIMITS.lanYieldMs;
    const plan = {
      where: () => this.#where(instance),
      onStream: (found: FoundStream) => {
        this.#neighbours.get(instance)?.addresses.worked(found.address);
        this.emit('stream', found);
      },
    };
    this.#dialer.add(instance, plan, delayMs);
  }

  #where(instance: string): DialTarget | null {
    const neighbour = this.#neighbours.get(instance);
    if (
      !neighbour ||
      neighbour.rooms.size === 0 ||
      this.#held.has(instance) ||
      this.#transport.has(instance)
    ) {
      return null; // Invariant 4 of Discovery; `gone` and `release` bring it back
    }
    const isHere = (host: string) => this.#present.some((link) => link.contains(host));
    const [first, ...others] = neighbour.addresses.toDial(isHere);
    return first ? { ...first, others, rooms: [...neighbour.rooms], instance } : null;
  }

  #onGone(instance: string): void {
    this.#dialer.again(instance);
    if (this.#transport.instance < instance) this.#dialer.hurry(instance); // one end goes first, as in `#match`
    if (this.#neighbours.has(instance) && this.#rooms.size > 0) this.#askSoon();
  }

  #forget(instance: string): void {
    this.#neighbours.delete(instance);
    this.#transport.markLan(instance, false);
    this.#dialer.remove(instance);
  }

  /** Makes room: strangers go before those who share a room, connected ones last. */
  #forgetOne(): void {
    const all = [...this.#neighbours];
    const [stranger] = all.find(([, { rooms }]) => rooms.size === 0) ?? [];
    const [unconnected] = all.find(([instance]) => !this.#transport.has(instance)) ?? [];
    this.#forget(stranger ?? unconnected ?? (all[0] as [string, Neighbour])[0]);
  }
}
