import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';

interface Asked {
  readonly at: number;
  /** Runs when it may be asked again, if somebody wants it by then. */
  again: Timer | null;
}

/**
 * Key frames that are wanted of the own encoders (PROTOCOL.md [V6]).
 *
 * 1. An encoder is asked at most once in `LIMITS.mediaKeyRequestMs`, whoever wants one.
 * 2. Who wants one sooner is not forgotten: it is asked for when that time is over, unless one was made meanwhile. A still
 *    screen sends no frame after which anybody would want it again.
 */
export class KeyRequests {
  readonly #clock: Clock;
  readonly #ask: (stream: number, small: boolean) => void;
  readonly #asked = new Map<string, Asked>();

  constructor(clock: Clock, ask: (stream: number, small: boolean) => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  want(stream: number, small: boolean): void {
    const key = keyOf(stream, small);
    const last = this.#asked.get(key);
    const leftMs = last ? last.at + LIMITS.mediaKeyRequestMs - this.#clock.now() : 0;
    if (!last || leftMs <= 0) return this.#now(key, stream, small);
    last.again ??= this.#clock.after(leftMs, () => this.#now(key, stream, small)); // Invariant 2
  }

  /** The encoder has made one: it is for all who wanted it until now. */
  made(stream: number, small: boolean): void {
    const last = this.#asked.get(keyOf(stream, small));
    last?.again?.cancel();
    if (last) last.again = null;
  }

  /** This track is no more. */
  forget(stream: number): void {
    for (const small of [false, true]) this.#forget(keyOf(stream, small));
  }

  clear(): void {
    for (const key of this.#asked.keys()) this.#forget(key);
  }

  #now(key: string, stream: number, small: boolean): void {
    this.#forget(key);
    this.#asked.set(key, { at: this.#clock.now(), again: null });
    this.#ask(stream, small);
  }

  #forget(key: string): void {
    this.#asked.get(key)?.again?.cancel();
    this.#asked.delete(key);
  }
}

const keyOf = (stream: number, small: boolean) => `${stream}${small ? ' small' : ''}`;
