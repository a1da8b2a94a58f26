import { LIMITS } from '../limits.js';
import type { DataFolder } from '../storage/data-folder.js';

/**
 * Counts nodes that ended without saying so: one that ends well removes its `node.json`, so one that is found at
 * the next start was left behind by a crash.
 */
export class CrashRecord {
  readonly #folder: DataFolder;

  constructor(folder: DataFolder) {
    this.#folder = folder;
  }

  /** To be asked once, when the lock on the folder is held. True if this start should be in safe mode. */
  safeMode(now: number): boolean {
    const left = this.#folder.read(this.#folder.nodeFile) !== null;
    const recent = this.#times().filter((at) => at > now - LIMITS.crashWindowMs && at <= now);
    const times = left ? [...recent, now] : recent;
    if (times.length > 0) this.#folder.write(this.#folder.crashFile, JSON.stringify(times));
    else this.#folder.remove(this.#folder.crashFile);
    return times.length >= LIMITS.crashesForSafeMode;
  }

  #times(): number[] {
    try {
      const times: unknown = JSON.parse(this.#folder.read(this.#folder.crashFile) ?? '[]');
      return Array.isArray(times) ? times.filter((at) => typeof at === 'number') : [];
    } catch {
      return []; // a damaged record is no reason not to start
    }
  }
}
