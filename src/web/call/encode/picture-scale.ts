import { divisionFor } from './encode-policy.js';

/** An encoder that makes less than this share of what it may has an easy picture: a larger one may do. */
const EASY = 0.75;
/** So long it has to be easy before a larger one is tried, and so long a trial lasts that the rate may grow in. */
const EASY_MS = 1_000;
const TRIAL_MS = 3_000;
/** A trial costs a key frame and a coarse second: after one that failed the next is this much later, then twice that. */
const AGAIN_MS = 30_000;
const AGAIN_MOST_MS = 240_000;

export interface ScaleMoment {
  nowMs: number;
  /** What the encoder may make, what a picture of the whole size needs, and what it made of late; bits a second. */
  bitrateBps: number;
  fullBps: number;
  usedBps: number;
  /** The way is full: what was made of late says nothing about the picture. */
  congested: boolean;
}

/**
 * By how much width and height of a picture are divided: a pure policy, time and rates go in by calls.
 *
 * A rate is not measured beyond what is sent, and a still face needs a small part of what the table says for its size: by
 * the rate alone it would be sent small for ever, on any line.
 *
 * 1. The rate decides (`divisionFor`) but for a trial of one size larger, which an easy picture begins.
 * 2. A trial that the rate does not bear is over after `TRIAL_MS`, and the next is the later the more have failed.
 */
export class PictureScale {
  #division = 1;
  #easySinceMs: number | null = null;
  #trial: { sinceMs: number } | null = null;
  #failed = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** 1, 2 or 4. */
  get division(): number {
    return this.#division;
  }

  /** Another picture or another way: nothing is known of it. */
  reset(): void {
    this.#easySinceMs = null;
    this.#trial = null;
    this.#failed = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
  }

  /** The division from now on. */
  decide(moment: ScaleMoment): number {
    const { nowMs, bitrateBps, fullBps } = moment;
    const byRate = divisionFor(bitrateBps, fullBps, this.#division);
    const isBelow = byRate > this.#division;
    if (byRate < this.#division || (this.#trial && !isBelow)) this.reset(); // the rate bears it
    if (!isBelow || !this.#trial || this.#fails(this.#trial.sinceMs, moment)) this.#division = byRate;
    if (this.#division > 1 && this.#isLongEasy(moment)) {
      this.#trial = { sinceMs: nowMs };
      this.#easySinceMs = null;
      this.#division /= 2; // Invariant 1
    }
    return this.#division;
  }

  #isLongEasy({ nowMs, bitrateBps, usedBps, congested }: ScaleMoment): boolean {
    const isEasy = !congested && usedBps > 0 && usedBps < EASY * bitrateBps && nowMs >= this.#notBeforeMs;
    this.#easySinceMs = isEasy ? (this.#easySinceMs ?? nowMs) : null;
    return this.#easySinceMs !== null && nowMs - this.#easySinceMs >= EASY_MS;
  }

  /** Invariant 2. */
  #fails(sinceMs: number, { nowMs, bitrateBps, usedBps, congested }: ScaleMoment): boolean {
    const isBorne = !congested && usedBps < EASY * bitrateBps;
    if (isBorne || nowMs - sinceMs < TRIAL_MS) return false;
    this.#trial = null;
    this.#notBeforeMs = nowMs + Math.min(AGAIN_MS * 2 ** this.#failed++, AGAIN_MOST_MS);
    return true;
  }
}
