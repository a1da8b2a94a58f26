import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { Resource } from '../resource.js';
import { type Address, formatAddress } from './address.js';
import { Dialer } from './dialer.js';
import type { DiscoverableRoom, Discovery, DiscoveryEvents } from './discovery.js';
import type { DialTarget, TcpTransport } from './tcp-transport.js';

/**
 * Typed and remembered addresses, and whoever connects here: what works where nothing can be announced. An address is dialled for
 * as long as the room that it was typed for is joined, and greeted with that room alone.
 */
export class DirectDiscovery extends Resource<DiscoveryEvents> implements Discovery {
  readonly path = 'direct';
  readonly #transport: TcpTransport;
  readonly #dialer: Dialer;
  readonly #typed = new Map<string, Typed>();
  readonly #joined = new Set<string>();

  constructor({ transport, clock }: { transport: TcpTransport; clock: Clock }) {
    super();
    this.#transport = transport;
    this.#dialer = new Dialer({ transport, clock }, { maxBackoffMs: MAX_BACKOFF_MS });
  }

  /** Dials this address, which somebody typed, for a joined room. */
  add(address: Address, roomId: string): void {
    this.#add(address, roomId, null);
  }

  /**
   * Dials an address at which somebody was met in this room, `rememberedDials` times, and as often again when a stream
   * to it is lost and when the network changes; not while `wanted` is false.
   */
  addRemembered(address: Address, roomId: string, wanted: () => boolean): void {
    if (!this.#typed.has(formatAddress(address))) this.#add(address, roomId, wanted);
    else this.#typed.get(formatAddress(address))?.rooms.add(roomId);
  }

  #add(address: Address, roomId: string, wanted: (() => boolean) | null): void {
    const key = formatAddress(address);
    const fresh = {
      address,
      rooms: new Set<string>(),
      instance: null,
      wanted,
      dialsLeft: LIMITS.rememberedDials,
    };
    const typed = this.#typed.get(key) ?? fresh;
    if (!wanted) {
      typed.wanted = null; // typed now, whatever it was before
      this.#dialer.again(key);
    }
    this.#typed.set(key, typed);
    typed.rooms.add(roomId);
    if (typed.instance && this.#transport.has(typed.instance)) {
      this.emit('rooms', { instance: typed.instance, path: 'direct', rooms: [roomId] });
    }
    this.#dialer.add(key, {
      where: () => this.#where(typed),
      onStream: (found) => {
        typed.instance = found.instance;
        this.emit('stream', found);
      },
    });
  }

  join(room: DiscoverableRoom): void {
    this.#joined.add(room.id);
  }

  leave(roomId: string): void {
    this.#joined.delete(roomId);
    for (const [key, { rooms }] of this.#typed) {
      rooms.delete(roomId);
      if (rooms.size > 0) continue;
      this.#typed.delete(key);
      this.#dialer.remove(key);
    }
  }

  /** A typed address is dialled only while no stream to who is there lives: there is nothing to hold back. */
  hold(): void {}

  /** Who is gone only now was still here when the stream to them ended, and not looked for. */
  release(instance: string): void {
    this.#again(instance);
  }

  refresh(): void {
    for (const [key, typed] of this.#typed) {
      if (!typed.wanted) continue;
      typed.dialsLeft = LIMITS.rememberedDials;
      this.#dialer.again(key);
    }
    this.#dialer.hurry();
  }

  protected async _open(): Promise<void> {
    this.defer(this.#transport.on('incoming', (found) => this.emit('stream', found)));
    this.defer(this.#transport.on('gone', (instance) => this.#again(instance)));
    this.defer(() => this.#dialer.close());
  }

  #again(instance: string): void {
    for (const [key, typed] of this.#typed) {
      if (typed.instance !== instance) continue;
      typed.dialsLeft = LIMITS.rememberedDials;
      this.#dialer.again(key);
    }
  }

  #where(typed: Typed): DialTarget | null {
    const { address, instance, wanted } = typed;
    const rooms = [...typed.rooms].filter((id) => this.#joined.has(id));
    const connected = instance !== null && this.#transport.has(instance);
    if (rooms.length === 0 || connected) return null;
    if (wanted && (typed.dialsLeft-- <= 0 || !wanted())) return null;
    return { ...address, rooms };
  }
}

interface Typed {
  address: Address;
  rooms: Set<string>;
  /** Who was there last: another node may have the address next time. */
  instance: string | null;
  /** Null for an address that was typed: it is dialled without end. */
  wanted: (() => boolean) | null;
  dialsLeft: number;
}

/** Somebody typed this address and waits. */
const MAX_BACKOFF_MS = 10_000;
