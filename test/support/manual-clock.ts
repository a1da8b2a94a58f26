import type { Clock, Timer } from '../../src/clock.js';

interface Due {
  at: number;
  order: number;
  every: number | null;
  fn: () => void;
}

/** Time that stands still until it is moved by hand. What is due runs in the order of its time, then of its making. */
export class ManualClock implements Clock {
  readonly #due = new Set<Due>();
  readonly #start: number;
  #now = 0;
  #order = 0;

  /** `wall` is the computer's time at the start. */
  constructor(wall = Date.UTC(2025, 0, 1)) {
    this.#start = wall;
  }

  /** Calls that are still to come. */
  get pending(): number {
    return this.#due.size;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#start + this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#add(ms, null, fn);
  }

  every(ms: number, fn: () => void): Timer {
    return this.#add(ms, Math.max(ms, 1), fn);
  }

  /** Lets `ms` pass, and everything happen that is due in that time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at);
      if (next.every === null) this.#due.delete(next);
      else next.at += next.every;
      next.fn();
    }
    this.#now = end;
  }

  #add(ms: number, every: number | null, fn: () => void): Timer {
    const due = { at: this.#now + Math.max(ms, 0), order: this.#order++, every, fn };
    this.#due.add(due);
    return { cancel: () => void this.#due.delete(due) };
  }

  #next(end: number): Due | undefined {
    return [...this.#due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}
