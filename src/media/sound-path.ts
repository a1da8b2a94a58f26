import { ProtocolError } from '../errors.js';
import { ReplayWindow } from '../replay-window.js';
import { bundleBytes, decodeBundle, encodeBundle } from './sound-bundle.js';

/** So often the other end is told what has come; and after so long without a word the way counts as closed. */
const HEARD_EVERY_MS = 500;
const HEARD_WITHIN_MS = 2_000;
/** From this share of lost datagrams on each frame travels three times instead of twice … */
const LOSSY = 0.04;
/** … and from this one the way is no way. */
const USELESS = 0.3;
/** Weight of the newest report in the share that is lost. */
const LOSS_GAIN = 0.25;

interface SoundPathDependencies {
  /** Sends a datagram; false where the path has none. */
  sendDatagram: (bytes: Uint8Array) => boolean;
  /** The longest one. */
  datagramBytes: number;
}

/**
 * How sound goes to one receiver and comes from there: by datagrams where the path has them, since what is lost in a
 * stream keeps waiting all that was sent after it; and in the stream where it has none (PROTOCOL.md [V7]).
 *
 * 1. A datagram bears the newest frame of a track and the one or two before it: one that is lost comes 20 ms late.
 * 2. Until the other end says that datagrams arrive, and from when it says so no more, each frame goes both ways.
 * 3. Each frame is heard once, by whichever way it comes first.
 */
export class SoundPath {
  readonly #deps: SoundPathDependencies;
  /** By stream: the frames that the next datagram repeats. */
  readonly #recent = new Map<number, Uint8Array[]>();
  readonly #heardFrames = new Map<number, ReplayWindow>();
  #sent = 0;
  #report = { count: 0, sent: 0, at: Number.NEGATIVE_INFINITY };
  #loss = 0;
  #heard = { count: 0, told: 0, toldAt: 0 };

  constructor(deps: SoundPathDependencies) {
    this.#deps = deps;
  }

  /** 0 to 1, of datagrams sent; smoothed. */
  get loss(): number {
    return this.#loss;
  }

  /** Sends a frame by a datagram if there is a way. True if it is to go in the stream too. */
  send(stream: number, frame: Uint8Array, now: number): boolean {
    const frames = [...(this.#recent.get(stream) ?? []), frame];
    while (frames.length > 1 && bundleBytes(frames) > this.#deps.datagramBytes) frames.shift();
    if (!this.#deps.sendDatagram(encodeBundle(frames))) {
      this.#recent.delete(stream);
      return true;
    }
    this.#sent++;
    this.#recent.set(stream, frames.slice(this.#loss < LOSSY ? -1 : -2)); // Invariant 1
    return now - this.#report.at > HEARD_WITHIN_MS || this.#loss > USELESS; // Invariant 2
  }

  /** The other end says that `count` datagrams have come in all. Throws ProtocolError where that cannot be. */
  reported(count: number, now: number): void {
    const { count: before, sent } = this.#report;
    if (count <= before || count > this.#sent) throw new ProtocolError('MESSAGE_UNEXPECTED');
    // What is under way is about as much each time, but for the first.
    const lost = before === 0 ? 0 : Math.max(0, 1 - (count - before) / Math.max(1, this.#sent - sent));
    this.#loss += (lost - this.#loss) * LOSS_GAIN;
    this.#report = { count, sent: this.#sent, at: now };
  }

  /** The frames of a datagram, as views of it. Throws ProtocolError MESSAGE_MALFORMED. */
  take(datagram: Uint8Array): Uint8Array[] {
    this.#heard.count++;
    return decodeBundle(datagram);
  }

  /** True the first time that this frame comes. Invariant 3. */
  isNew(stream: number, seq: number): boolean {
    const window = this.#heardFrames.get(stream) ?? new ReplayWindow();
    this.#heardFrames.set(stream, window);
    return window.take(seq);
  }

  /** What the other end is to be told now of datagrams that have come; null for nothing. */
  report(now: number): number | null {
    const { count, told, toldAt } = this.#heard;
    if (count === told || now - toldAt < HEARD_EVERY_MS) return null;
    this.#heard = { count, told: count, toldAt: now };
    return count;
  }

  /** No other tracks are sent or heard any more. */
  keep({ sent, heard }: { sent?: ReadonlySet<number>; heard?: ReadonlySet<number> }): void {
    for (const stream of this.#recent.keys()) if (sent && !sent.has(stream)) this.#recent.delete(stream);
    for (const stream of this.#heardFrames.keys())
      if (heard && !heard.has(stream)) this.#heardFrames.delete(stream);
  }

  /** The channel is open on another stream: counts begin anew, and what was heard stays heard. */
  reset(): void {
    this.#recent.clear();
    this.#sent = 0;
    this.#report = { count: 0, sent: 0, at: Number.NEGATIVE_INFINITY };
    this.#loss = 0;
    this.#heard = { count: 0, told: 0, toldAt: 0 };
  }
}
