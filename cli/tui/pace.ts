/** A flood of events costs at most so many drawings a second. */
const DRAW_MS = 33;
/** On a slow machine a flood leaves so many times what a drawing takes to whoever types. */
const REST = 6;
/** What was typed is to be seen at once; a paste comes in many pieces. */
const KEY_DRAW_MS = 5;

/** When the screen is drawn: soon after a key, and now and then in a flood, however long one drawing takes. */
export class Pace {
  readonly #draw: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** When the drawing that is waited for begins. */
  #at = 0;
  #drawnAt = 0;
  #restMs = DRAW_MS;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** Something was done at the keyboard. */
  soon(): void {
    this.#within(KEY_DRAW_MS);
  }

  /** The node has told something. */
  later(): void {
    this.#within(this.#restMs);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Draws so long after the last drawing, or earlier where that was asked for already. */
  #within(ms: number): void {
    const at = Math.max(performance.now(), this.#drawnAt + ms);
    if (this.#timer) {
      if (at >= this.#at) return;
      clearTimeout(this.#timer);
    }
    this.#at = at;
    this.#timer = setTimeout(this.#drawNow, at - performance.now());
  }

  #drawNow = (): void => {
    this.#timer = null;
    const startedAt = performance.now();
    this.#draw();
    this.#drawnAt = performance.now();
    this.#restMs = Math.max(DRAW_MS, REST * (this.#drawnAt - startedAt));
  };
}
