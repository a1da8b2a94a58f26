import type { FrameHeader } from './frame.js';

/** How many frames back one may refer: two seconds at 30 frames a second. */
const REMEMBERED = 64;

/** Numbers the frames of one encoding and says how far back each refers, for the patterns L1T1, L1T2 and L1T3 (W3C SVC). */
export class ReferenceTracker {
  #seq = 0;
  /** By layer: the newest frame of it since the last key frame. */
  #newest: (number | undefined)[] = [];

  /** The number and the reference of the next frame, of temporal layer `layer`; a key frame is of layer 0. */
  next(layer: number, isKey: boolean): { seq: number; reference: number } {
    const seq = this.#seq++;
    const needed = isKey
      ? seq
      : layer === 0
        ? (this.#newest[0] ?? seq - 1)
        : Math.max(...this.#newest.slice(0, layer).map((newest) => newest ?? 0));
    if (isKey) this.#newest = [];
    this.#newest[layer] = seq;
    return { seq, reference: seq - needed };
  }
}

export type GateVerdict = 'decode' | 'drop' | 'need-key';

/**
 * Says which frames of one track can be decoded, whatever was left out on the way: gaps are ordinary, since every
 * node between may leave out discardable frames.
 *
 * 1. A frame is decoded only if the one that it refers to was, within one encoding.
 * 2. After a base frame that cannot be decoded nothing is until the next key frame.
 */
export class FrameGate {
  #decoded: number[] = [];
  #newest = -1;
  #small = false;
  #waiting = true;

  /** True while nothing can be decoded before a key frame has come. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** The decoder failed, or starts anew. */
  reset(): void {
    this.#waiting = true;
    this.#decoded = [];
  }

  /** `need-key`: leave it out and ask for a key frame; `drop`: leave it out, the next ones may do. */
  take(header: Pick<FrameHeader, 'key' | 'discardable' | 'small' | 'seq' | 'reference'>): GateVerdict {
    const { key, discardable, small, seq, reference } = header;
    if (key) {
      if (small === this.#small && seq <= this.#newest) return 'drop'; // it came before
      this.#waiting = false;
      this.#small = small;
      this.#decoded = [];
    } else {
      if (this.#waiting) return 'need-key'; // Invariant 2
      if (small !== this.#small) return 'drop'; // of the encoding that is left, or not begun yet
      if (seq <= this.#newest) return 'drop';
      if (!this.#decoded.includes(seq - reference)) {
        if (discardable) return 'drop';
        this.#waiting = true;
        return 'need-key';
      }
    }
    this.#newest = seq;
    this.#decoded.push(seq);
    if (this.#decoded.length > REMEMBERED) this.#decoded.shift();
    return 'decode';
  }
}
