import { randomBytes } from 'node:crypto';
import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { type Codec, isSound, suits } from '../media/codecs.js';
import { decodeFrame, type Frame } from '../media/frame.js';
import { CALL_ID_BYTES, type Want } from '../media/media-channel.js';
import { MediaPeer } from '../media/media-peer.js';
import type { OpenChannel } from '../protocol/session-channel.js';
import { Resource } from '../resource.js';
import { CallRings, type IncomingRing, type RingEnd, type RingOutcome } from './call-rings.js';
import {
  type Call,
  type CallChange,
  type CallMember,
  type CallPresence,
  type CallTrack,
  changes,
  presenceOf,
  roster,
  trackId,
  wireOf,
} from './call-roster.js';
import { type EncoderRate, encoderRates, isNews, TOP_LAYER } from './encoder-rates.js';

/** A member's instance, as calls see it. */
export interface CallPeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
}

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
  /** What comes of it from now on. */
  set(taken: { paused?: boolean; small?: boolean; layer?: number }): void;
  /** Asks for a key frame; what is asked too often is swallowed. */
  key(): void;
  close(): void;
}

interface Consumer {
  readonly instance: string;
  readonly stream: number;
  readonly sound: boolean;
  paused: boolean;
  small: boolean;
  layer: number;
  readonly onFrame: (frame: Frame, bytes: Uint8Array) => void;
  readonly onClosed: () => void;
}

interface Peer {
  readonly id: PeerId;
  readonly instance: string;
  readonly media: MediaPeer;
  presence: CallPresence | null;
  /** What was said to it last, so that nothing is said twice. */
  saidState: string;
  saidWants: string;
}

const NOTHING_SAID = JSON.stringify([]);

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
  readonly #peers = new Map<string, Peer>();
  readonly #consumers = new Set<Consumer>();
  readonly #rates = new Map<string, { rate: EncoderRate; at: number }>();
  readonly #keys = new Map<string, number>();
  #own: CallPresence | null = null;
  #nextStream = 1;
  #calls: readonly Call[] = [];
  #due = false;

  constructor({ self, clock, isBusy = () => false }: RoomCallOptions) {
    super();
    this.#self = self;
    this.#clock = clock;
    this.#isBusy = isBusy;
    this.#rings = new CallRings({
      clock,
      ring: (to, call, direct, ring) => {
        for (const { media } of this.#instances(to)) media.sayRing(b4a.from(call, 'hex'), direct, ring);
      },
      answer: (to, call, answer) => {
        for (const { media } of this.#instances(to)) media.sayAnswer(b4a.from(call, 'hex'), answer);
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
  add({ id, instance, open }: CallPeer): () => void {
    const peer: Peer = {
      id,
      instance,
      presence: null,
      saidState: NOTHING_SAID,
      saidWants: NOTHING_SAID,
      media: new MediaPeer({
        open,
        clock: this.#clock,
        on: {
          state: (call) => {
            peer.presence = call && presenceOf(call, id, instance);
            this.#changed();
          },
          ring: (call, direct, ring) =>
            this.#heardRing({ from: id, call: b4a.toString(call, 'hex'), direct }, ring),
          answer: (call, answer) => this.#rings.heardAnswer(id, b4a.toString(call, 'hex'), answer),
          wants: () => this.#adapt(),
          key: (stream, small) => this.#wantKey(stream, small),
          frame: (frame, bytes) => this.#deliver(instance, frame, bytes),
          rate: () => this.#adapt(),
          reset: () => {
            peer.saidState = NOTHING_SAID;
            peer.saidWants = NOTHING_SAID;
            this.#introduce(peer);
          },
        },
      }),
    };
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
    if (this.#own && this.#own.direct !== direct) this.leave();
    const running = this.calls.find((call) => call.direct === direct);
    const now = Math.round(this.#clock.wall());
    const { id, instance } = this.#self;
    this.#own ??= {
      call: running?.id ?? b4a.toString(randomBytes(CALL_ID_BYTES), 'hex'),
      direct,
      startedMs: running?.startedMs ?? now,
      self: true,
      member: { id, instance, hand: false, decodes: [], sinceMs: now, tracks: [] },
    };
    this.#setMember({ decodes });
    for (const ring of this.#rings.incoming)
      if (direct === null ? !ring.direct : ring.direct && ring.from === direct)
        this.#rings.end(ring.from, 'answered');
    return this.joined as Call;
  }

  /** Leaves the call, with all tracks; may be called any number of times. */
  leave(): void {
    if (!this.#own) return;
    this.#own = null;
    this.#rings.cancel();
    this.#rates.clear();
    this.#keys.clear();
    this.emit('out');
    this.#evaluate();
  }

  raiseHand(hand: boolean): void {
    this.#setMember({ hand });
  }

  /** Rings somebody into the call that this node is in. Throws CALL_UNKNOWN. */
  ring(to: PeerId): void {
    const own = this.#inCall();
    if (this.#calls.find(({ joined }) => joined)?.members.some(({ id }) => id === to)) return;
    this.#rings.start(to, own.call, own.direct !== null);
  }

  /** Lets a ring end. Throws CALL_UNKNOWN if nothing of that call rings here. */
  decline(call: string): void {
    if (!this.#rings.decline(call)) throw new ChatterError('CALL_UNKNOWN');
  }

  /** Begins a track of one's own. Throws CALL_UNKNOWN, TRACKS_LIMIT, and USAGE for a codec of another kind. */
  produce(track: Pick<CallTrack, 'kind' | 'codec' | 'encodings' | 'width' | 'height'>): CallTrack {
    const { tracks } = this.#inCall().member;
    if (tracks.length >= LIMITS.mediaTracks) throw new ChatterError('TRACKS_LIMIT');
    if (!suits(track.kind, track.codec)) throw new ChatterError('API_BAD_REQUEST');
    const stream = this.#nextStream;
    this.#nextStream = (this.#nextStream % (2 ** 16 - 1)) + 1;
    const fresh = { ...track, id: trackId(this.#self.instance, stream), stream, paused: false };
    this.#setMember({ tracks: [...tracks, fresh] });
    return fresh;
  }

  /** Throws TRACK_UNKNOWN. */
  pause(stream: number, paused: boolean): void {
    const track = this.#ownTrack(stream);
    this.#setTracks((tracks) => tracks.map((other) => (other === track ? { ...track, paused } : other)));
  }

  /** Throws TRACK_UNKNOWN. */
  closeTrack(stream: number): void {
    const track = this.#ownTrack(stream);
    this.#setTracks((tracks) => tracks.filter((other) => other !== track));
    for (const small of [false, true]) this.#rates.delete(encodingKey(stream, small));
  }

  /**
   * Sends a frame of one's own to all who take it. Throws ProtocolError if it is none; one of a track that is unknown,
   * paused or of another kind is left out.
   */
  send(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    const { stream, kind } = frame.header;
    const track = this.#own?.member.tracks.find((own) => own.stream === stream);
    if (!track || track.paused || isSound(track.kind) !== (kind === 'audio')) return;
    for (const { media, presence } of this.#peers.values())
      if (presence && presence.direct === this.#own?.direct) media.send(frame, bytes);
    this.#askForKeys(stream);
  }

  /**
   * Takes a track of somebody's in the call that this node is in: its frames come from here on and not before. Several
   * may take one track. Throws TRACK_UNKNOWN.
   */
  consume(id: string, on: Pick<Consumer, 'onFrame' | 'onClosed'>, { paused = false } = {}): Consumption {
    const found = this.#find(id);
    if (!found) throw new ChatterError('TRACK_UNKNOWN');
    const { member, track } = found;
    const consumer: Consumer = {
      instance: member.instance,
      stream: track.stream,
      sound: isSound(track.kind),
      paused,
      small: false,
      layer: TOP_LAYER,
      ...on,
    };
    this.#consumers.add(consumer);
    this.#evaluate();
    const key = () => {
      const taken = this.#takenFrom(consumer.instance).find(({ stream }) => stream === consumer.stream);
      if (!consumer.sound && taken)
        this.#peers.get(consumer.instance)?.media.askKey(taken.stream, taken.small === 1);
    };
    key();
    return {
      set: ({ paused: nowPaused = consumer.paused, small = consumer.small, layer = consumer.layer }) => {
        const resumed = consumer.paused && !nowPaused;
        Object.assign(consumer, { paused: nowPaused, small, layer });
        this.#evaluate();
        if (resumed) key();
      },
      key,
      close: () => {
        this.#consumers.delete(consumer);
        this.#evaluate();
      },
    };
  }

  /** The track of this id, in the call that this node is in. */
  track(id: string): CallTrack | null {
    return this.#find(id)?.track ?? null;
  }

  /** How frames go to and from each instance that this node is in a call with. */
  get paths(): {
    id: PeerId;
    instance: string;
    path: MediaPeer['path'];
    framesSent: number;
    framesDropped: number;
  }[] {
    return [...this.#peers.values()]
      .filter(({ presence }) => this.#own && presence?.direct === this.#own.direct)
      .map(({ id, instance, media }) => {
        const forwarders = [...media.wanted.values()];
        return {
          id,
          instance,
          path: media.path,
          framesSent: forwarders.reduce((sum, { framesSent }) => sum + framesSent, 0),
          framesDropped: forwarders.reduce((sum, { framesDropped }) => sum + framesDropped, 0),
        };
      });
  }

  /** What one's own encoders were told last. */
  get rates(): EncoderRate[] {
    return [...this.#rates.values()].map(({ rate }) => rate);
  }

  #heardRing(ring: IncomingRing, what: Parameters<CallRings['heard']>[1]): void {
    if (this.#own && this.#own.direct === (ring.direct ? ring.from : null)) return; // in it already
    this.#rings.heard(ring, what, this.#own !== null || this.#isBusy());
  }

  #inCall(): CallPresence {
    if (!this.#own) throw new ChatterError('CALL_UNKNOWN', { message: 'This node is in no call here.' });
    return this.#own;
  }

  #ownTrack(stream: number): CallTrack {
    const track = this.#own?.member.tracks.find((own) => own.stream === stream);
    if (!track) throw new ChatterError('TRACK_UNKNOWN');
    return track;
  }

  #setTracks(change: (tracks: readonly CallTrack[]) => CallTrack[]): void {
    this.#setMember({ tracks: change(this.#inCall().member.tracks) });
  }

  #setMember(change: Partial<CallMember>): void {
    const own = this.#inCall();
    this.#own = { ...own, member: { ...own.member, ...change } };
    this.#evaluate();
  }

  #instances(id: PeerId): Peer[] {
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
    const after = roster(this.#own ? [this.#own, ...presences] : presences);
    const joined = after.find((call) => call.joined);
    if (this.#own && joined && joined.id !== this.#own.call) this.#own = { ...this.#own, call: joined.id };
    this.#calls = after;
    for (const member of joined?.members ?? []) this.#rings.accepted(member.id);
    this.#closeConsumers(joined);
    for (const peer of this.#peers.values()) this.#tell(peer);
    this.#adapt();
    for (const change of changes(before, after)) this.emit('change', change);
  }

  #closeConsumers(joined: Call | undefined): void {
    for (const consumer of this.#consumers) {
      const member = joined?.members.find(({ instance }) => instance === consumer.instance);
      if (member?.tracks.some(({ stream }) => stream === consumer.stream)) continue;
      this.#consumers.delete(consumer);
      consumer.onClosed();
    }
  }

  #introduce(peer: Peer): void {
    this.#tell(peer);
    const ring = this.#rings.again(peer.id);
    if (ring) peer.media.sayRing(b4a.from(ring.call, 'hex'), ring.direct, 'on');
  }

  /** Tells a peer what it is to know of this node's call, and what this node takes of it, where that is news. */
  #tell(peer: Peer): void {
    const own = this.#own;
    const seen = own && (own.direct === null || own.direct === peer.id) ? wireOf(own) : null;
    const state = JSON.stringify(seen ? [seen] : []);
    if (state !== peer.saidState) {
      peer.saidState = state;
      peer.media.sayState(seen);
    }
    const wants = this.#takenFrom(peer.instance);
    const said = JSON.stringify(wants);
    if (said === peer.saidWants) return;
    peer.saidWants = said;
    peer.media.ask(wants);
  }

  /** What all consumers together take of an instance. */
  #takenFrom(instance: string): Want[] {
    const wants = new Map<number, Want>();
    for (const consumer of this.#consumers) {
      if (consumer.instance !== instance || consumer.paused) continue;
      const other = wants.get(consumer.stream);
      wants.set(consumer.stream, {
        stream: consumer.stream,
        small: consumer.small && other?.small !== 0 ? 1 : 0,
        layer: Math.max(consumer.layer, other?.layer ?? 0),
      });
    }
    return [...wants.values()].slice(0, LIMITS.mediaTracks);
  }

  #deliver(instance: string, frame: Frame, bytes: Uint8Array): void {
    for (const consumer of this.#consumers) {
      if (consumer.instance === instance && consumer.stream === frame.header.stream && !consumer.paused)
        consumer.onFrame(frame, bytes); // Invariant 1
    }
  }

  #askForKeys(stream: number): void {
    for (const small of [false, true])
      for (const { media } of this.#peers.values())
        if (media.wantsKey(stream, small)) this.#wantKey(stream, small);
  }

  /** Asks the own encoder for a key frame, at most once in `LIMITS.mediaKeyRequestMs`, whoever asks. */
  #wantKey(stream: number, small: boolean): void {
    const track = this.#own?.member.tracks.find((own) => own.stream === stream);
    if (!track || isSound(track.kind)) return;
    const key = encodingKey(stream, small && track.encodings === 2);
    const now = this.#clock.now();
    const last = this.#keys.get(key);
    if (last !== undefined && now - last < LIMITS.mediaKeyRequestMs) return;
    this.#keys.set(key, now);
    this.emit('key', { stream, small: small && track.encodings === 2 });
  }

  /** Tells the own encoders what to make, where that is news. */
  #adapt(): void {
    const own = this.#own;
    if (!own) return;
    const now = this.#clock.now();
    for (const rate of encoderRates(
      own.member.tracks,
      [...this.#peers.values()].map(({ media }) => media),
    )) {
      const key = encodingKey(rate.stream, rate.small);
      const last = this.#rates.get(key);
      if (last && !isNews(rate, last.rate, now - last.at)) continue;
      this.#rates.set(key, { rate, at: now });
      this.emit('rate', rate);
    }
  }
}

const encodingKey = (stream: number, small: boolean) => `${stream}${small ? ' small' : ''}`;
