/** Louder than this is speech; quieter than the second is its end: in between it stays as it is. */
const LOUD = 0.06;
const QUIET = 0.025;
/** Words have gaps between them. */
const LINGER_MS = 600;

/**
 * Who speaks, from how loud everybody is. It holds through the gaps between words, so that marks do not flicker.
 */
export class Speaking {
  readonly #lastLoudMs = new Map<string, number>();
  #now: ReadonlySet<string> = new Set();

  /** Levels from 0 to 1 by any key. The same set comes back if nobody began or ended. */
  update(levels: ReadonlyMap<string, number>, nowMs: number): ReadonlySet<string> {
    for (const [key, level] of levels) {
      const speaks = level > LOUD || (this.#now.has(key) && level > QUIET);
      if (speaks) this.#lastLoudMs.set(key, nowMs);
    }
    for (const [key, atMs] of this.#lastLoudMs) {
      if (!levels.has(key) || nowMs - atMs > LINGER_MS) this.#lastLoudMs.delete(key);
    }
    const next = new Set(this.#lastLoudMs.keys());
    const same = next.size === this.#now.size && [...next].every((key) => this.#now.has(key));
    if (!same) this.#now = next;
    return this.#now;
  }
}
