/** What a page's drawings are timed by; the browser's own, but in tests. */
export interface PaceClock {
  now: () => number;
  /** Runs this before the next picture; gives back what takes it back. */
  frame: (fn: () => void) => () => void;
  after: (ms: number, fn: () => void) => () => void;
  hidden: () => boolean;
}

/** The page draws for a third of the time at most, or four times a second. */
const REST_FACTOR = 2;
const REST_MAX_MS = 250;
/** How often a page that nobody sees is drawn: its title tells what is new. */
const HIDDEN_MS = 200;
/** A drawing that takes longer would be felt by whoever presses a key in the middle of it. */
const FELT_MS = 8;
/** Nobody types any more when no key was pressed for so long. */
const TYPING_MS = 250;

/**
 * When the page is drawn anew.
 *
 * 1. What the person does is drawn in the next picture, with all that has come until then.
 * 2. A flood of events costs one drawing a picture; after one that took long, what the node tells waits for longer.
 * 3. While somebody types, what the node tells and takes long to draw is drawn right after the picture of a key: the next
 *    key is a while off then, and does not wait for it.
 */
export class DrawPace {
  readonly #draw: () => void;
  readonly #clock: PaceClock;
  #frame: (() => void) | null = null;
  #later: (() => void) | null = null;
  #drawnAt = 0;
  #tookMs = 0;
  #keyAt = Number.NEGATIVE_INFINITY;

  constructor(draw: () => void, clock: PaceClock = BROWSER) {
    this.#draw = draw;
    this.#clock = clock;
  }

  /** Something else is to be shown. */
  ask(by: 'person' | 'node'): void {
    const { hidden, frame } = this.#clock;
    // A hidden page has no frames.
    if (hidden()) this.#wait(HIDDEN_MS);
    else if (by === 'node' && this.#restMs() > 0) this.#wait(this.#restMs());
    else this.#frame ??= frame(() => this.#now());
  }

  /** A key was pressed. */
  key(): void {
    const { now, frame, after } = this.#clock;
    this.#keyAt = now();
    if (this.#tookMs <= FELT_MS) return;
    // The frame's own picture comes first.
    frame(() => after(0, () => this.#later && now() >= this.#readyAt() && this.#now())); // Invariant 3
  }

  #wait(ms: number): void {
    this.#later ??= this.#clock.after(ms, () => {
      this.#later = null;
      const left = this.#clock.hidden() ? 0 : this.#restMs();
      if (left > 0)
        this.#wait(left); // keys were pressed meanwhile
      else this.#now();
    });
  }

  /** When what the node tells may be drawn, but for keys. */
  #readyAt(): number {
    return this.#drawnAt + Math.min(REST_MAX_MS, this.#tookMs * REST_FACTOR);
  }

  /** Until what the node tells is drawn by itself. */
  #restMs(): number {
    const typedUntil = this.#tookMs > FELT_MS ? this.#keyAt + TYPING_MS : Number.NEGATIVE_INFINITY;
    return Math.max(this.#readyAt(), typedUntil) - this.#clock.now();
  }

  #now(): void {
    this.#frame?.();
    this.#later?.();
    this.#frame = null;
    this.#later = null;
    const { now, after } = this.#clock;
    const startedAt = now();
    this.#draw();
    // Runs once what was drawn is in the document.
    after(0, () => {
      this.#drawnAt = now();
      this.#tookMs = this.#drawnAt - startedAt;
    });
  }
}

const BROWSER: PaceClock = {
  now: () => performance.now(),
  frame: (fn) => {
    const id = requestAnimationFrame(fn);
    return () => cancelAnimationFrame(id);
  },
  after: (ms, fn) => {
    const id = setTimeout(fn, ms);
    return () => clearTimeout(id);
  },
  hidden: () => document.hidden,
};
