import type { Clock, Timer } from '../clock.js';
import { ChatterError, ProtocolError } from '../errors.js';

export interface WorkDependencies {
  clock: Clock;
  /** True once nothing more is to begin. */
  closing: () => boolean;
  /** The disk did not take something; it was nobody's fault. */
  failed: (err: ChatterError) => void;
}

/**
 * In which order a room's chat does what it does, and what becomes of its failures.
 *
 * 1. Whatever changes the history runs alone: one after the other, in the order in which it was asked for.
 * 2. Nothing that was put off runs after the end.
 */
export class Work {
  readonly #clock: Clock;
  readonly #closing: () => boolean;
  readonly #failed: (err: ChatterError) => void;
  readonly #timers = new Set<Timer>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ clock, closing, failed }: WorkDependencies) {
    this.#clock = clock;
    this.#closing = closing;
    this.#failed = failed;
  }

  /** Runs `fn` when everything that was to run alone before it is done (Invariant 1). Throws CLOSED. */
  alone<T>(fn: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(() => {
      if (this.#closing()) throw new ChatterError('CLOSED');
      return fn();
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  /** Runs what nobody waits for. */
  attempt(fn: () => Promise<void>): void {
    fn().catch((err: unknown) => this.#tell(err));
  }

  /** For what a peer has caused: what breaks a rule is thrown on and ends its stream; what the disk does not take is not. */
  async blameless(done: void | Promise<void>): Promise<void> {
    try {
      await done;
    } catch (err) {
      if (err instanceof ProtocolError) throw err;
      this.#tell(err);
    }
  }

  after(ms: number, fn: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      if (!this.#closing()) fn(); // Invariant 2
    });
    this.#timers.add(timer);
  }

  /** Drops what was put off; resolves when what runs is done. */
  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#turn;
  }

  #tell(err: unknown): void {
    const failure = ChatterError.from(err);
    if (failure.code !== 'CLOSED') this.#failed(failure);
  }
}
