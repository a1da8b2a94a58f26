const WINDOW_MS = 1_000;

/** What an encoder has made in the last second. */
export class BitMeter {
  #made: { atMs: number; bytes: number }[] = [];
  #sinceMs: number | null = null;

  add(bytes: number, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    this.#made.push({ atMs: nowMs, bytes });
    while ((this.#made[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#made.shift();
  }

  /** Bits a second; 0 before it is known. */
  bps(nowMs: number): number {
    if (this.#sinceMs === null || nowMs - this.#sinceMs < WINDOW_MS) return 0;
    const bytes = this.#made.reduce(
      (sum, made) => sum + (made.atMs >= nowMs - WINDOW_MS ? made.bytes : 0),
      0,
    );
    return (bytes * 8 * 1000) / WINDOW_MS;
  }
}
