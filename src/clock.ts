/** A pending call; `cancel` may be called any number of times. */
export interface Timer {
  cancel(): void;
}

/** Time as every part of Chatter gets it, so that a test can turn it by hand. */
export interface Clock {
  /** Milliseconds that only grow, from an arbitrary start. Decisions use this one. */
  now(): number;
  /** Milliseconds since 1970 as the computer's owner set them. For showing only. */
  wall(): number;
  /** Calls `fn` once after `ms` (clamped to 0 … 2^31-1: a longer Node timer would fire at once). */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` every `ms` until cancelled. */
  every(ms: number, fn: () => void): Timer;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

const clamp = (ms: number) => Math.min(Math.max(Number.isFinite(ms) ? ms : MAX_TIMER_MS, 0), MAX_TIMER_MS);

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fn) {
    const handle = setTimeout(fn, clamp(ms));
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, fn) {
    const handle = setInterval(fn, clamp(ms));
    return { cancel: () => clearInterval(handle) };
  },
};
