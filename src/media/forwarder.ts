import type { FrameWeight } from './congestion.js';
import type { FrameHeader } from './frame.js';

/** What a receiver takes of a track. */
export interface Taken {
  /** The smaller encoding, where there is one. */
  readonly small: boolean;
  /** The highest temporal layer. */
  readonly layer: number;
}

/**
 * Which frames of one video track go on to one receiver.
 *
 * 1. A receiver is never given a frame after one that it needs was left out: from there to the next key frame nothing.
 * 2. It changes from one encoding to the other at a key frame of the other, and has the first one up to then.
 */
export class Forwarder {
  #taken: Taken;
  /** The encoding that it is in the midst of; null before the first key frame. */
  #small: boolean | null = null;
  #sent = 0;
  #dropped = 0;

  constructor(taken: Taken) {
    this.#taken = taken;
  }

  get framesSent(): number {
    return this.#sent;
  }

  get framesDropped(): number {
    return this.#dropped;
  }

  /** What it takes from now on. */
  set taken(taken: Taken) {
    this.#taken = taken;
  }

  get taken(): Taken {
    return this.#taken;
  }

  /** True while nothing can go on before a key frame of the encoding that is taken. */
  get wantsKey(): boolean {
    return this.#small !== this.#taken.small;
  }

  /** It starts over: what was sent may be lost. */
  reset(): void {
    this.#small = null;
  }

  /** Whether this frame goes on; `admits` says whether the path has room for one of its weight. */
  takes(header: FrameHeader, admits: (weight: FrameWeight) => boolean): boolean {
    const takes = this.#decides(header, admits);
    if (takes) this.#sent++;
    else if (header.small === this.#taken.small) this.#dropped++;
    return takes;
  }

  #decides(header: FrameHeader, admits: (weight: FrameWeight) => boolean): boolean {
    const { key, small, layer } = header;
    if (key) {
      if (small !== this.#taken.small && small !== this.#small) return false;
      if (!admits('key')) {
        if (small === this.#small) this.#small = null; // Invariant 1
        return false;
      }
      this.#small = small; // Invariant 2
      return true;
    }
    if (small !== this.#small || layer > this.#taken.layer) return false;
    if (header.discardable) return admits('discardable');
    if (admits('base')) return true;
    this.#small = null; // Invariant 1
    return false;
  }
}
