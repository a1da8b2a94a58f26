import type { Clock, Timer } from '../../../src/clock.js';

interface Due {
  readonly at: number;
  readonly order: number;
  fn: (() => void) | null;
}

const before = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Everything that can follow from what was just done has followed: nothing in a simulation waits for the real world. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Time that passes as fast as what happens in it can be worked out. */
export class VirtualTime {
  /** A heap: the next one is first. */
  readonly #due: Due[] = [];
  #now = 0;
  #order = 0;

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#push(due);
    return {
      cancel: () => {
        due.fn = null;
      },
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Lets `ms` pass: what is due in it happens, each with all that follows from it before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#due[0]; next && next.at <= end; next = this.#due[0]) {
      this.#removeFirst();
      if (!next.fn) continue;
      this.#now = next.at;
      next.fn();
      await settled();
    }
    this.#now = end;
  }

  #push(due: Due): void {
    const heap = this.#due;
    let i = heap.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(due, heap[parent] as Due)) break;
      heap[i] = heap[parent] as Due;
      i = parent;
    }
    heap[i] = due;
  }

  #removeFirst(): void {
    const heap = this.#due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!before(heap[child] as Due, last)) break;
      heap[i] = heap[child] as Due;
      i = child;
    }
    heap[i] = last;
  }
}

const START = Date.UTC(2026, 0, 1);

/** The clock of one machine, whose owner may have set it wrong by `wrongMs`. Nothing is due there once it has stopped. */
export class MachineClock implements Clock {
  readonly #time: VirtualTime;
  readonly #wrongMs: number;
  #stopped = false;

  constructor(time: VirtualTime, wrongMs = 0) {
    this.#time = time;
    this.#wrongMs = wrongMs;
  }

  now(): number {
    return this.#time.now;
  }

  wall(): number {
    return START + this.#time.now + this.#wrongMs;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#time.after(ms, () => {
      if (!this.#stopped) fn();
    });
  }

  every(ms: number, fn: () => void): Timer {
    let timer: Timer;
    const again = () => {
      timer = this.after(ms, () => {
        again();
        fn();
      });
    };
    again();
    return { cancel: () => timer.cancel() };
  }

  stop(): void {
    this.#stopped = true;
  }
}
