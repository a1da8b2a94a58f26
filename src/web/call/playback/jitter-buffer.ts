/** Sound plays when this much has come. */
const START_MS = 40;
/** What is to be left in the buffer at its lowest, at first, at least and at most. */
const SPARE_START_MS = 8;
const SPARE_MIN_MS = 5;
const SPARE_MAX_MS = 150;
/** Each time the buffer ran empty it keeps this much more … */
const SPARE_UP_MS = 10;
/** … and less by this share of what is above the least, and this much at least, after each time in which it did not. */
const SPARE_DOWN = 0.25;
const SPARE_DOWN_MS = 4;
const CLEAN_MS = 5_000;
/** The lowest level is looked for over this time, in two halves. */
const WINDOW_MS = 2_000;
/** Faster and slower by what is hardly heard; from this much off on. */
const FASTER = 1.02;
const SLOWER = 0.985;
const TOLERANCE_MS = 4;
/** More than this too much is left out at once. */
const JUMP_MS = 200;
/** Between words nobody hears time pass: while it is this quiet, what is too much goes this fast. */
const QUIET = 0.02;
const FASTER_WHILE_QUIET = 1.3;
/** A gap is bridged with what was heard last, fading out over this time. */
const FADE_MS = 60;
const CAPACITY_MS = 2_000;

export interface JitterStats {
  depthMs: number;
  spareMs: number;
  /** Times that the buffer ran empty. */
  emptied: number;
  /** Milliseconds of sound that were made up. */
  concealedMs: number;
  /** Times that too much had come and some was left out. */
  jumped: number;
}

/**
 * Samples of one track between their arrival and the loudspeaker: as little delay as the arrivals allow.
 *
 * 1. The lowest level over the last seconds is what is not needed: it is kept at `spare`, by playing a little faster or
 *    slower. Each time the buffer runs empty `spare` grows; in quiet times it shrinks.
 * 2. What is missing is bridged with the last sound, fading out; nothing clicks.
 * 3. At most two seconds are held.
 */
export class JitterBuffer {
  readonly stats: JitterStats = {
    depthMs: 0,
    spareMs: SPARE_START_MS,
    emptied: 0,
    concealedMs: 0,
    jumped: 0,
  };
  readonly #perMs: number;
  readonly #ring: readonly Float32Array[];
  readonly #capacity: number;
  /** Samples that were ever written and read; the latter with a fraction. */
  #written = 0;
  #read = 0;
  /** When the sample at `#written` was captured. */
  #writtenUs = 0;
  #playing = false;
  #fadeLeft = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #lowestBefore = Number.POSITIVE_INFINITY;
  #loudness = 1;
  #windowLeft: number;
  #cleanLeft: number;

  /** `sampleRate` in Hz, of what is pushed and pulled alike. */
  constructor(sampleRate: number, channels: number) {
    this.#perMs = sampleRate / 1000;
    this.#capacity = Math.round(CAPACITY_MS * this.#perMs);
    this.#ring = Array.from({ length: channels }, () => new Float32Array(this.#capacity));
    this.#windowLeft = (WINDOW_MS / 2) * this.#perMs;
    this.#cleanLeft = CLEAN_MS * this.#perMs;
  }

  /** When what is heard now was captured, in microseconds of the sender's clock; null while nothing plays. */
  get playingUs(): number | null {
    return this.#playing ? this.#writtenUs - (this.#depth / this.#perMs) * 1000 : null;
  }

  /** One decoded frame; `missingUs` of sound before it never came. `planes` are one a channel, of equal length. */
  push(planes: readonly Float32Array[], timestampUs: number, missingUs = 0): void {
    const samples = planes[0]?.length ?? 0;
    const missing = Math.min(Math.round((missingUs / 1000) * this.#perMs), JUMP_MS * this.#perMs);
    if (this.#depth + missing + samples > this.#capacity) this.#skipTo(START_MS * this.#perMs); // Invariant 3
    if (missing > 0 && this.#playing) this.#bridge(missing);
    for (const [channel, ring] of this.#ring.entries()) {
      const plane = planes[Math.min(channel, planes.length - 1)] as Float32Array;
      for (let i = 0; i < samples; i++) ring[(this.#written + i) % this.#capacity] = plane[i] as number;
    }
    this.#written += samples;
    this.#writtenUs = timestampUs + (samples / this.#perMs) * 1000;
  }

  /** Fills `out`, one array a channel, with the next samples. */
  pull(out: readonly Float32Array[]): void {
    const length = out[0]?.length ?? 0;
    if (!this.#playing && this.#depth >= START_MS * this.#perMs) this.#start();
    if (!this.#playing) this.#fade(out, 0);
    else this.#play(out, length);
    this.#observe(length);
  }

  get #depth(): number {
    return this.#written - this.#read;
  }

  #start(): void {
    this.#playing = true;
    this.#forgetLowest();
    if (this.#depth > (START_MS + JUMP_MS) * this.#perMs) this.#skipTo(START_MS * this.#perMs);
  }

  #play(out: readonly Float32Array[], length: number): void {
    const rate = this.#rate();
    let loudest = 0;
    for (let i = 0; i < length; i++) {
      if (this.#depth < 2) return this.#onEmpty(out, i);
      const index = Math.floor(this.#read);
      const part = this.#read - index;
      for (const [channel, ring] of this.#ring.entries()) {
        const now = ring[index % this.#capacity] as number;
        const next = ring[(index + 1) % this.#capacity] as number;
        (out[channel] as Float32Array)[i] = now + (next - now) * part;
        loudest = Math.max(loudest, Math.abs(now));
      }
      this.#read += rate;
    }
    this.#loudness = loudest;
  }

  #rate(): number {
    const lowest = Math.min(this.#lowest, this.#lowestBefore);
    if (!Number.isFinite(lowest)) return 1;
    const overMs = lowest / this.#perMs - this.stats.spareMs; // Invariant 1
    if (overMs > JUMP_MS) {
      this.#skipTo(this.#depth - (overMs - TOLERANCE_MS) * this.#perMs);
      this.#forgetLowest();
      return 1;
    }
    if (overMs > TOLERANCE_MS * 4 && this.#loudness < QUIET && this.#depth > 2 * START_MS * this.#perMs)
      return FASTER_WHILE_QUIET;
    return overMs > TOLERANCE_MS ? FASTER : overMs < -TOLERANCE_MS / 2 ? SLOWER : 1;
  }

  #onEmpty(out: readonly Float32Array[], from: number): void {
    this.#playing = false;
    this.#fadeLeft = FADE_MS * this.#perMs;
    this.stats.emptied++;
    this.stats.spareMs = Math.min(this.stats.spareMs + SPARE_UP_MS, SPARE_MAX_MS);
    this.#cleanLeft = CLEAN_MS * this.#perMs;
    this.#fade(out, from);
  }

  /** The last sound again, backwards and forwards, softer and softer. Invariant 2. */
  #fade(out: readonly Float32Array[], from: number): void {
    const length = out[0]?.length ?? 0;
    const whole = FADE_MS * this.#perMs;
    const made = Math.min(length - from, this.#fadeLeft);
    for (const [channel, ring] of this.#ring.entries()) {
      const plane = out[channel] as Float32Array;
      for (let i = 0; i < length - from; i++) {
        const left = this.#fadeLeft - i;
        plane[from + i] = left > 0 ? this.#echo(ring, whole - left) * (left / whole) : 0;
      }
    }
    this.#fadeLeft = Math.max(0, this.#fadeLeft - (length - from));
    if (made > 0) this.stats.concealedMs += made / this.#perMs;
  }

  #bridge(missing: number): void {
    const whole = FADE_MS * this.#perMs;
    for (const ring of this.#ring) {
      for (let i = 0; i < missing; i++) {
        const fade = Math.max(0, 1 - i / whole);
        ring[(this.#written + i) % this.#capacity] = this.#echo(ring, i) * fade;
      }
    }
    this.#written += missing;
    this.stats.concealedMs += missing / this.#perMs;
  }

  /** Sample `i` after the end of what was written: the last 20 ms mirrored to and fro, so that it joins without a step. */
  #echo(ring: Float32Array, i: number): number {
    const period = Math.min(Math.round(20 * this.#perMs), this.#written);
    if (period < 2) return 0;
    const phase = Math.floor(i) % (2 * period);
    const back = phase < period ? phase : 2 * period - 1 - phase;
    return ring[(this.#written - 1 - back) % this.#capacity] ?? 0;
  }

  #observe(length: number): void {
    this.stats.depthMs = this.#depth / this.#perMs;
    if (this.#playing) this.#lowest = Math.min(this.#lowest, this.#depth);
    this.#windowLeft -= length;
    if (this.#windowLeft <= 0) {
      this.#windowLeft = (WINDOW_MS / 2) * this.#perMs;
      this.#lowestBefore = this.#lowest;
      this.#lowest = this.#playing ? this.#depth : Number.POSITIVE_INFINITY;
    }
    this.#cleanLeft -= length;
    if (this.#cleanLeft <= 0) {
      this.#cleanLeft = CLEAN_MS * this.#perMs;
      const down = Math.max(SPARE_DOWN_MS, (this.stats.spareMs - SPARE_MIN_MS) * SPARE_DOWN);
      this.stats.spareMs = Math.max(this.stats.spareMs - down, SPARE_MIN_MS);
    }
  }

  #skipTo(depth: number): void {
    if (depth >= this.#depth) return;
    this.#read = this.#written - Math.max(depth, 0);
    this.stats.jumped++;
  }

  #forgetLowest(): void {
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#lowestBefore = Number.POSITIVE_INFINITY;
  }
}
