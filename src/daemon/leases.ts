import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';

/**
 * What keeps a node running: leases of windows that hold a room open, or a pin. Without either it ends after
 * `idleNodeMs` in which nothing was asked of it; whoever started it has `nodeStartMs` to come.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #holders = new Set<object>();
  #pinned = false;
  #idleMs: number = LIMITS.nodeStartMs;
  #timer: Timer | null = null;
  #closed = false;

  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  get count(): number {
    return this.#holders.size;
  }

  get pinned(): boolean {
    return this.#pinned;
  }

  set pinned(pinned: boolean) {
    this.#pinned = pinned;
    this.#wait();
  }

  /** `holder` holds one lease, however often it asks. */
  hold(holder: object): void {
    this.#holders.add(holder);
    this.touch();
  }

  release(holder: object): void {
    this.#holders.delete(holder);
    this.touch();
  }

  /** Holds a lease until the work is done, whoever asked for it. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.hold(work);
    try {
      return await work();
    } finally {
      this.release(work);
    }
  }

  /** Something was asked: the idle time starts over. */
  touch(): void {
    this.#idleMs = LIMITS.idleNodeMs;
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#closed || this.#pinned || this.#holders.size > 0) return;
    this.#timer = this.#clock.after(this.#idleMs, this.#onIdle);
  }
}
