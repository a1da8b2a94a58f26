import type { Clock, Timer } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { BULK_MIN_BYTES } from '../protocol/typed-channel.js';
import { BulkWindow } from './bulk-window.js';
import { FairTurns, type Turn } from './fair-turns.js';

/** Something that sends bulk when it is asked to. */
export interface BulkLane extends Turn {
  /** Writes one message of about `roomBytes` at most. Returns what it counts for; 0 when there is nothing just now. */
  write(roomBytes: number): number;
}

/** The stream below: Protomux's, by what is looked at here. */
export interface ScheduledStream {
  /** False while the stream wants a pause. */
  readonly drained: boolean;
  /** Above 0 while what is written is gathered into one frame, as an answer to a batch: bulk would not fit. */
  readonly corked: number;
}

interface HeldMessage {
  bytes: number;
  write: () => void;
  expiry: Timer;
}

/** Bulk written before others get the event loop; without it `drain` in the same tick keeps timers waiting. */
const BYTES_A_TURN = 1024 * 1024;
const MS_A_TURN = 4;
/**
 * While a call runs on the stream a turn is one long message, and the next one is so much later: reading, hashing and
 * encrypting 256 KiB takes each end a millisecond or two, and whoever is heard and seen waits for no more than that.
 */
const BYTES_A_TURN_BESIDE_CALL = 256 * 1024;
const PAUSE_BESIDE_CALL_MS = 4;
/** A call is one as long as something of it comes this often. */
const CALL_QUIET_MS = 1_000;

/**
 * Decides when what is written to one stream.
 *
 * 1. Urgent messages never come here: they are written at once, behind one bulk message at most in this process.
 * 2. Bulk is written while the window has room and the stream wants more, and never for long without a pause in
 *    which timers, sockets and other streams run.
 * 3. An acknowledgement that cannot be true ends the stream; one that never comes stops this stream's bulk alone.
 * 4. While `live` messages pass, either way, bulk leaves the event loop most of its time.
 * 5. `live` messages that wait for a full stream take `liveHeldBytes` at most, and are dropped at their deadline.
 */
export class Scheduler {
  readonly #stream: ScheduledStream;
  readonly #clock: Clock;
  readonly #window = new BulkWindow();
  readonly #turns = new FairTurns<BulkLane>();
  readonly #held = new Set<HeldMessage>();
  #heldBytes = 0;
  #liveAt = Number.NEGATIVE_INFINITY;
  #soon = false;
  #due: Timer | null = null;
  #turn: { bytes: number; most: number; since: number; over: boolean } | null = null;
  #closed = false;

  constructor(stream: ScheduledStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Bytes of bulk written since the stream began. */
  get sentBytes(): number {
    return this.#window.sentBytes;
  }

  /** For showing: what bulk is allowed to be under way, and what its queue adds to a round trip. */
  get window(): { windowBytes: number; frameBytes: number; queueMs: number } {
    const { windowBytes, frameBytes, queueMs } = this.#window;
    return { windowBytes, frameBytes, queueMs };
  }

  /** This lane has something to send, or may have. */
  wake(lane: BulkLane): void {
    if (this.#closed) return;
    this.#turns.add(lane);
    this.#pumpSoon();
  }

  /** This lane sends nothing more on this stream. */
  remove(lane: BulkLane): void {
    this.#turns.remove(lane);
  }

  /** The other end has dealt with so many bytes since the stream began (PROTOCOL.md [S2]). */
  acknowledged(totalBytes: number): void {
    const growth = totalBytes - this.#window.acknowledgedBytes;
    if (growth < BULK_MIN_BYTES || totalBytes > this.sentBytes) throw new ProtocolError('MESSAGE_UNEXPECTED');
    this.#window.acknowledged(totalBytes, this.#clock.now());
    this.#pumpSoon();
  }

  /** The stream takes more. */
  drained(): void {
    for (const held of this.#held) {
      if (!this.#stream.drained) return;
      this.#release(held);
      held.write();
    }
    this.#pumpSoon();
  }

  /** A `live` message was sent or has come in (Invariant 4). */
  live(): void {
    this.#liveAt = this.#clock.now();
  }

  /** Writes a message of about `bytes` now, or within `dropAfterMs` if the stream is full, or never. True if now. */
  writeLive(bytes: number, dropAfterMs: number, write: () => void): boolean {
    if (this.#stream.drained && this.#held.size === 0) {
      write();
      return true;
    }
    if (this.#closed || this.#heldBytes + bytes > LIMITS.liveHeldBytes) return false;
    const held: HeldMessage = {
      bytes,
      write,
      expiry: this.#clock.after(dropAfterMs, () => this.#release(held)),
    };
    this.#heldBytes += bytes;
    this.#held.add(held);
    return false;
  }

  /** The stream is gone: nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#due?.cancel();
    for (const held of this.#held) this.#release(held);
  }

  #release(held: HeldMessage): void {
    held.expiry.cancel();
    if (this.#held.delete(held)) this.#heldBytes -= held.bytes;
  }

  #pumpSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stream.corked > 0) return void setImmediate(() => this.#pump());
    while (!this.#closed && this.#stream.drained && this.#window.hasRoom && this.#held.size === 0) {
      if (this.#turn?.over) return; // the next turn pumps (Invariant 2)
      const lane = this.#turns.next();
      if (!lane) return;
      const waitMs = this.#window.waitMs(this.#clock.now());
      if (waitMs > 0) return this.#pumpAfter(waitMs);
      const turn = this.#beginTurn();
      const bytes = lane.write(this.#window.frameBytes);
      const now = this.#clock.now();
      if (bytes === 0) this.#turns.remove(lane);
      else {
        this.#window.sent(bytes, now);
        this.#turns.served(lane, bytes);
      }
      turn.bytes += bytes;
      turn.over = turn.bytes >= turn.most || now - turn.since >= MS_A_TURN;
    }
    if (this.#turns.next() && !this.#window.hasRoom) this.#window.limited();
  }

  /** When the window's next frame is due. */
  #pumpAfter(waitMs: number): void {
    this.#due ??= this.#clock.after(waitMs, () => {
      this.#due = null;
      this.#pump();
    });
  }

  /** A turn is one round of the event loop, however many calls of `#pump` it has. */
  #beginTurn() {
    if (this.#turn) return this.#turn;
    const since = this.#clock.now();
    const isBesideCall = since - this.#liveAt < CALL_QUIET_MS;
    const most = isBesideCall ? BYTES_A_TURN_BESIDE_CALL : BYTES_A_TURN;
    const turn = { bytes: 0, most, since, over: false };
    const next = () => {
      this.#turn = null;
      if (turn.over) this.#pump();
    };
    if (isBesideCall) this.#clock.after(PAUSE_BESIDE_CALL_MS, next);
    else setImmediate(next);
    this.#turn = turn;
    return turn;
  }
}
