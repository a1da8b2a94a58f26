import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';

/**
 * What keeps a node running: leases of windows that hold a room open, a pin, or what somebody has asked and waits for.
 * Without these it ends after `idleNodeMs`; whoever started it, or has just connected, has `nodeStartMs` to ask.
 */
export class Leases {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #holders = new Set<object>();
  #pinned = false;
  /** Of what was asked, how much is not answered yet. */
  #asked = 0;
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

  /** Keeps the node until what somebody asked for is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#asked++;
    this.#wait();
    try {
      return await work();
    } finally {
      this.#asked--;
      this.touch();
    }
  }

  /** Somebody has come and will ask something: on a busy machine not at once. */
  expect(): void {
    this.#idleMs = LIMITS.nodeStartMs;
    this.#wait();
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
    if (this.#closed || this.#pinned || this.#asked > 0 || this.#holders.size > 0) return;
    this.#timer = this.#clock.after(this.#idleMs, this.#onIdle);
  }
}
