import type { ApiEvent } from '../../src/daemon/api.js';
import { ChatterError } from '../../src/errors.js';
import { type Entry, type Tone, withEntries } from './entries.js';
import { layout } from './layout.js';
import { Pace } from './pace.js';
import { paint } from './paint.js';
import { reduceEvents } from './reduce-event.js';
import type { Screen } from './screen.js';
import type { Hint, State } from './state.js';

export interface ViewOptions {
  isColored: boolean;
  /** Called before each drawing. */
  onDraw: () => void;
}

/**
 * What stands on the screen. The state is changed by pure functions alone and drawn by `layout`; here it is kept.
 *
 * 1. `state` holds everything that the node had told when `takeEvents` was called last: whoever has waited for an answer
 *    of the node calls it before they go on from there.
 * 2. Events wait for the next drawing, so that a flood costs one change of the state a drawing.
 */
export class View {
  readonly #screen: Screen;
  readonly #isColored: boolean;
  readonly #onDraw: () => void;
  readonly #pace = new Pace(() => this.#draw());
  #state: State;
  #events: ApiEvent[] = [];
  #notes = 0;

  constructor(screen: Screen, state: State, { isColored, onDraw }: ViewOptions) {
    this.#screen = screen;
    this.#state = state;
    this.#isColored = isColored;
    this.#onDraw = onDraw;
  }

  get state(): State {
    return this.#state;
  }

  /** Changes what is shown because of something that was done here. */
  set(state: State): void {
    this.#state = state;
    this.#pace.soon();
  }

  /** Changes what is shown because of something that the node has told. */
  setLater(state: State): void {
    this.#state = state;
    this.#pace.later();
  }

  hear(event: ApiEvent): void {
    this.#events.push(event);
    this.#pace.later();
  }

  takeEvents(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    const linked = this.#state.linked || events.some(({ type }) => type === 'joined');
    this.#state = { ...reduceEvents(this.#state, events), linked };
  }

  /** Forgets what waits: how things stand is asked for instead. */
  dropEvents(): void {
    this.#events = [];
  }

  /** Lines in the log for whoever sits here, and nobody else. */
  note(lines: readonly string[], tone: Tone): void {
    if (lines.length === 0) return;
    this.takeEvents();
    const entry: Entry = { type: 'note', key: `note:${++this.#notes}`, at: Date.now(), tone, lines };
    this.set({ ...this.#state, entries: withEntries(this.#state.entries, [entry]) });
  }

  fail(err: unknown): void {
    this.note([`! ${ChatterError.from(err).message}`], 'failed');
  }

  hint(hint: Hint): void {
    this.set({ ...this.#state, hint });
  }

  /** Takes the terminal. */
  enter(): void {
    this.#screen.enter();
    this.set({ ...this.#state, ...this.#screen.size });
  }

  /** Gives the terminal back as it was. */
  leave(): void {
    this.#screen.leave();
  }

  /** Draws everything anew, at the size that the terminal has now. */
  repaint = (): void => {
    this.#screen.clear();
    this.set({ ...this.#state, ...this.#screen.size });
  };

  close(): void {
    this.#pace.close();
    this.leave();
  }

  #draw(): void {
    this.takeEvents();
    this.#onDraw();
    const frame = layout(this.#state, Date.now());
    this.#screen.draw(paint(frame, this.#isColored), frame.cursor);
  }
}
