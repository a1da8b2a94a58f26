import type { Clock, Timer } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Ring, RingAnswer } from '../media/media-channel.js';

/** Somebody rings here. */
export interface IncomingRing {
  readonly from: PeerId;
  /** 32 hex digits. */
  readonly call: string;
  readonly direct: boolean;
}

export type RingEnd = 'answered' | 'declined' | 'missed';
export type RingOutcome = RingAnswer | 'accepted';

export interface CallRingsDependencies {
  clock: Clock;
  /** Says it to every instance of this person that is here. */
  ring: (to: PeerId, call: string, direct: boolean, ring: Ring) => void;
  answer: (to: PeerId, call: string, answer: RingAnswer) => void;
  on: {
    ringing(ring: IncomingRing): void;
    ended(ring: IncomingRing, end: RingEnd): void;
    /** What became of a ring of one's own. */
    outcome(to: PeerId, call: string, outcome: RingOutcome): void;
  };
}

/**
 * Who rings whom.
 *
 * 1. A ring lasts `LIMITS.ringMs` at most, at both ends, whatever the other end says.
 * 2. One person rings here once at a time, and `LIMITS.ringsAtOnce` people at most.
 */
export class CallRings {
  readonly #deps: CallRingsDependencies;
  readonly #outgoing = new Map<PeerId, { call: string; direct: boolean; timer: Timer }>();
  readonly #incoming = new Map<PeerId, { ring: IncomingRing; timer: Timer }>();

  constructor(deps: CallRingsDependencies) {
    this.#deps = deps;
  }

  get incoming(): IncomingRing[] {
    return [...this.#incoming.values()].map(({ ring }) => ring);
  }

  /** Rings somebody into a call that this node is in. */
  start(to: PeerId, call: string, direct: boolean): void {
    const { clock, ring } = this.#deps;
    this.#outgoing.get(to)?.timer.cancel();
    const timer = clock.after(LIMITS.ringMs, () => this.#stop(to, 'missed'));
    this.#outgoing.set(to, { call, direct, timer });
    ring(to, call, direct, 'on');
  }

  /** This person has come into the call. */
  accepted(by: PeerId): void {
    const outgoing = this.#outgoing.get(by);
    if (!outgoing) return;
    this.#outgoing.delete(by);
    outgoing.timer.cancel();
    this.#deps.ring(by, outgoing.call, outgoing.direct, 'answered'); // other machines of theirs need not ring on
    this.#deps.on.outcome(by, outgoing.call, 'accepted');
  }

  /** This node left its call: nobody is to answer any more. */
  cancel(): void {
    for (const [to, { call, direct, timer }] of this.#outgoing) {
      timer.cancel();
      this.#deps.ring(to, call, direct, 'off');
    }
    this.#outgoing.clear();
  }

  /** An instance of somebody came: it hears of a ring that goes on. */
  again(to: PeerId): { call: string; direct: boolean } | null {
    return this.#outgoing.get(to) ?? null;
  }

  heard(ring: IncomingRing, what: Ring, busy: boolean): void {
    const { clock, answer, on } = this.#deps;
    if (what !== 'on') return this.end(ring.from, what === 'answered' ? 'answered' : 'missed');
    if (this.#incoming.has(ring.from) || this.#incoming.size >= LIMITS.ringsAtOnce) return; // Invariant 2
    if (busy) {
      answer(ring.from, ring.call, 'busy');
      return on.ended(ring, 'missed');
    }
    const timer = clock.after(LIMITS.ringMs, () => {
      answer(ring.from, ring.call, 'missed');
      this.end(ring.from, 'missed');
    });
    this.#incoming.set(ring.from, { ring, timer });
    answer(ring.from, ring.call, 'ringing');
    on.ringing(ring);
  }

  heardAnswer(from: PeerId, call: string, answer: RingAnswer): void {
    const outgoing = this.#outgoing.get(from);
    if (!outgoing || outgoing.call !== call) return;
    if (answer === 'ringing') this.#deps.on.outcome(from, call, answer);
    else this.#stop(from, answer);
  }

  /** True if this call was ringing here. */
  decline(call: string): boolean {
    const found = this.incoming.find((ring) => ring.call === call);
    if (!found) return false;
    this.#deps.answer(found.from, call, 'declined');
    this.end(found.from, 'declined');
    return true;
  }

  /** A ring from this person is over. */
  end(from: PeerId, end: RingEnd): void {
    const incoming = this.#incoming.get(from);
    if (!incoming) return;
    incoming.timer.cancel();
    this.#incoming.delete(from);
    this.#deps.on.ended(incoming.ring, end);
  }

  close(): void {
    this.cancel();
    for (const { timer } of this.#incoming.values()) timer.cancel();
    this.#incoming.clear();
  }

  #stop(to: PeerId, outcome: RingAnswer): void {
    const outgoing = this.#outgoing.get(to);
    if (!outgoing) return;
    outgoing.timer.cancel();
    this.#outgoing.delete(to);
    this.#deps.ring(to, outgoing.call, outgoing.direct, 'off');
    this.#deps.on.outcome(to, outgoing.call, outcome);
  }
}
