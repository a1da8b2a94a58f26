import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { type Codec, isSound } from '../media/codecs.js';
import { decodeFrame } from '../media/frame.js';
import { Resource } from '../resource.js';
import { type CallConsumer, CallConsumers, type ConsumerEvents, type Taking } from './call-consumers.js';
import { type CallInstance, type CallPath, CallPeer } from './call-peer.js';
import { CallRings, type IncomingRing, type RingEnd, type RingOutcome } from './call-rings.js';
import {
  type Call,
  type CallChange,
  type CallMember,
  type CallTrack,
  changes,
  roster,
} from './call-roster.js';
import type { EncoderRate } from './encoder-rates.js';
import { OwnEncoders } from './own-encoders.js';
import { type NewTrack, OwnPresence } from './own-presence.js';

export interface RoomCallOptions {
  self: { id: PeerId; instance: string };
  clock: Clock;
  /** True while this node is in a call of another room: who rings is told so. */
  isBusy?: () => boolean;
}

export type RoomCallEvents = {
  change: [CallChange];
  ringing: [IncomingRing];
  'ring-ended': [IncomingRing & { end: RingEnd }];
  'ring-outcome': [{ to: PeerId; call: string; outcome: RingOutcome }];
  rate: [EncoderRate];
  /** The next frame of this encoding is to be a key frame. */
  key: [{ stream: number; small: boolean }];
  /** This node is in the call no more. */
  out: [];
};

export interface Consumption {
  /** What comes of it from now on; what is left out stays as it is. */
  set(taking: Partial<Taking>): void;
  /** Asks for a key frame; what is asked too often is swallowed. */
  key(): void;
  close(): void;
}

/**
 * The calls of one room: who is in which, who rings, and whose frames go where. There is one of the room and one with each
 * person; this node is in one of them at most.
 *
 * 1. A frame is given to nobody who has not asked for its track, and taken from nobody who was not asked for it.
 * 2. Whether this node is in a call is decided here alone: nothing that a peer says begins or ends it, starts a track
 *    or asks for one.
 * 3. After every event from outside `#evaluate` runs once and tells peers and listeners what became otherwise.
 */
export class RoomCall extends Resource<RoomCallEvents> {
  readonly #self: RoomCallOptions['self'];
  readonly #clock: Clock;
  readonly #isBusy: () => boolean;
  readonly #rings: CallRings;
  readonly #encoders: OwnEncoders;
  readonly #consumers = new CallConsumers();
  readonly #own: OwnPresence;
  readonly #peers = new Map<string, CallPeer>();
  #calls: readonly Call[] = [];
  #due = false;

  constructor({ self, clock, isBusy = () => false }: RoomCallOptions) {
    super();
    this.#self = self;
    this.#clock = clock;
    this.#own = new OwnPresence(self, clock);
    this.#isBusy = isBusy;
    this.#encoders = new OwnEncoders({
      clock,
      on: {
        rate: (rate) => this.emit('rate', rate),
        key: (stream, small) => this.emit('key', { stream, small }),
      },
    });
    this.#rings = new CallRings({
      clock,
      ring: (to, ...ring) => {
        for (const peer of this.#instances(to)) peer.sayRing(...ring);
      },
      answer: (to, ...answer) => {
        for (const peer of this.#instances(to)) peer.sayAnswer(...answer);
      },
      on: {
        ringing: (ring) => this.emit('ringing', ring),
        ended: (ring, end) => this.emit('ring-ended', { ...ring, end }),
        outcome: (to, call, outcome) => this.emit('ring-outcome', { to, call, outcome }),
      },
    });
  }

  protected async _open(): Promise<void> {
    this.defer(() => {
      this.leave();
      this.#evaluate();
      this.#rings.close();
      for (const { media } of this.#peers.values()) media.close();
    });
  }

  /** The calls that are known here. */
  get calls(): readonly Call[] {
    this.#evaluate();
    return this.#calls;
  }

  /** The call that this node is in; null if in none. */
  get joined(): Call | null {
    return this.calls.find(({ joined }) => joined) ?? null;
  }

  get ringing(): readonly IncomingRing[] {
    return this.#rings.incoming;
  }

  /** Takes in a member's instance until the function that is given back is called. */
  add(member: CallInstance): () => void {
    const { id, instance } = member;
    const peer: CallPeer = new CallPeer(member, this.#clock, {
      onPresence: () => this.#changed(),
      onRing: (call, direct, ring) => this.#heardRing({ from: id, call, direct }, ring),
      onAnswer: (call, answer) => this.#rings.heardAnswer(id, call, answer),
      onTaking: () => this.#adapt(),
      onKeyWanted: (stream, small) => this.#wantKey(stream, small),
      onFrame: (frame, bytes) => this.#consumers.deliver(instance, frame, bytes),
      onReset: () => this.#introduce(peer),
    });
    this.#peers.set(instance, peer);
    this.#introduce(peer);
    return () => {
      peer.media.close();
      this.#peers.delete(instance);
      if (this.#instances(id).length === 0) this.#rings.end(id, 'missed');
      this.#changed();
    };
  }

  /**
   * Starts the room's call, or the one with `direct`, or joins it where it runs. `decodes` is what this node's people
   * can play. In one already: that is left first, unless it is the same.
   */
  join({ direct = null, decodes }: { direct?: PeerId | null; decodes: readonly Codec[] }): Call {
    if (this.closing) throw new ChatterError('CLOSED');
    if (this.#own.now && this.#own.now.direct !== direct) this.leave();
    const running = this.calls.find((call) => call.direct === direct);
    this.#own.begin(direct, running, decodes);
    this.#evaluate();
    for (const ring of this.#rings.incoming)
      if (direct === null ? !ring.direct : ring.direct && ring.from === direct)
        this.#rings.end(ring.from, 'answered');
    return this.joined as Call;
  }

  /** Leaves the call, with all tracks; may be called any number of times. */
  leave(): void {
    if (!this.#own.now) return;
    this.#own.end();
    this.#rings.cancel();
    this.#encoders.clear();
    this.emit('out');
    this.#evaluate();
  }

  raiseHand(hand: boolean): void {
    this.#own.change({ hand });
    this.#evaluate();
  }

  /** Rings somebody into the call that this node is in. Throws CALL_UNKNOWN. */
  ring(to: PeerId): void {
    const { call, direct } = this.#own.get();
    if (this.joined?.members.some(({ id }) => id === to)) return;
    this.#rings.start(to, call, direct !== null);
  }

  /** Lets a ring end. Throws CALL_UNKNOWN if nothing of that call rings here. */
  decline(call: string): void {
    if (!this.#rings.decline(call)) throw new ChatterError('CALL_UNKNOWN');
  }

  /** Begins a track of one's own. Throws CALL_UNKNOWN, TRACKS_LIMIT, and API_BAD_REQUEST for a codec of another kind. */
  produce(track: NewTrack): CallTrack {
    const fresh = this.#own.addTrack(track);
    this.#evaluate();
    return fresh;
  }

  /** Throws TRACK_UNKNOWN. */
  pause(stream: number, paused: boolean): void {
    this.#own.pauseTrack(stream, paused);
    this.#evaluate();
  }

  /** Throws TRACK_UNKNOWN. */
  closeTrack(stream: number): void {
    this.#own.removeTrack(stream);
    this.#encoders.forget(stream);
    this.#evaluate();
  }

  /**
   * Sends a frame of one's own to all who take it. Throws ProtocolError if it is none; one of a track that is unknown,
   * paused or of another kind is left out.
   */
  send(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    const { stream, kind, key, small } = frame.header;
    const track = this.#own.track(stream);
    if (!track || track.paused || isSound(track.kind) !== (kind === 'audio')) return;
    if (key) this.#encoders.madeKey(stream, small);
    for (const { media } of this.#others()) media.send(frame, bytes);
  }

  /**
   * Takes a track of somebody's in the call that this node is in: its frames come from here on and not before. Several
   * may take one track. Throws TRACK_UNKNOWN.
   */
  consume(id: string, on: ConsumerEvents, { paused = false } = {}): Consumption {
    const found = this.#find(id);
    if (!found) throw new ChatterError('TRACK_UNKNOWN');
    const consumer = this.#consumers.add(found.member, found.track, on, paused);
    this.#evaluate();
    this.#askKey(consumer);
    return {
      set: ({ paused: nowPaused, small, layer }) => {
        const was = consumer.taking;
        consumer.taking = {
          paused: nowPaused ?? was.paused,
          small: small ?? was.small,
          layer: layer ?? was.layer,
        };
        this.#evaluate();
        if (was.paused && !consumer.taking.paused) this.#askKey(consumer);
      },
      key: () => this.#askKey(consumer),
      close: () => {
        this.#consumers.remove(consumer);
        this.#evaluate();
      },
    };
  }

  /** The track of this id, in the call that this node is in. */
  track(id: string): CallTrack | null {
    return this.#find(id)?.track ?? null;
  }

  /** How frames go to and from each instance that this node is in a call with. */
  get paths(): CallPath[] {
    return this.#others().map(({ figures }) => figures);
  }

  /** What one's own encoders were told last. */
  get rates(): EncoderRate[] {
    return this.#encoders.rates;
  }

  #heardRing(ring: IncomingRing, what: Parameters<CallRings['heard']>[1]): void {
    const own = this.#own.now;
    if (own && own.direct === (ring.direct ? ring.from : null)) return; // in it already
    this.#rings.heard(ring, what, own !== null || this.#isBusy());
  }

  #instances(id: PeerId): CallPeer[] {
    return [...this.#peers.values()].filter((peer) => peer.id === id);
  }

  #find(id: string): { member: CallMember; track: CallTrack } | null {
    const { instance: own } = this.#self;
    for (const member of this.joined?.members ?? []) {
      const track = member.tracks.find((other) => other.id === id);
      if (track && member.instance !== own) return { member, track };
    }
    return null;
  }

  /** Several things that happen in one tick are evaluated together. */
  #changed(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => this.#evaluate());
  }

  /** Invariant 3. */
  #evaluate(): void {
    this.#due = false;
    const before = this.#calls;
    const presences = [...this.#peers.values()].flatMap(({ presence }) => presence ?? []);
    const own = this.#own.now;
    const after = roster(own ? [own, ...presences] : presences);
    const joined = after.find((call) => call.joined);
    if (joined) this.#own.adopt(joined.id);
    this.#calls = after;
    for (const member of joined?.members ?? []) this.#rings.accepted(member.id);
    this.#consumers.closeGone(joined?.members ?? []);
    for (const peer of this.#peers.values()) this.#tell(peer);
    this.#adapt();
    for (const change of changes(before, after)) this.emit('change', change);
  }

  #introduce(peer: CallPeer): void {
    this.#tell(peer);
    const ring = this.#rings.again(peer.id);
    if (ring) peer.sayRing(ring.call, ring.direct, 'on');
  }

  #tell(peer: CallPeer): void {
    peer.tell(this.#own.now, this.#consumers.takenFrom(peer.instance));
  }

  /** Asks whoever shows it for a key frame, where the track is taken just now. */
  #askKey({ instance, stream, sound }: CallConsumer): void {
    const taken = this.#consumers.takenFrom(instance).find((want) => want.stream === stream);
    if (!sound && taken) this.#peers.get(instance)?.media.askKey(stream, taken.small === 1);
  }

  #wantKey(stream: number, small: boolean): void {
    const track = this.#own.track(stream);
    if (track) this.#encoders.wantKey(track, small);
  }

  /** Those who are in the call that this node is in. */
  #others(): CallPeer[] {
    const own = this.#own.now;
    return own ? [...this.#peers.values()].filter(({ presence }) => presence?.direct === own.direct) : [];
  }

  /** Tells the own encoders what to make, where that is news. */
  #adapt(): void {
    if (this.#own.now)
      this.#encoders.adapt(
        this.#own.tracks,
        this.#others().map(({ media }) => media),
      );
  }
}
