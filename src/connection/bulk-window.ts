const KIB = 1024;

/** Queue that bulk may keep standing in the path, and how far below it growth is fast. Milliseconds. */
const TARGET_MS = 8;
const SLACK = 0.5;
/** A frame takes about 2 ms of the line, but headers want 16 KiB as long as those take no more than 8 ms. */
const FRAME_MS = 2;
const SMALL_FRAME_MS = 8;
const SMALL_FRAME_BYTES = 16 * KIB;
const MIN_FRAME_BYTES = 4 * KIB;
const MAX_FRAME_BYTES = 256 * KIB;
/**
 * Bytes per millisecond from which frames are the largest: about half a gigabit, where one takes 4 ms. Cut into pieces a
 * block costs the receiver several times the processor, and of that there is least where the window has become small.
 */
const FAST_RATE = 64 * KIB;
const FRAMES_IN_FLOOR = 2;
/** Ten segments, what a kernel sends at first (RFC 6928): more would wait in it for a round trip and look like a queue. */
const INITIAL_WINDOW_BYTES = 14 * KIB;
/** Loopback and gigabit need no more; long fast paths get twice their bandwidth-delay product up to the hard limit. */
const MAX_WINDOW_BYTES = 4096 * KIB;
const HARD_MAX_WINDOW_BYTES = 8192 * KIB;
/** Growth a round trip: what `FRAME_MS` carry on a line of this rate, and the square root of it on others. */
const GROWTH_BYTES_PER_MS = 2500;
/** Shorter round trips are taken together: who grew faster would fill the queue that another lets run dry. */
const MIN_ROUND_MS = 10;
/** How often the queue is let run dry to see the path's own round trip, and how many frames measure it. */
const DRAIN_EVERY_MS = 15_000;
const DRAIN_EVERY_ROUND_TRIPS = 500;
const DRAIN_SAMPLES = 2;
/** The first drain comes when a sender that was there before has given way: what it took for the base was its queue. */
const FIRST_DRAIN_MS = 200;
const FIRST_DRAIN_ROUND_TRIPS = 12;
/** So many samples of a round trip are enough to end slow start (as in HyStart, Ha and Rhee 2011). */
const SLOW_START_SAMPLES = 8;
/**
 * On paths with a round trip from here on, frames are spread over it: a burst stays one from round trip to round trip,
 * waits for itself, and looks like a queue. On shorter ones it is over sooner than a timer fires.
 */
const PACED_FROM_MS = 20;
/** As much faster than a window a round trip, so that the window and not the pace is the limit (Linux, tcp_pacing_ca_ratio). */
const PACING_GAIN = 1.25;
/** In slow start a window doubles within the round trip. */
const SLOW_START_GAIN = 2;
/** Timers are so late; what they lost is sent at once. */
const PACING_SLACK_MS = 4;
/** Silence that is no queue: the other end slept, or the path was gone for a while. */
const STALL_MS = 1_000;
const STALL_ROUND_TRIPS = 4;

interface Frame {
  /** Bytes sent with this frame and all before it. */
  end: number;
  at: number;
  inFlight: number;
}

/** The queue is let run dry. */
interface Drain {
  /** The window to come back to. */
  restore: number;
  /** Frames after these many bytes measure; null while what was under way before is. */
  from: number | null;
  samples: number;
  leastMs: number;
  /** It was as narrow before. */
  atFloor: boolean;
}

/**
 * How much bulk may be under way, such that the queue that it makes in the path delays others by about `TARGET_MS`.
 * A pure policy: bytes and milliseconds go in by calls, nothing else is known.
 *
 * It follows LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): additive growth and proportional decrease, so that of several
 * senders on one line none starves (who believes the path a millisecond longer gets the larger part), and a drain now
 * and then, so that none takes another's queue for the path's own delay. The decrease is that of FAST TCP (Jin, Wei and
 * Low 2004): to where the queue would be the target.
 *
 * 1. At least one frame may be under way: whatever was measured, it goes on.
 * 2. The window changes once a round trip (and 10 ms), where frames are paced once in two, except in slow start, and by
 *    half at most on the way down.
 */
export class BulkWindow {
  #window = INITIAL_WINDOW_BYTES;
  #frame = MIN_FRAME_BYTES;
  #sent = 0;
  #acknowledged = 0;
  #flight: Frame[] = [];
  #baseMs = Number.POSITIVE_INFINITY;
  #queueMs = 0;
  /** Slow start goes on up to here. */
  #threshold = HARD_MAX_WINDOW_BYTES;
  #slowStart = true;
  #limited = false;
  #round = { end: 0, at: 0, from: 0, sumMs: 0, leastMs: Number.POSITIVE_INFINITY, samples: 0 };
  /** Bytes per millisecond. */
  #rate = 0;
  #lastAt = 0;
  #drain: Drain | null = null;
  #nextDrainAt = Number.POSITIVE_INFINITY;
  /** Frames sent before this say nothing about the queue. */
  #ignoreUntil = 0;
  /** When the next frame is due. */
  #paceAt = 0;
  #isSettling = false;

  get sentBytes(): number {
    return this.#sent;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledged;
  }

  get inFlightBytes(): number {
    return this.#sent - this.#acknowledged;
  }

  /** True if another frame may be sent. */
  get hasRoom(): boolean {
    return this.inFlightBytes === 0 || this.inFlightBytes + this.#frame <= this.#window;
  }

  /** Milliseconds until the next frame may be sent, where there is room for it. */
  waitMs(now: number): number {
    return Math.max(0, this.#paceAt - now);
  }

  get windowBytes(): number {
    return this.#window;
  }

  /** How long the next frame should be. */
  get frameBytes(): number {
    return this.#frame;
  }

  /** What the queue added to the last round trips. */
  get queueMs(): number {
    return this.#queueMs;
  }

  /** The path's own round trip; infinite before the first was measured. */
  get baseMs(): number {
    return this.#baseMs;
  }

  /** More was there to send than the window let through: without this it does not grow. */
  limited(): void {
    this.#limited = true;
  }

  /** A frame was written. */
  sent(bytes: number, now: number): void {
    if (this.inFlightBytes === 0) {
      this.#lastAt = now; // silence before it was no stall
      if (this.#round.samples === 0) this.#round = { ...this.#round, at: now, from: this.#acknowledged };
    }
    this.#sent += bytes;
    this.#flight.push({ end: this.#sent, at: now, inFlight: this.inFlightBytes });
    if (this.#isPaced && !this.#drain) {
      const gain = this.#slowStart ? SLOW_START_GAIN : PACING_GAIN;
      const interval = (bytes * (this.#baseMs + this.#queueMs)) / (gain * this.#window);
      this.#paceAt = Math.max(this.#paceAt, now - PACING_SLACK_MS) + interval;
    }
  }

  get #isPaced(): boolean {
    return this.#baseMs >= PACED_FROM_MS && this.#baseMs < Number.POSITIVE_INFINITY;
  }

  /** The other end has dealt with so many bytes in all; never more than were sent, and never fewer than before. */
  acknowledged(totalBytes: number, now: number): void {
    const growth = totalBytes - this.#acknowledged;
    this.#acknowledged = totalBytes;
    const frame = this.#takeAcknowledged(totalBytes);
    if (!frame) return;
    const rtt = Math.max(now - frame.at, 0.01);
    const silence = now - this.#lastAt;
    this.#lastAt = now;
    if (silence > Math.max(STALL_MS, STALL_ROUND_TRIPS * (this.#baseMs + TARGET_MS))) this.#stalled(now);
    if (frame.end <= this.#ignoreUntil) return;
    this.#baseMs = Math.min(this.#baseMs, rtt);
    if (this.#drain) return this.#whileDraining(this.#drain, frame, rtt, now);
    const queue = rtt - this.#baseMs;
    this.#round.sumMs += queue;
    this.#round.leastMs = Math.min(this.#round.leastMs, queue);
    this.#round.samples++;
    if (this.#slowStart) this.#grow(growth, frame, queue);
    if (totalBytes >= this.#round.end && now - this.#round.at >= MIN_ROUND_MS) this.#endRound(now);
  }

  #takeAcknowledged(totalBytes: number): Frame | null {
    let count = 0;
    for (const { end } of this.#flight) {
      if (end > totalBytes) break;
      count++;
    }
    const last = this.#flight[count - 1] ?? null;
    if (count > 0) this.#flight.splice(0, count);
    return last;
  }

  /**
   * Slow start: a byte more for each that arrived, until the queue or an earlier window is reached. The least delay of
   * a round trip is asked, since what is sent in bursts waits for itself.
   */
  #grow(bytes: number, frame: Frame, queue: number): void {
    const { samples, end, leastMs } = this.#round;
    const enough = samples >= SLOW_START_SAMPLES || frame.end >= end;
    if (enough && leastMs > TARGET_MS * SLACK) {
      this.#slowStart = false;
      // One round trip has passed since: what was under way then is what made this queue.
      const fits = (frame.inFlight * (this.#baseMs + TARGET_MS)) / (this.#baseMs + queue);
      this.#setWindow(Math.min(this.#window, fits));
      if (this.#nextDrainAt === Number.POSITIVE_INFINITY) {
        this.#nextDrainAt = frame.at + FIRST_DRAIN_MS + FIRST_DRAIN_ROUND_TRIPS * this.#baseMs;
      }
    } else if (this.#limited) {
      this.#setWindow(this.#window + bytes);
      if (this.#window >= this.#threshold) this.#slowStart = false;
    }
  }

  #endRound(now: number): void {
    const { at, from, sumMs, samples } = this.#round;
    const queue = sumMs / samples;
    this.#queueMs = queue;
    const elapsed = now - at;
    if (elapsed > 0) {
      const rate = (this.#acknowledged - from) / elapsed;
      // What was sent less than the window allowed says nothing about the line.
      this.#rate = this.#limited
        ? this.#rate === 0
          ? rate
          : (this.#rate + rate) / 2
        : Math.max(this.#rate, rate);
    }
    // Invariant 2: where frames are spread, a round trip passes before the first of the new pace is heard of.
    this.#isSettling = this.#isPaced && !this.#isSettling;
    if (!this.#slowStart && !this.#isSettling) this.#adapt(queue);
    this.#chooseFrame();
    if (now >= this.#nextDrainAt && this.#limited && !this.#slowStart) this.#beginDrain();
    this.#beginRound(now);
  }

  #adapt(queue: number): void {
    const window = this.#window;
    let next = window;
    if (queue > TARGET_MS) {
      const fits = (window * (this.#baseMs + TARGET_MS)) / (this.#baseMs + queue);
      next = Math.max(fits, window / 2); // Invariant 2
    }
    if (this.#limited) {
      next += FRAME_MS * Math.sqrt(this.#rate * GROWTH_BYTES_PER_MS);
      if (queue < TARGET_MS * SLACK) next = Math.max(next, window * 1.25);
    }
    this.#setWindow(next);
  }

  #setWindow(bytes: number): void {
    const product = this.#baseMs === Number.POSITIVE_INFINITY ? 0 : 2 * this.#rate * this.#baseMs;
    const most = Math.min(HARD_MAX_WINDOW_BYTES, Math.max(MAX_WINDOW_BYTES, product));
    this.#window = Math.min(most, Math.max(bytes, FRAMES_IN_FLOOR * this.#frame));
  }

  #chooseFrame(): void {
    if (this.#rate === 0) return;
    const small = Math.min(SMALL_FRAME_BYTES, SMALL_FRAME_MS * this.#rate);
    const wanted = Math.min(Math.max(FRAME_MS * this.#rate, small), this.#window / 4);
    const bytes = this.#rate >= FAST_RATE ? MAX_FRAME_BYTES : 2 ** Math.floor(Math.log2(wanted));
    this.#frame = Math.min(MAX_FRAME_BYTES, Math.max(MIN_FRAME_BYTES, bytes));
  }

  #beginRound(now: number): void {
    this.#round = {
      end: this.#sent,
      at: now,
      from: this.#acknowledged,
      sumMs: 0,
      leastMs: Number.POSITIVE_INFINITY,
      samples: 0,
    };
    this.#limited = false;
  }

  #beginDrain(): void {
    this.#frame = Math.min(this.#frame, SMALL_FRAME_BYTES); // its own time on the line counts as base
    this.#drain = {
      restore: this.#window,
      from: null,
      samples: 0,
      leastMs: Number.POSITIVE_INFINITY,
      atFloor: this.#window <= 1.5 * FRAMES_IN_FLOOR * MIN_FRAME_BYTES,
    };
    this.#window = FRAMES_IN_FLOOR * this.#frame;
  }

  /** Little is under way: once what was there before has arrived, round trips are the path's own. */
  #whileDraining(drain: Drain, frame: Frame, rtt: number, now: number): void {
    if (drain.from === null) {
      if (this.inFlightBytes <= this.#window) drain.from = this.#sent;
      return;
    }
    if (frame.end <= drain.from) return;
    drain.leastMs = Math.min(drain.leastMs, rtt);
    if (++drain.samples < DRAIN_SAMPLES) return;
    // Longer than it was believed: only who has next to nothing under way can tell a longer path from a queue.
    if (drain.atFloor) this.#baseMs = drain.leastMs;
    this.#drain = null;
    // Back to where it was without a burst: by the pace, or by what arrives.
    if (this.#isPaced) this.#window = drain.restore;
    else this.#slowStart = true;
    this.#threshold = drain.restore;
    this.#nextDrainAt = now + Math.max(DRAIN_EVERY_MS, DRAIN_EVERY_ROUND_TRIPS * this.#baseMs);
    this.#beginRound(now);
    this.#limited = true;
  }

  #stalled(now: number): void {
    this.#drain = null;
    this.#ignoreUntil = this.#sent;
    this.#threshold = Math.max(this.#window / 2, INITIAL_WINDOW_BYTES);
    this.#slowStart = true;
    this.#window = Math.max(FRAMES_IN_FLOOR * this.#frame, this.#window / 4);
    this.#beginRound(now);
  }
}
