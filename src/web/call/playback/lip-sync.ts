/**
 * How far a picture may be ahead of its sound. People do not notice sound that comes up to 125 ms late or 45 ms early
 * (ITU-R BT.1359-1); this keeps to less, and does not delay pictures for what nobody notices.
 */
const AHEAD_MS = 80;
/** A picture is held back no longer than this: late lips are better than late lips and a late face. */
const HOLD_MAX_MS = 120;
/** A clock that was not told for this long has stopped: the track is muted, or gone. */
const CLOCK_STALE_MS = 400;

/** The master clock of one person: what is heard of them now, on their own clock. */
export class AudioClock {
  #offsetUs = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** `playingUs` is heard `latencyMs` after `nowMs`: what lies between the worklet and the ear. */
  tell(playingUs: number | null, nowMs: number, latencyMs: number): void {
    if (playingUs === null) return;
    const offsetUs = playingUs - (nowMs + latencyMs) * 1000;
    const isFresh = nowMs - this.#toldMs < CLOCK_STALE_MS;
    // Reports come in bursts of the sound card's own; the clock between them is smooth.
    this.#offsetUs = isFresh ? this.#offsetUs + (offsetUs - this.#offsetUs) / 8 : offsetUs;
    this.#toldMs = nowMs;
  }

  /** How long a picture captured at `captureUs` is to wait from now on, in milliseconds. */
  holdMs(captureUs: number, nowMs: number): number {
    const aheadMs = this.aheadMs(captureUs, nowMs);
    return aheadMs === null ? 0 : Math.min(Math.max(0, aheadMs - AHEAD_MS), HOLD_MAX_MS);
  }

  /** How far the picture would be ahead of the sound if it were shown now; null without sound. */
  aheadMs(captureUs: number, nowMs: number): number | null {
    if (nowMs - this.#toldMs > CLOCK_STALE_MS) return null;
    return captureUs / 1000 - (this.#offsetUs / 1000 + nowMs);
  }
}
