import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import { backoffMs, unpredictable } from './backoff.js';
import type { FoundStream } from './discovery.js';
import type { DialTarget, TcpTransport } from './tcp-transport.js';

export interface DialPlan {
  /** Where to dial, asked at each attempt; null while there is nothing to dial for. */
  where: () => DialTarget | null;
  onStream: (found: FoundStream) => void;
}

export interface DialerOptions {
  /** Longest pause between two attempts. Default `LIMITS.dialBackoffMaxMs`. */
  maxBackoffMs?: number;
  /** Gives 0 to 1. */
  random?: () => number;
}

interface Target extends DialPlan {
  attempts: number;
  timer: Timer | null;
  dialling: boolean;
  hurriedAt: number;
}

/** How soon a target that found all slots taken looks again. */
const SLOT_MS = 50;
/** A proven stream that lived this long starts the back-off over; one that ends sooner was not wanted there. */
const SETTLED_MS = 10_000;
/** A target is hurried at most this often, so that nobody can make this node dial at will. */
const HURRY_EVERY_MS = 5_000;

/**
 * Dials targets, `dialsAtOnce` at a time, and again with jittered back-off after a failure or when its owner says
 * that the stream has ended. A target is known by a key of its owner's.
 */
export class Dialer {
  readonly #transport: TcpTransport;
  readonly #clock: Clock;
  readonly #maxBackoffMs: number;
  readonly #random: () => number;
  readonly #targets = new Map<string, Target>();
  #dialling = 0;
  #closed = false;

  constructor({ transport, clock }: { transport: TcpTransport; clock: Clock }, options: DialerOptions = {}) {
    const { maxBackoffMs = LIMITS.dialBackoffMaxMs, random = unpredictable } = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#maxBackoffMs = maxBackoffMs;
    this.#random = random;
  }

  /** Begins to dial after `delayMs`; a target that is known already is left as it is. */
  add(key: string, plan: DialPlan, delayMs = 0): void {
    if (this.#closed || this.#targets.has(key)) return;
    this.#targets.set(key, {
      ...plan,
      attempts: 0,
      timer: null,
      dialling: false,
      hurriedAt: -HURRY_EVERY_MS,
    });
    this.#schedule(key, delayMs);
  }

  /** No stream to this target lives: dial again, with back-off. */
  again(key: string): void {
    const target = this.#targets.get(key);
    if (!target || target.timer || target.dialling) return;
    this.#schedule(key, backoffMs(++target.attempts, this.#maxBackoffMs, this.#random));
  }

  /** Do not wait out the pause before the next attempt: of one target, or of all where no key is given. */
  hurry(key?: string): void {
    const now = this.#clock.now();
    for (const [name, target] of this.#targets) {
      if (!target.timer || (key !== undefined && key !== name)) continue;
      if (target.attempts === 0 || now - target.hurriedAt < HURRY_EVERY_MS) continue;
      target.hurriedAt = now;
      this.#schedule(name, 0);
    }
  }

  remove(key: string): void {
    this.#targets.get(key)?.timer?.cancel();
    this.#targets.delete(key);
  }

  close(): void {
    this.#closed = true;
    for (const key of [...this.#targets.keys()]) this.remove(key);
  }

  #schedule(key: string, delayMs: number): void {
    const target = this.#targets.get(key);
    if (!target) return;
    target.timer?.cancel();
    target.timer = this.#clock.after(delayMs, () => {
      target.timer = null;
      void this.#dial(key, target);
    });
  }

  async #dial(key: string, target: Target): Promise<void> {
    const where = target.where();
    if (!where) return;
    if (this.#dialling >= LIMITS.dialsAtOnce) return this.#schedule(key, SLOT_MS);
    this.#dialling++;
    target.dialling = true;
    const outcome = await this.#transport.dial(where, (found) => {
      let provenAt = Number.POSITIVE_INFINITY;
      found.noise.on('close', () => {
        if (this.#clock.now() - provenAt >= SETTLED_MS) target.attempts = 0;
        this.again(key);
      });
      target.onStream(
        onProven(found, () => {
          provenAt = this.#clock.now();
        }),
      );
    });
    this.#dialling--;
    target.dialling = false;
    if (outcome === 'failed') this.again(key);
    if (outcome === 'self') this.remove(key);
  }
}

/** The stream, with somebody else hearing when it is proven. */
const onProven = (found: FoundStream, fn: () => void): FoundStream => ({
  noise: found.noise,
  instance: found.instance,
  address: found.address,
  rooms: found.rooms,
  doubted: (is) => found.doubted(is),
  get path() {
    return found.path;
  },
  proven() {
    fn();
    found.proven();
  },
});
