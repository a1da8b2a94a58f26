/** How far back the least delay is looked for. A track that lost a part of itself counts on from an older time from then on. */
const WINDOW_US = 1_500_000;

/**
 * Puts a track's own times on one clock for all tracks of this page, in microseconds: sound and picture of one moment
 * get one time, which is what lips and voice are kept together by. A track's origin is anything and its clock drifts;
 * what comes with the least delay says where its origin is.
 */
export class CaptureClock {
  #best: { offsetUs: number; atUs: number } | null = null;
  #next: { offsetUs: number; atUs: number } | null = null;

  /** `timestampUs` by the track, `nowUs` by the page's clock when it came. Never later than `nowUs`. */
  captured(timestampUs: number, nowUs: number): number {
    const sample = { offsetUs: nowUs - timestampUs, atUs: nowUs };
    if (!this.#next || sample.offsetUs <= this.#next.offsetUs || nowUs - this.#next.atUs > WINDOW_US) {
      this.#next = sample;
    }
    if (!this.#best || sample.offsetUs <= this.#best.offsetUs) this.#best = sample;
    else if (nowUs - this.#best.atUs > WINDOW_US) {
      this.#best = this.#next;
      this.#next = sample;
    }
    return timestampUs + this.#best.offsetUs;
  }
}
