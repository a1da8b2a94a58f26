import { EventEmitter } from 'node:events';
import { ChatterError } from './errors.js';

/**
 * An owner of something that must be given back, with one contract for all:
 *
 * 1. `open()` and `close()` may be called any number of times and return the same promise each time.
 * 2. `close()` works before and during `open()`; what was opened is given back in reverse order.
 * 3. After `close()` has resolved the owner emits nothing, keeps no timer and writes nothing.
 */
export abstract class Resource<Events extends Record<string, unknown[]> = Record<string, never>> {
  readonly #events = new EventEmitter();
  readonly #undo: (() => unknown)[] = [];
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #closed = false;

  /** True from the first call of `close()`. */
  get closing(): boolean {
    return this.#closing !== null;
  }

  open(): Promise<void> {
    if (this.#closing) return Promise.reject(new ChatterError('CLOSED'));
    this.#opening ??= this._open();
    return this.#opening;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  on<K extends keyof Events & string>(event: K, fn: (...args: Events[K]) => void): () => void {
    this.#events.on(event, fn as (...args: unknown[]) => void);
    return () => void this.#events.off(event, fn as (...args: unknown[]) => void);
  }

  once<K extends keyof Events & string>(event: K, fn: (...args: Events[K]) => void): void {
    this.#events.once(event, fn as (...args: unknown[]) => void);
  }

  /** Takes what `fn` gives back into the owner's keeping: it runs at `close()`, last one first. */
  protected defer(fn: () => unknown): void {
    this.#undo.push(fn);
  }

  protected emit<K extends keyof Events & string>(event: K, ...args: Events[K]): void {
    if (!this.#closed) this.#events.emit(event, ...args);
  }

  protected abstract _open(): Promise<void>;

  /** For what must happen before anything deferred is undone, such as saying goodbye. */
  protected async _close(): Promise<void> {}

  async #shut(): Promise<void> {
    // A failed open is its caller's to hear of; here only what it left behind matters (2).
    await this.#opening?.catch(() => undefined);
    const failures: unknown[] = [];
    const attempt = async (fn: () => unknown) => {
      try {
        await fn();
      } catch (err) {
        failures.push(err);
      }
    };
    await attempt(() => this._close());
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) await attempt(undo);
    this.#closed = true;
    this.#events.removeAllListeners();
    if (failures.length > 0) throw failures[0];
  }
}
