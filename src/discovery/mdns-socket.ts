import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { TokenBucket } from '../token-bucket.js';
import type { NetworkLink } from './interfaces.js';

/** Senders whose rate is remembered; each costs a small object. */
const REMEMBERED = 512;

/**
 * The UDP socket of one link, as multicast-dns wants it, which passes on only what may be read: packets of neighbours
 * on this link, no more of each and of all than `LIMITS` says. What is over it is dropped before anybody parses it.
 */
export class MdnsSocket extends EventEmitter {
  /** Something came from this machine itself since this was last set to false: multicast works on this end. */
  heardSelf = true;
  readonly #socket: Socket;
  readonly #link: NetworkLink;
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #senders = new Map<string, TokenBucket>();

  constructor(link: NetworkLink, clock: Clock) {
    super();
    this.#link = link;
    this.#clock = clock;
    this.#all = new TokenBucket(clock, rate(LIMITS.mdnsPacketsPerSecond));
    this.#socket =
      link.family === 6
        ? createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true })
        : createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket.on('message', (message, from) => {
      if (this.#admits(from)) this.emit('message', message, from);
    });
    for (const event of ['error', 'listening', 'close'] as const) {
      this.#socket.on(event, (...args: unknown[]) => this.emit(event, ...args));
    }
  }

  /** Who else has been heard lately, by address. */
  get others(): string[] {
    return [...this.#senders.keys()].filter((address) => !this.#link.isOwn(address));
  }

  address() {
    return this.#socket.address();
  }

  bind(port: number, host: string, done: () => void): void {
    this.#socket.bind(port, host, done);
  }

  send(...args: Parameters<Socket['send']>): void {
    this.#socket.send(...args);
  }

  addMembership(group: string, at: string): void {
    this.#socket.addMembership(group, at);
  }

  dropMembership(group: string, at: string): void {
    this.#socket.dropMembership(group, at);
  }

  setMulticastInterface(at: string): void {
    this.#socket.setMulticastInterface(at);
  }

  setMulticastTTL(hops: number): void {
    this.#socket.setMulticastTTL(hops);
  }

  setMulticastLoopback(on: boolean): void {
    this.#socket.setMulticastLoopback(on);
  }

  close(done?: () => void): void {
    this.#socket.close(done);
  }

  #admits({ address }: RemoteInfo): boolean {
    if (!this.#link.contains(address)) return false;
    if (this.#link.isOwn(address)) this.heardSelf = true;
    let sender = this.#senders.get(address);
    if (sender) this.#senders.delete(address);
    sender ??= new TokenBucket(this.#clock, rate(LIMITS.mdnsPacketsPerSenderPerSecond));
    this.#senders.set(address, sender);
    if (this.#senders.size > REMEMBERED) this.#senders.delete(this.#senders.keys().next().value as string);
    return sender.take() && this.#all.take();
  }
}

const rate = (perSecond: number) => ({ perSecond, burst: perSecond * 2 });
