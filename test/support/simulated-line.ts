import { BulkWindow } from '../../src/connection/bulk-window.js';

export interface SimulatedLineOptions {
  /** Bytes per millisecond. */
  rate: number;
  /** Round trip of the path without a queue, in milliseconds. */
  baseMs: number;
  /** Up to so many milliseconds more on each way back, drawn anew each time. */
  jitterMs?: number;
  /** One end gets no processor for the first part of each such time, in milliseconds: acknowledgements wait. */
  away?: { everyMs: number; forMs: number };
  /** A number from 0 up to 1. */
  random?: () => number;
}

interface Flow {
  readonly window: BulkWindow;
  readonly from: number;
  readonly until: number;
  delivered: number;
  /** A frame is due later. */
  isWaiting: boolean;
}

interface Due {
  at: number;
  order: number;
  run: () => void;
}

/** Senders with a window each on one line with one queue, in simulated time. */
export class SimulatedLine {
  rate: number;
  baseMs: number;
  /** Nothing passes while this is true. */
  cut = false;
  readonly flows: Flow[] = [];
  /** The queue in milliseconds, each millisecond. */
  readonly queueMs: number[] = [];
  readonly #jitterMs: number;
  readonly #away: { everyMs: number; forMs: number };
  readonly #random: () => number;
  readonly #due: Due[] = [];
  #now = 0;
  #order = 0;
  #free = 0;

  constructor({ rate, baseMs, jitterMs = 0, random = () => 0, ...options }: SimulatedLineOptions) {
    this.rate = rate;
    this.baseMs = baseMs;
    this.#jitterMs = jitterMs;
    this.#away = options.away ?? { everyMs: 1, forMs: 0 };
    this.#random = random;
  }

  /** Somebody who has bulk to send from `from` until `until`. */
  add(from = 0, until = Number.POSITIVE_INFINITY): Flow {
    const flow = { window: new BulkWindow(), from, until, delivered: 0, isWaiting: false };
    this.flows.push(flow);
    this.#at(from, () => this.#pump(flow));
    return flow;
  }

  /** Lets time pass up to `end`. Returns what each flow got of what the line could have carried meanwhile. */
  run(end: number): { shares: number[]; total: number; medianMs: number; p95Ms: number } {
    const [from, before] = [this.#now, this.flows.map(({ delivered }) => delivered)];
    const sampled = this.queueMs.length;
    for (let tick = from + 1; tick <= end; tick++) {
      for (let due = this.#due[0]; due && due.at <= tick; due = this.#due[0]) {
        this.#pop();
        this.#now = due.at;
        due.run();
      }
      this.#now = tick;
      this.queueMs.push(Math.max(0, this.#free - tick));
    }
    const possible = this.rate * (end - from);
    const shares = this.flows.map(({ delivered }, i) => (delivered - (before[i] ?? 0)) / possible);
    const queue = this.queueMs.slice(sampled).sort((a, b) => a - b);
    const quantile = (q: number) => queue[Math.floor(queue.length * q)] ?? 0;
    return {
      shares,
      total: shares.reduce((a, b) => a + b, 0),
      medianMs: quantile(0.5),
      p95Ms: quantile(0.95),
    };
  }

  #pump(flow: Flow): void {
    const { window } = flow;
    if (this.#now < flow.from || this.#now >= flow.until) return;
    while (window.hasRoom) {
      const waitMs = window.waitMs(this.#now);
      if (waitMs > 0) {
        if (!flow.isWaiting) this.#at(this.#now + Math.ceil(waitMs), () => this.#pumpDue(flow)); // as timers do
        flow.isWaiting = true;
        return;
      }
      const bytes = window.frameBytes;
      window.sent(bytes, this.#now);
      const total = window.sentBytes;
      this.#free = Math.max(this.#free, this.#now) + bytes / this.rate;
      this.#at(this.#free, () => this.#arrive(flow, total, bytes));
    }
    window.limited();
  }

  #pumpDue(flow: Flow): void {
    flow.isWaiting = false;
    this.#pump(flow);
  }

  #arrive(flow: Flow, total: number, bytes: number): void {
    if (this.cut) return this.#at(this.#now + 10, () => this.#arrive(flow, total, bytes));
    flow.delivered += bytes;
    const back = this.baseMs + this.#random() * this.#jitterMs;
    const { everyMs, forMs } = this.#away;
    const heardAt = this.#now + back;
    this.#at(heardAt + Math.max(0, forMs - (heardAt % everyMs)), () => {
      if (total <= flow.window.acknowledgedBytes) return; // a later one came first
      flow.window.acknowledged(total, this.#now);
      this.#pump(flow);
    });
  }

  #at(at: number, run: () => void): void {
    const due = { at, order: this.#order++, run };
    let i = this.#due.push(due) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(this.#due[parent] as Due, due)) break;
      this.#due[i] = this.#due[parent] as Due;
      i = parent;
    }
    this.#due[i] = due;
  }

  #pop(): void {
    const last = this.#due.pop() as Due;
    if (this.#due.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.#due.length) break;
      if (child + 1 < this.#due.length && before(this.#due[child + 1] as Due, this.#due[child] as Due))
        child++;
      if (before(last, this.#due[child] as Due)) break;
      this.#due[i] = this.#due[child] as Due;
      i = child;
    }
    this.#due[i] = last;
  }
}

const before = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.order < b.order);
