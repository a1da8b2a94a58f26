/** An encoder may be ahead of its rate by this much: a key frame is several times as large as others. */
const AHEAD_MS = 500;

/**
 * What an encoder may still make of its rate. H.264 of a picture that is all noise comes to three times the rate that was
 * asked for, however often it is asked: sent as it is, it would fill a line that has become narrow for seconds.
 */
export class BitBudget {
  #owedBits = 0;
  #atMs = 0;

  /** The encoder made so many bytes. */
  made(bytes: number): void {
    this.#owedBits += bytes * 8;
  }

  /** True while it has to pause, so that what it makes comes to `bitrateBps`. */
  isSpent(bitrateBps: number, nowMs: number): boolean {
    this.#owedBits = Math.max(0, this.#owedBits - (bitrateBps * (nowMs - this.#atMs)) / 1000);
    this.#atMs = nowMs;
    return this.#owedBits > (bitrateBps * AHEAD_MS) / 1000;
  }
}
