import { hostPrefix } from '../address-prefix.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { TokenBucket } from '../token-bucket.js';
import { isPrivateHost } from './address.js';

/** A stream that is not proven yet. */
interface Pending {
  /** What one subscriber has. */
  source: string;
  destroy(): void;
}

/** Addresses whose rate is remembered; each costs a small object. */
const REMEMBERED = 1_024;

/**
 * How many strangers are listened to at once (PROTOCOL.md [L1]): over the limit of one address its own oldest goes,
 * over the limit of all the oldest of all, so that who connects and says nothing keeps nobody out.
 */
export class PendingStreams {
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();
  readonly #rates = new Map<string, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** False if this address opens streams too fast. */
  admits(host: string): boolean {
    const source = sourceOf(host);
    let rate = this.#rates.get(source);
    if (rate) this.#rates.delete(source);
    const perSecond = LIMITS.newStreamsPerAddressPerSecond;
    rate ??= new TokenBucket(this.#clock, { perSecond, burst: perSecond });
    this.#rates.set(source, rate);
    if (this.#rates.size > REMEMBERED) this.#rates.delete(this.#rates.keys().next().value as string);
    return rate.take();
  }

  /** Counts a stream until the function given back is called; `destroy` ends it to make room. */
  add(host: string, destroy: () => void): () => void {
    const source = sourceOf(host);
    const mine = [...this.#pending].filter((other) => other.source === source);
    const limit = isPrivateHost(host) ? LIMITS.pendingStreams : LIMITS.pendingStreamsPerAddress;
    if (mine.length >= limit) this.#evict(mine[0]);
    else if (this.#pending.size >= LIMITS.pendingStreams) this.#evict(this.#pending.values().next().value);
    const pending = { source, destroy };
    this.#pending.add(pending);
    return () => void this.#pending.delete(pending);
  }

  #evict(oldest: Pending | undefined): void {
    if (!oldest) return;
    this.#pending.delete(oldest);
    oldest.destroy();
  }
}

/** Whoever has an IPv6 network has all its addresses; on a link everybody has one, and they are not one. */
const sourceOf = (host: string): string => (/^fe[89ab].:/i.test(host) ? host : hostPrefix(host));
