import { randomBytes } from 'node:crypto';
import { Bonjour, Service } from 'bonjour-service';
import type { Clock, Timer } from '../clock.js';
import type { Log } from '../log.js';
import { Resource } from '../resource.js';
import { TokenBucket } from '../token-bucket.js';
import type { NetworkLink } from './interfaces.js';
import { MdnsSocket } from './mdns-socket.js';

/** A service record of somebody else, as heard on one link. */
export interface Heard {
  instance: string;
  /** The packet's sender: what a record says of addresses is not believed. */
  host: string;
  port: number;
  txt: readonly Uint8Array[];
}

export interface Announcement {
  instance: string;
  port: number;
  txt: Record<string, string>;
}

/** The parts of multicast-dns and its packets that are used here. */
interface Mdns {
  on(event: 'response', fn: (packet: Packet, from: { address: string; port: number }) => void): void;
  on(event: 'query', fn: (packet: Packet) => void): void;
  on(event: 'error' | 'warning', fn: (err: Error) => void): void;
  on(event: 'ready', fn: () => void): void;
  removeAllListeners(event: 'query'): void;
  query(name: string, type: string): void;
  respond(records: object[], done?: () => void): void;
  destroy(done: () => void): void;
}
interface Packet {
  questions: { name: string; type: string }[];
  answers: DnsRecord[];
  additionals: DnsRecord[];
}
interface DnsRecord {
  name: string;
  type: string;
  ttl?: number;
  data: unknown;
}
/** bonjour-service keeps these to itself in its types. */
interface BonjourServer {
  mdns: Mdns;
}

const TYPE = 'chatter';
const SERVICE = `_${TYPE}._tcp.local`;
const INSTANCE = /^([0-9a-f]{16})\._chatter\._tcp\.local$/i;
/** Whoever speaks mDNS at all answers this one (RFC 6763 section 9). */
const ANYTHING = '_services._dns-sd._udp.local';
const GOODBYE_MS = 250;
/** A record is said this often when it is new, since a datagram may be lost (RFC 6762 section 8.3). */
const REPEAT_MS = 1_000;
/**
 * Who asks first hears at once that somebody is here; in a crowd everybody hears the answer to anybody, so that it is
 * enough to say it once a second (RFC 6762 section 6).
 */
const ANSWERS = { perSecond: 1, burst: 3 };
/** Services in one packet that are looked at: everybody has one. */
const SERVICES_PER_PACKET = 8;
/** So many questions that this machine itself did not hear in a row: the group was lost, or the port was not got. */
const DEAF_AFTER = 2;
const LOWEST_PORT = 1024;

/**
 * mDNS on one link: says this node's record, asks for others', and tells what it hears. It uses bonjour-service for
 * sockets, records and answers, and keeps away from its traps: its browser's list without an end, its record of
 * every address of the machine, its default error callback that throws, its probe that anybody may answer.
 *
 * 1. A record is heard only from a sender on this link (`MdnsSocket` sees to it); nothing that it says of addresses is used.
 * 2. No error of the network leaves this class. A link that no longer works is known by its silence: what is sent to
 *    the group comes back to the sender too, and `deaf` is told when it does not.
 */
export class MdnsLink extends Resource<{ heard: [Heard]; deaf: [] }> {
  readonly #link: NetworkLink;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #hostName = `${randomBytes(8).toString('hex')}.local`;
  readonly #answers: TokenBucket;
  #server: BonjourServer | null = null;
  #socket: MdnsSocket | null = null;
  #unheard = 0;
  #records: DnsRecord[] = [];
  /** The records will be said once more. */
  #again: Timer | null = null;

  constructor({ link, clock, log }: { link: NetworkLink; clock: Clock; log: Log }) {
    super();
    this.#link = link;
    this.#clock = clock;
    this.#log = log;
    this.#answers = new TokenBucket(clock, ANSWERS);
  }

  protected async _open(): Promise<void> {
    const { family, address } = this.#link;
    const socket = new MdnsSocket(this.#link, this.#clock);
    this.#socket = socket;
    const group = family === 6 ? { type: 'udp6', ip: 'ff02::fb', bind: '::' } : { bind: '0.0.0.0' };
    const bonjour = new Bonjour({ ...group, interface: address, socket } as object, (err: Error) =>
      this.#failed(err),
    );
    const server = (bonjour as unknown as { server: BonjourServer }).server;
    const { mdns } = server;
    mdns.on('error', (err) => this.#failed(err));
    mdns.on('warning', (err) => this.#failed(err));
    mdns.on('response', (packet, { address: host }) => this.#onResponse(packet, host));
    // The library answers every question of every packet from anywhere: ours are few, and for neighbours.
    mdns.removeAllListeners('query');
    mdns.on('query', ({ questions }) => {
      if (questions.some(({ name }) => this.#isOurs(name))) this.#answer();
    });
    this.#server = server;
    this.defer(() => new Promise<void>((done) => mdns.destroy(done)));
  }

  protected override async _close(): Promise<void> {
    this.#again?.cancel();
    await this.#goodbye();
  }

  /** Says this record from now on instead of the one before. */
  announce({ instance, port, txt }: Announcement): void {
    const server = this.#server;
    if (!server || this.closing) return;
    const service = new Service(
      { name: instance, type: TYPE, protocol: 'tcp', port, host: this.#hostName, txt },
      nothing,
      nothing,
    );
    this.#records = (service.records() as DnsRecord[]).filter(({ type }) => type !== 'A' && type !== 'AAAA');
    this.#say();
    this.#sayAgain();
  }

  /** Asks who is there, and tells `deaf` if the questions before came back to nobody. */
  query(): void {
    if (!this.#socket || this.closing) return;
    this.#unheard = this.#socket.heardSelf ? 0 : this.#unheard + 1;
    if (this.#unheard >= DEAF_AFTER) this.emit('deaf');
    this.#socket.heardSelf = false;
    this.#server?.mdns.query(SERVICE, 'PTR');
  }

  /** Asks every device, whatever it offers, to be heard. */
  callOut(): void {
    if (this.#socket) this.#socket.heardSelf = false;
    this.#server?.mdns.query(SERVICE, 'PTR');
    this.#server?.mdns.query(ANYTHING, 'PTR');
  }

  /** Whether what was said last came back to this machine, and the addresses of others that were heard lately. */
  get heard(): { self: boolean; others: readonly string[] } {
    return { self: this.#socket?.heardSelf ?? false, others: this.#socket?.others ?? [] };
  }

  /** Takes the record back; a kind word that others need not believe. */
  async #goodbye(): Promise<void> {
    const { mdns } = this.#server ?? {};
    if (!mdns || this.#records.length === 0) return;
    const records = this.#records.map((record) => ({ ...record, ttl: 0 }));
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(GOODBYE_MS, resolve); // there may be no network left to say it on
      mdns.respond(records, () => {
        timer.cancel();
        resolve();
      });
    });
  }

  #answer(): void {
    if (this.#records.length === 0) return;
    if (this.#answers.take()) this.#say();
    else if (!this.#again) this.#sayAgain();
  }

  #say(): void {
    this.#server?.mdns.respond(this.#records);
  }

  #sayAgain(): void {
    this.#again?.cancel();
    this.#again = this.#clock.after(REPEAT_MS, () => {
      this.#again = null;
      this.#say();
    });
  }

  #onResponse({ answers, additionals }: Packet, host: string): void {
    if (this.closing) return;
    const records = [...answers, ...additionals];
    const texts = new Map<string, unknown>();
    for (const { type, name, data } of records) if (type === 'TXT') texts.set(name, data);
    const services = records.filter(({ type, ttl }) => type === 'SRV' && ttl !== 0);
    for (const { name, data } of services.slice(0, SERVICES_PER_PACKET)) {
      const instance = INSTANCE.exec(name)?.[1]?.toLowerCase();
      const port = (data as { port?: unknown } | null)?.port;
      const txt = texts.get(name);
      if (!instance || typeof port !== 'number' || port < LOWEST_PORT || !txt) continue;
      this.emit('heard', { instance, host, port, txt: Array.isArray(txt) ? txt : [txt as Uint8Array] });
    }
  }

  #isOurs(name: string): boolean {
    const lower = name.toLowerCase();
    return lower === SERVICE || this.#records.some((record) => record.name.toLowerCase() === lower);
  }

  #failed(err: Error): void {
    this.#log.debug('mdns', { code: (err as NodeJS.ErrnoException).code ?? err.name });
  }
}

const nothing = () => {};
