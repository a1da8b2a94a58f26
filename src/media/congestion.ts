/** A queue that stands this long is too much: the rate goes down; below the other the rate may go up. Milliseconds. */
const QUEUE_HIGH_MS = 50;
const QUEUE_LOW_MS = 25;
/** Factors of one step down and of one step up, and how often each may be. */
const STEP_DOWN = 0.85;
const MOST_DOWN = 0.5;
const STEP_UP = 1.05;
/** Before the first queue nothing is known of the path: as in slow start, though not by twice, for a queue shows late. */
const STEP_UP_AT_START = 1.25;
const DOWN_EVERY_MS = 300;
const DOWN_EVERY_MOST_MS = 800;
const UP_EVERY_MS = 250;
const UP_AFTER_DOWN_MS = 1_000;
/** A rate that is not used says nothing about a higher one: beyond the first it grows only when this share of it is sent. */
const USED = 0.6;
const START_BPS = 1_000_000;
/** Discardable frames are left out from here on. */
const DROP_LAYERS_STANDING_MS = 45;
const DROP_LAYERS_LIVE_MS = 60;
/** Frames are skipped before they are encoded from here on. */
const SKIP_STANDING_MS = 100;
const SKIP_LIVE_MS = 120;
/** Base frames are left out from here on, up to the next key frame, and key frames too; sound last of all. */
const DROP_BASE_MS = 600;
const DROP_KEY_MS = 1_200;
const DROP_SOUND_MS = 2_000;
/** What is lost comes again a round trip later and is no queue: so many round trips of it are forgiven. */
const FORGIVEN_ROUND_TRIPS = 1.3;
const MOST_FORGIVEN_MS = 400;
/** The path's own round trip is the least one of this long. */
const BASE_WINDOW_MS = 10_000;
const STANDING_WINDOW_MS = 250;
const STANDING_ROUND_TRIPS = 2;
/** Losses close upon each other make a queue of some round trips: the rate heeds only one that lasts. */
const LASTING_ROUND_TRIPS = 4;
const RATE_WINDOW_MS = 500;
/** No acknowledgement for so long while much is under way: a queue, though there is no sample of it. */
const SILENCE_MS = 400;
const SILENCE_ROUND_TRIPS = 4;
const SILENT_QUEUE_MS = 300;
const UNKNOWN_BASE_MS = 50;

interface Sample {
  readonly at: number;
  readonly value: number;
}

export interface CongestionOptions {
  /** Bits a second to begin with, and the bounds. */
  startBps?: number;
  minBps?: number;
  maxBps?: number;
  /** More than this under way and nothing but sound is sent. */
  maxInFlightBytes?: number;
}

/** What is to be sent, as far as the order of leaving out asks. */
export type FrameWeight = 'sound' | 'key' | 'base' | 'discardable';

/**
 * What may be sent to one receiver, and how much its senders should make: a pure policy, time and bytes go in by calls.
 *
 * It looks at the queue that STANDS in the path: the least acknowledgement delay of the last moments, over the path's
 * own. The kernel hides more than a second in its buffers, so what a socket takes is no signal; a single late
 * acknowledgement is a packet that was sent again, and no signal either. Both were tried and cost ten times the delay
 * or nine tenths of the rate (as in Copa, Arun and Balakrishnan 2018, on the standing queue).
 *
 * 1. Nothing is ever queued here: a frame goes now or never. Left out are, in this order: frames that are not made
 *    (`skips`), discardable frames, base frames up to the next key frame, key frames; sound last.
 * 2. A queue that a retransmission makes does not lower the rate.
 * 3. Where everything has arrived no queue stands, whatever was measured last: who was told to skip begins again.
 */
export class CongestionControl {
  readonly #minBps: number;
  readonly #maxBps: number;
  readonly #maxInFlightBytes: number;
  #targetBps: number;
  /** Bytes sent up to and with each message that is not acknowledged, and when. */
  #flight: { end: number; at: number }[] = [];
  #sent = 0;
  #acknowledged = 0;
  #acknowledgedAt = 0;
  #roundTrips: Sample[] = [];
  #queues: Sample[] = [];
  #arrivals: Sample[] = [];
  #sends: Sample[] = [];
  #lastRoundTripMs = 0;
  #downAt = Number.NEGATIVE_INFINITY;
  #upAt = 0;
  /** No queue was ever met. */
  #starting = true;

  constructor({
    startBps = START_BPS,
    minBps = 100_000,
    maxBps = 12_000_000,
    maxInFlightBytes = 2 * 1024 * 1024,
  }: CongestionOptions = {}) {
    this.#targetBps = startBps;
    this.#minBps = minBps;
    this.#maxBps = maxBps;
    this.#maxInFlightBytes = maxInFlightBytes;
  }

  /** Bits a second that all tracks to this receiver should take together. */
  get targetBps(): number {
    return this.#targetBps;
  }

  get sentBytes(): number {
    return this.#sent;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledged;
  }

  /** Round trip of the path without a queue; null before the first acknowledgement. */
  get baseMs(): number | null {
    return this.#roundTrips.length === 0 ? null : least(this.#roundTrips);
  }

  /** A message was written. */
  sent(bytes: number, now: number): void {
    if (this.#flight.length === 0) this.#acknowledgedAt = now; // silence before it was nobody's
    this.#sent += bytes;
    this.#flight.push({ end: this.#sent, at: now });
    this.#sends.push({ at: now, value: this.#sent });
    prune(this.#sends, now - RATE_WINDOW_MS);
  }

  /** So many bytes have arrived in all; `heldMs` of the delay passed at the other end. Never less than before. */
  acknowledged(totalBytes: number, heldMs: number, now: number): void {
    let last: { end: number; at: number } | undefined;
    let count = 0;
    for (const message of this.#flight) {
      if (message.end > totalBytes) break;
      last = message;
      count++;
    }
    this.#flight.splice(0, count);
    this.#acknowledged = totalBytes;
    this.#acknowledgedAt = now;
    this.#arrivals.push({ at: now, value: totalBytes });
    prune(this.#arrivals, now - RATE_WINDOW_MS);
    if (last) {
      const roundTrip = Math.max(now - last.at - heldMs, 0.01);
      this.#lastRoundTripMs = roundTrip;
      this.#roundTrips.push({ at: now, value: roundTrip });
      prune(this.#roundTrips, now - BASE_WINDOW_MS);
      const base = least(this.#roundTrips);
      this.#queues.push({ at: now, value: roundTrip - base });
      prune(this.#queues, now - this.#windowMs(LASTING_ROUND_TRIPS));
    }
    this.tick(now);
  }

  /** Adapts the rate; to be called every now and then also while no acknowledgement comes. */
  tick(now: number): void {
    const queue = this.#queueMs(now, LASTING_ROUND_TRIPS);
    if (queue >= QUEUE_LOW_MS) this.#starting = false;
    const downEveryMs = Math.min(Math.max(DOWN_EVERY_MS, 2 * this.#lastRoundTripMs), DOWN_EVERY_MOST_MS);
    if (queue > QUEUE_HIGH_MS && now - this.#downAt > downEveryMs) {
      // What arrives is what the path carries; but of a sender that made little it says little, so by half at most.
      const carried = 0.9 * this.#rate(this.#arrivals, now);
      const next = Math.min(this.#targetBps * STEP_DOWN, Math.max(carried, this.#targetBps * MOST_DOWN));
      this.#targetBps = Math.max(this.#minBps, next);
      this.#downAt = now;
      this.#upAt = now;
    } else if (
      queue < QUEUE_LOW_MS &&
      now - this.#upAt > UP_EVERY_MS &&
      now - this.#downAt > UP_AFTER_DOWN_MS &&
      (this.#targetBps < START_BPS || this.#rate(this.#sends, now) > USED * this.#targetBps)
    ) {
      const step = this.#starting ? STEP_UP_AT_START : STEP_UP;
      this.#targetBps = Math.min(this.#maxBps, this.#targetBps * step);
      this.#upAt = now;
    }
  }

  /** The queue that every message of the last moments met, at least. */
  standingMs(now: number): number {
    return this.#queueMs(now, STANDING_ROUND_TRIPS);
  }

  /** The queue as it seems this moment, whatever made it. */
  liveMs(now: number): number {
    const oldest = this.#flight[0];
    if (!oldest) return 0;
    const age = Math.max(0, now - oldest.at - (this.baseMs ?? UNKNOWN_BASE_MS));
    const newest = this.#queues.at(-1)?.value ?? 0;
    return Math.max(age, Math.min(newest, age + 40));
  }

  /** True while frames should be left out before they are encoded. */
  skips(now: number): boolean {
    return this.standingMs(now) > SKIP_STANDING_MS || this.liveMs(now) > SKIP_LIVE_MS + this.#forgivenMs;
  }

  /** Whether a frame of this weight goes out now. */
  admits(weight: FrameWeight, now: number): boolean {
    const live = this.liveMs(now);
    if (weight === 'sound') return live < DROP_SOUND_MS;
    if (this.#sent - this.#acknowledged > this.#maxInFlightBytes) return false;
    if (weight === 'key') return live <= DROP_KEY_MS;
    if (weight === 'base') return live <= DROP_BASE_MS;
    return this.standingMs(now) <= DROP_LAYERS_STANDING_MS && live <= DROP_LAYERS_LIVE_MS + this.#forgivenMs;
  }

  /** Bits a second that were acknowledged of late. */
  deliveredBps(now: number): number {
    return this.#rate(this.#arrivals, now);
  }

  /** The least queue of so many round trips. */
  #queueMs(now: number, roundTrips: number): number {
    const silent = this.#isSilent(now) ? SILENT_QUEUE_MS : 0;
    const newest = this.#queues.at(-1);
    if (!newest) return silent;
    const since = now - this.#windowMs(roundTrips);
    if (this.#flight.length === 0 && newest.at < since) return 0; // Invariant 3
    return Math.max(least([...this.#queues.filter(({ at }) => at >= since), newest]), silent);
  }

  #windowMs(roundTrips: number): number {
    return Math.max(STANDING_WINDOW_MS, roundTrips * (this.baseMs ?? UNKNOWN_BASE_MS));
  }

  get #forgivenMs(): number {
    return FORGIVEN_ROUND_TRIPS * Math.min(this.baseMs ?? UNKNOWN_BASE_MS, MOST_FORGIVEN_MS);
  }

  #isSilent(now: number): boolean {
    const silence = now - this.#acknowledgedAt;
    const patience = Math.max(SILENCE_MS, SILENCE_ROUND_TRIPS * (this.baseMs ?? UNKNOWN_BASE_MS));
    return this.#flight.length > 0 && silence > patience && this.liveMs(now) > SILENT_QUEUE_MS;
  }

  #rate(samples: readonly Sample[], now: number): number {
    const first = samples[0];
    const last = samples.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    return ((last.value - first.value) * 8 * 1000) / Math.max(now - first.at, RATE_WINDOW_MS / 2);
  }
}

const least = (samples: readonly Sample[]): number =>
  samples.reduce((min, { value }) => Math.min(min, value), Number.POSITIVE_INFINITY);

/** Drops what is older than `since`, but for the newest sample. */
function prune(samples: Sample[], since: number): void {
  let count = 0;
  while (count < samples.length - 1 && (samples[count] as Sample).at < since) count++;
  samples.splice(0, count);
}
