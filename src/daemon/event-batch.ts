import type { Clock, Timer } from '../clock.js';
import type { ApiEvent } from './api.js';

/** What waits is sent before it is longer: frames stay far below what a client must take. */
const MOST_CHARACTERS = 256 * 1024;

/**
 * Gathers events for a client that draws pictures and has no use for each as it happens: a frame costs both ends more
 * than the event in it.
 *
 * 1. The first after a pause goes at once; those that follow wait until `everyMs` have passed since the last frame.
 * 2. `flush` leaves nothing behind, so that whoever sends something else can keep the order.
 */
export class EventBatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #send: (frame: string) => void;
  #gathered: string[] = [];
  #characters = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;

  /** `send` gets the text of a frame, `{"event"}` or `{"events"}`. */
  constructor(clock: Clock, everyMs: number, send: (frame: string) => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#send = send;
  }

  add(event: ApiEvent): void {
    const text = JSON.stringify(event);
    this.#gathered.push(text);
    this.#characters += text.length;
    const leftMs = this.#sentAt + this.#everyMs - this.#clock.now();
    if (leftMs <= 0 || this.#characters >= MOST_CHARACTERS) return this.flush();
    this.#timer ??= this.#clock.after(leftMs, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const [first, ...more] = this.#gathered;
    if (first === undefined) return;
    this.#gathered = [];
    this.#characters = 0;
    this.#sentAt = this.#clock.now();
    this.#send(more.length === 0 ? `{"event":${first}}` : `{"events":[${[first, ...more].join(',')}]}`);
  }

  /** Drops what waits. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#gathered = [];
  }
}
