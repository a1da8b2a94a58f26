import type { Clock, Timer } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { OpenChannel, SessionChannel } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import { CongestionControl } from './congestion.js';
import { Forwarder } from './forwarder.js';
import { decodeFrame, type Frame } from './frame.js';
import { FrameAssembler, partsOf } from './frame-assembler.js';
import {
  mediaChannel,
  RING_ANSWERS,
  RINGS,
  type Ring,
  type RingAnswer,
  type Want,
  type WireCall,
} from './media-channel.js';
import { SoundPath } from './sound-path.js';

export interface MediaPeerDependencies {
  open: OpenChannel;
  clock: Clock;
  on: MediaPeerHandlers;
}

export interface MediaPeerHandlers {
  /** The peer's call, or null. */
  state(call: WireCall | null): void;
  ring(call: Uint8Array, direct: boolean, ring: Ring): void;
  answer(call: Uint8Array, answer: RingAnswer): void;
  /** What the peer takes of one's own tracks has changed: `wanted` says what. */
  wants(): void;
  /** The peer asks for a key frame. */
  key(stream: number, small: boolean): void;
  /** A frame of a track that was asked for; `bytes` are its own and may be kept. */
  frame(frame: Frame, bytes: Uint8Array): void;
  /** What the path carries may have changed. */
  rate(): void;
  /** The channel is open on another stream: state and wants are to be said again. */
  reset(): void;
}

/** Acknowledgements: more often would cost more than it tells (measured: 24 bytes every 20 ms, 1 % of a core). */
const RECEIVED_EVERY_MS = 20;
/** The queue has to be this short before a key frame, which is large, is made for this receiver. */
const KEY_BELOW_MS = 100;

/**
 * Frames to and from one running instance of somebody in the room.
 *
 * 1. Nothing is heard as a frame but of tracks in `asked`: what comes nevertheless is dropped unread, and more of it than can
 *    have been under way ends the stream.
 * 2. Nothing is sent but what the peer wants.
 * 3. A track gives at most `LIMITS.mediaVideoFramesPerSecond` frames a second, or `mediaAudioFramesPerSecond`; more ends the
 *    stream.
 */
export class MediaPeer {
  readonly #clock: Clock;
  readonly #on: MediaPeerHandlers;
  readonly #channel: SessionChannel<typeof mediaChannel.messages>;
  readonly #assembler = new FrameAssembler();
  readonly #control: TokenBucket;
  readonly #unwanted: TokenBucket;
  readonly #datagrams: TokenBucket;
  readonly #sound: SoundPath;
  readonly #forwarders = new Map<number, Forwarder>();
  readonly #frameRates = new Map<number, TokenBucket>();
  #congestion = new CongestionControl({ maxInFlightBytes: LIMITS.mediaInFlightBytes });
  #asked: readonly Want[] = [];
  #keyAsked = new Map<number, number>();
  #taken = { bytes: 0, at: 0, told: 0 };
  #ticks: Timer | null = null;

  constructor({ open, clock, on }: MediaPeerDependencies) {
    this.#clock = clock;
    this.#on = on;
    this.#control = new TokenBucket(clock, {
      perSecond: LIMITS.mediaControlPerSecond,
      burst: LIMITS.mediaControlBurst,
    });
    this.#unwanted = new TokenBucket(clock, {
      perSecond: LIMITS.mediaUnwantedPerSecond,
      burst: LIMITS.mediaUnwantedBurst,
    });
    this.#datagrams = new TokenBucket(clock, {
      perSecond: LIMITS.mediaDatagramsPerSecond,
      burst: LIMITS.mediaDatagramsBurst,
    });
    this.#sound = new SoundPath({
      sendDatagram: (bytes) => this.#channel.sendDatagram(bytes),
      datagramBytes: LIMITS.datagramBytes,
    });
    const bounded =
      <T>(handler: (value: T) => void) =>
      (value: T) => {
        if (!this.#control.take()) throw new ProtocolError('MESSAGE_FLOOD');
        handler(value);
      };
    this.#channel = open(
      mediaChannel,
      {
        state: bounded(({ calls }) => on.state(calls[0] ?? null)),
        ring: bounded(({ call, direct, ring }) => on.ring(call, direct === 1, RINGS[ring] ?? 'off')),
        answer: bounded(({ call, answer }) => on.answer(call, RING_ANSWERS[answer] ?? 'missed')),
        wants: bounded(({ wants }) => this.#wanted(wants)),
        key: bounded(({ stream, small }) => {
          if (this.#forwarders.has(stream)) on.key(stream, small === 1); // Invariant 2
        }),
        sound: (bytes) => {
          this.#count(bytes.byteLength);
          this.#frame(bytes.slice(), 'audio');
        },
        part: (part) => {
          this.#count(part.bytes.byteLength);
          if (!this.#asks(part.stream)) return this.#onUnwanted();
          const frame = this.#assembler.take(part);
          if (frame) this.#frame(frame, 'video');
        },
        received: ({ bytes, heldMs }) => this.#received(bytes, heldMs),
        heard: bounded(({ datagrams }) => this.#sound.reported(datagrams, clock.now())),
      },
      { onReset: () => this.#reset(), onDatagram: (bytes) => this.#datagram(bytes) },
    );
  }

  /** What the path to this peer is like; `queueMs` stands in it. */
  get path(): {
    targetBps: number;
    sentBytes: number;
    receivedBytes: number;
    queueMs: number;
    skips: boolean;
  } {
    const now = this.#clock.now();
    return {
      targetBps: this.#congestion.targetBps,
      sentBytes: this.#congestion.sentBytes,
      receivedBytes: this.#taken.bytes,
      queueMs: this.#congestion.standingMs(now),
      skips: this.#congestion.skips(now),
    };
  }

  /** How frames of one's own tracks go to this peer, by stream. */
  get wanted(): ReadonlyMap<number, Forwarder> {
    return this.#forwarders;
  }

  /** True if a key frame of this track is needed here, and the path has room for it. */
  wantsKey(stream: number, small: boolean): boolean {
    const forwarder = this.#forwarders.get(stream);
    return (
      forwarder !== undefined &&
      forwarder.taken.small === small &&
      forwarder.wantsKey &&
      this.#congestion.liveMs(this.#clock.now()) < KEY_BELOW_MS
    );
  }

  sayState(call: WireCall | null): void {
    this.#channel.send('state', { calls: call ? [call] : [] });
    if (!call) this.#forwarders.clear();
  }

  sayRing(call: Uint8Array, direct: boolean, ring: Ring): void {
    this.#channel.send('ring', { call, direct: direct ? 1 : 0, ring: RINGS.indexOf(ring) });
  }

  sayAnswer(call: Uint8Array, answer: RingAnswer): void {
    this.#channel.send('answer', { call, answer: RING_ANSWERS.indexOf(answer) });
  }

  /** Takes these tracks of the peer's from now on, and nothing else. */
  ask(wants: readonly Want[]): void {
    this.#asked = wants;
    this.#sound.keep({ heard: new Set(wants.map(({ stream }) => stream)) });
    this.#channel.send('wants', { wants: [...wants] });
    this.#tickWhileNeeded();
  }

  /** Asks the peer for a key frame; at most once in `LIMITS.mediaKeyRequestMs` a track. True if it was asked now. */
  askKey(stream: number, small: boolean): boolean {
    const now = this.#clock.now();
    const last = this.#keyAsked.get(stream);
    if (last !== undefined && now - last < LIMITS.mediaKeyRequestMs) return false;
    this.#keyAsked.set(stream, now);
    this.#channel.send('key', { stream, small: small ? 1 : 0 });
    return true;
  }

  /** Sends a frame of one's own, if the peer takes it and the path has room. */
  send({ header }: Frame, bytes: Uint8Array): void {
    const forwarder = this.#forwarders.get(header.stream);
    if (!forwarder) return; // Invariant 2
    const now = this.#clock.now();
    if (header.kind === 'audio') {
      if (!this.#congestion.admits('sound', now)) return;
      if (!this.#sound.send(header.stream, bytes, now)) return;
      this.#channel.send('sound', bytes);
      this.#congestion.sent(bytes.byteLength, now);
      return;
    }
    if (!forwarder.takes(header, (weight) => this.#congestion.admits(weight, now))) return;
    for (const part of partsOf(header.stream, bytes)) {
      this.#channel.send('part', part);
      this.#congestion.sent(part.bytes.byteLength, now);
    }
  }

  close(): void {
    this.#ticks?.cancel();
    this.#ticks = null;
    this.#forwarders.clear();
    this.#asked = [];
    this.#assembler.reset();
  }

  #wanted(wants: readonly Want[]): void {
    const streams = new Set(wants.map(({ stream }) => stream));
    for (const stream of this.#forwarders.keys()) if (!streams.has(stream)) this.#forwarders.delete(stream);
    for (const { stream, small, layer } of wants) {
      const taken = { small: small === 1, layer };
      const forwarder = this.#forwarders.get(stream);
      if (forwarder) forwarder.taken = taken;
      else this.#forwarders.set(stream, new Forwarder(taken));
    }
    this.#sound.keep({ sent: streams });
    this.#tickWhileNeeded();
    this.#on.wants();
  }

  #asks(stream: number): boolean {
    return this.#asked.some((want) => want.stream === stream);
  }

  #onUnwanted(): void {
    if (!this.#unwanted.take()) throw new ProtocolError('MESSAGE_FLOOD'); // Invariant 1
  }

  #datagram(bytes: Uint8Array): void {
    if (!this.#datagrams.take()) throw new ProtocolError('MESSAGE_FLOOD');
    for (const frame of this.#sound.take(bytes)) this.#frame(frame.slice(), 'audio');
    this.#tickWhileNeeded();
  }

  #frame(bytes: Uint8Array, kind: 'audio' | 'video'): void {
    const frame = decodeFrame(bytes);
    const { stream, seq } = frame.header;
    if (frame.header.kind !== kind) throw new ProtocolError('MESSAGE_MALFORMED');
    if (!this.#asks(stream)) return this.#onUnwanted();
    if (kind === 'audio' && !this.#sound.isNew(stream, seq)) return;
    if (!this.#frameRate(stream, kind).take()) throw new ProtocolError('MESSAGE_FLOOD'); // Invariant 3
    this.#on.frame(frame, bytes);
  }

  #frameRate(stream: number, kind: 'audio' | 'video'): TokenBucket {
    const perSecond = kind === 'audio' ? LIMITS.mediaAudioFramesPerSecond : LIMITS.mediaVideoFramesPerSecond;
    const known = this.#frameRates.get(stream);
    if (known) return known;
    for (const old of this.#frameRates.keys()) if (!this.#asks(old)) this.#frameRates.delete(old);
    // What a link held back comes at once: seconds of it are no flood.
    const bucket = new TokenBucket(this.#clock, { perSecond, burst: perSecond * FRAMES_HELD_SECONDS });
    this.#frameRates.set(stream, bucket);
    return bucket;
  }

  #count(bytes: number): void {
    this.#taken.bytes += bytes;
    this.#taken.at = this.#clock.now();
    this.#tickWhileNeeded();
  }

  #received(totalBytes: number, heldMs: number): void {
    const { acknowledgedBytes, sentBytes } = this.#congestion;
    if (totalBytes <= acknowledgedBytes || totalBytes > sentBytes)
      throw new ProtocolError('MESSAGE_UNEXPECTED');
    this.#congestion.acknowledged(totalBytes, heldMs, this.#clock.now());
    this.#on.rate();
  }

  #reset(): void {
    this.#assembler.reset();
    this.#sound.reset();
    this.#congestion = new CongestionControl({
      startBps: this.#congestion.targetBps,
      maxInFlightBytes: LIMITS.mediaInFlightBytes,
    });
    this.#taken = { bytes: 0, at: 0, told: 0 };
    this.#keyAsked.clear();
    for (const forwarder of this.#forwarders.values()) forwarder.reset();
    this.#on.reset();
  }

  /** Idle members of a room cost no timer. */
  #tickWhileNeeded(): void {
    const needed =
      this.#forwarders.size > 0 || this.#asked.length > 0 || this.#taken.bytes > this.#taken.told;
    if (needed) this.#ticks ??= this.#clock.every(RECEIVED_EVERY_MS, () => this.#tick());
    else {
      this.#ticks?.cancel();
      this.#ticks = null;
    }
  }

  #tick(): void {
    const { bytes, at, told } = this.#taken;
    const now = this.#clock.now();
    if (bytes > told) {
      this.#taken.told = bytes;
      const heldMs = Math.min(1000, Math.max(0, Math.floor(now - at)));
      this.#channel.send('received', { bytes, heldMs });
    }
    const datagrams = this.#sound.report(now);
    if (datagrams !== null) this.#channel.send('heard', { datagrams });
    if (this.#forwarders.size > 0) {
      this.#congestion.tick(now);
      this.#on.rate();
    }
    this.#tickWhileNeeded();
  }
}

const FRAMES_HELD_SECONDS = 4;
