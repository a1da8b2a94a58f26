import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '../clock.js';

/** Changes come in showers. */
const SETTLE_MS = 300;
/** Systems let a user watch some thousand folders in all. */
const MOST_WATCHED = 512;
/** How often one looks where a folder cannot be watched. */
const POLL_MS = 30_000;

/**
 * Tells when something in some folders may have changed: at once where the system watches for us, and by looking now
 * and then for the rest. `onChange` may come for nothing.
 */
export class ShareWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #settling: Timer | null = null;
  #polling: Timer | null = null;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Watches exactly these from now on. */
  follow(places: readonly string[]): void {
    const wanted = new Set(places.slice(0, MOST_WATCHED));
    for (const [place, watcher] of this.#watchers) {
      if (wanted.has(place)) continue;
      watcher.close();
      this.#watchers.delete(place);
    }
    for (const place of wanted) if (!this.#watchers.has(place)) this.#watch(place);
    const all = this.#watchers.size === places.length;
    if (all) this.#polling?.cancel();
    this.#polling = all ? null : (this.#polling ?? this.#clock.every(POLL_MS, this.#onChange));
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#settling?.cancel();
    this.#polling?.cancel();
  }

  #watch(place: string): void {
    try {
      const watcher = watch(place, { persistent: false }, () => this.#soon());
      watcher.on('error', () => {
        watcher.close(); // it is gone, or was too much: the next look says which
        this.#watchers.delete(place);
        this.#soon();
      });
      this.#watchers.set(place, watcher);
    } catch {
      // Not to be watched: it is looked at now and then instead.
    }
  }

  #soon(): void {
    this.#settling ??= this.#clock.after(SETTLE_MS, () => {
      this.#settling = null;
      this.#onChange();
    });
  }
}
