import type { Clock, Timer } from '../clock.js';

/** The shortest pause that is worth a timer. */
const MIN_WAIT_MS = 5;
/** What may go out at once after a pause. */
const BURST_MS = 250;

/**
 * A bound on bytes a second that all transfers of a node share. What has to wait is called back in the order in which
 * it came, so that peers who wait get their turns alike.
 */
export class RateCap {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #bytesPerMs: number | null = null;
  #allowance = 0;
  #at = 0;
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes a second; null is no bound. It holds at once. */
  set(bytesPerSecond: number | null): void {
    this.#bytesPerMs = bytesPerSecond === null ? null : bytesPerSecond / 1000;
    this.#allowance = 0;
    this.#at = this.#clock.now();
    this.#wake();
  }

  /** True if `bytes` may go now. It may overdraw once: what is larger than a burst passes too, and is made up for. */
  take(bytes: number): boolean {
    if (this.allowed < 0) return false;
    this.#allowance -= bytes;
    return true;
  }

  /** Bytes that may go now; less than 0 while what was overdrawn is made up for. */
  get allowed(): number {
    if (this.#bytesPerMs === null) return Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    const most = this.#bytesPerMs * BURST_MS;
    this.#allowance = Math.min(most, this.#allowance + (now - this.#at) * this.#bytesPerMs);
    this.#at = now;
    return this.#allowance;
  }

  /** Calls back, once, when something may go again. */
  later(fn: () => void): void {
    this.#waiting.push(fn);
    const owed = this.#bytesPerMs === null ? 0 : -this.#allowance / this.#bytesPerMs;
    this.#timer ??= this.#clock.after(Math.max(owed, MIN_WAIT_MS), () => this.#wake());
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#waiting.length = 0;
  }

  #wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const fn of this.#waiting.splice(0)) fn();
  }
}
