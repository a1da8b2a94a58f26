import { ReferenceTracker } from '../../../media/frame-gate.js';
import { BitBudget } from './bit-budget.js';
import { BitMeter } from './bit-meter.js';
import { CaptureClock } from './capture-clock.js';
import { dividedSize, fullRateBps, isRateWorthChange, isSkipped, type PictureSize } from './encode-policy.js';
import type { EncodedFrame } from './encoded-frame.js';
import { PictureScale } from './picture-scale.js';

/** How often the size of the picture is thought over. */
const SCALE_EVERY_MS = 500;

export interface VideoSenderOptions {
  /** WebCodecs name of the codec, such as `avc1.42E028`. */
  codec: string;
  /** A screen: sharp while still. Default false. */
  isScreen?: boolean;
  /** Small text is to stay readable: never a smaller picture, coded as text. Default false. */
  isText?: boolean;
  /** Pictures a second at most. Default 30. */
  framerate?: number;
  /** Bits a second at most. Default: what the size needs. */
  maxBitrateBps?: number;
  /** Width and height are divided by this. Default 1. */
  scaleDownBy?: number;
}

export interface VideoSenderStats {
  framesEncoded: number;
  framesSkipped: number;
  keyFramesEncoded: number;
  bytesSent: number;
  keyFramesAsked: number;
  frameWidth: number;
  frameHeight: number;
  targetBitrate: number;
}

interface VideoSenderEvents {
  /** An encoded picture; its bytes are the receiver's. */
  onFrame: (frame: EncodedFrame) => void;
  onFailed: (reason: string) => void;
  /** Bytes that wait in the socket to the node. */
  bufferedBytes: () => number;
  /** Microseconds of the page's clock. */
  nowUs: () => number;
}

/**
 * One encoder of one stream.
 *
 * 1. Pictures are left out before the encoder, never after it: every frame that goes out can be decoded by who has the
 *    one it refers to.
 * 2. The first frame after `setTrack`, after a change of size and after `wantKey` is a key frame, with its configuration.
 * 3. Every picture given to `encode` is closed by it.
 */
export class VideoSender {
  readonly stats: VideoSenderStats = {
    framesEncoded: 0,
    framesSkipped: 0,
    keyFramesEncoded: 0,
    bytesSent: 0,
    keyFramesAsked: 0,
    frameWidth: 0,
    frameHeight: 0,
    targetBitrate: 0,
  };
  readonly #events: VideoSenderEvents;
  #options: Required<VideoSenderOptions>;
  #encoder: VideoEncoder | null = null;
  #clock = new CaptureClock();
  #source: PictureSize = { width: 0, height: 0 };
  #configuration: VideoDecoderConfig | null = null;
  readonly #references = new ReferenceTracker();
  #lastUs = Number.NEGATIVE_INFINITY;
  #keyWanted = true;
  readonly #scale = new PictureScale();
  readonly #made = new BitMeter();
  readonly #budget = new BitBudget();
  #scaledMs = Number.NEGATIVE_INFINITY;
  #nodeBps = Number.POSITIVE_INFINITY;
  #congested = false;
  #changedMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #closed = false;

  constructor(options: VideoSenderOptions, events: VideoSenderEvents) {
    this.#events = events;
    const {
      codec,
      isScreen = false,
      isText = false,
      framerate = 30,
      maxBitrateBps = Number.POSITIVE_INFINITY,
      scaleDownBy = 1,
    } = options;
    this.#options = { codec, isScreen, isText, framerate, maxBitrateBps, scaleDownBy };
  }

  /** Somebody needs a picture that can be decoded alone. */
  wantKey(): void {
    this.#keyWanted = true;
    this.stats.keyFramesAsked++;
  }

  /** The frames that follow come from another track, whose clock has another origin. */
  setTrack(): void {
    this.#clock = new CaptureClock();
    this.#lastUs = Number.NEGATIVE_INFINITY;
    this.#scale.reset();
    this.#keyWanted = true;
  }

  /** What the node measured on the way to the others. */
  setRate(bitrateBps: number, congested: boolean): void {
    this.#nodeBps = bitrateBps;
    this.#congested = congested;
    const sinceMs = this.#events.nowUs() / 1000 - this.#changedMs;
    if (isRateWorthChange(this.stats.targetBitrate, this.#wantedBps(), sinceMs)) this.#configure();
  }

  /** What is left out stays as it is. */
  setLimits(limits: Pick<VideoSenderOptions, 'framerate' | 'maxBitrateBps' | 'scaleDownBy'>): void {
    const { framerate, maxBitrateBps, scaleDownBy } = this.#options;
    this.#options = {
      ...this.#options,
      framerate: limits.framerate ?? framerate,
      maxBitrateBps: limits.maxBitrateBps ?? maxBitrateBps,
      scaleDownBy: limits.scaleDownBy ?? scaleDownBy,
    };
    if (this.#encoder) this.#configure();
  }

  encode(frame: VideoFrame): void {
    if (this.#closed) return frame.close();
    try {
      this.#encode(frame);
    } finally {
      frame.close(); // Invariant 3
    }
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #encode(frame: VideoFrame): void {
    const { displayWidth: width, displayHeight: height } = frame;
    if (width !== this.#source.width || height !== this.#source.height) {
      this.#source = { width, height };
      this.#configure();
      this.#keyWanted = true; // Invariant 2
    }
    const nowUs = this.#events.nowUs();
    if (nowUs / 1000 - this.#scaledMs >= SCALE_EVERY_MS && this.#scale.division !== this.#division())
      this.#configure();
    const timestamp = Math.round(this.#clock.captured(frame.timestamp, nowUs));
    const skipped = isSkipped({
      queued: this.#encoder?.encodeQueueSize ?? 0,
      bufferedBytes: this.#events.bufferedBytes(),
      congested: this.#congested || this.#isAhead(nowUs / 1000),
      keyWanted: this.#keyWanted,
      sinceLastUs: timestamp - this.#lastUs,
      everyUs: 1e6 / this.#options.framerate,
    });
    if (skipped || this.#encoder?.state !== 'configured') {
      this.stats.framesSkipped++; // Invariant 1
      return;
    }
    this.#lastUs = timestamp;
    const stamped = new VideoFrame(frame, { timestamp });
    this.#encoder.encode(stamped, { keyFrame: this.#keyWanted });
    stamped.close();
    this.#keyWanted = false;
  }

  /** A screen turns its page in one large picture, and then there is nothing for long. */
  #isAhead(nowMs: number): boolean {
    return !this.#options.isScreen && this.#budget.isSpent(this.#wantedBps(), nowMs);
  }

  #wantedBps(): number {
    return Math.min(this.#nodeBps, this.#options.maxBitrateBps, this.#fullBps());
  }

  #fullBps(): number {
    const { scaleDownBy, framerate, isScreen } = this.#options;
    return fullRateBps(dividedSize(this.#source, scaleDownBy), framerate, isScreen);
  }

  #division(): number {
    const nowMs = this.#events.nowUs() / 1000;
    this.#scaledMs = nowMs;
    if (this.#options.isText || this.#options.isScreen) return 1; // made smaller it would not be read
    return this.#scale.decide({
      nowMs,
      bitrateBps: this.#wantedBps(),
      fullBps: this.#fullBps(),
      usedBps: this.#made.bps(nowMs),
      congested: this.#congested,
    });
  }

  #configure(): void {
    if (this.#closed || this.#source.width === 0) return;
    const { codec, isText, isScreen, framerate, scaleDownBy } = this.#options;
    const bitrate = Math.round(this.#wantedBps());
    const { width, height } = dividedSize(this.#source, scaleDownBy * this.#division());
    const configuration: VideoEncoderConfig = {
      codec,
      width,
      height,
      bitrate,
      framerate,
      latencyMode: 'realtime',
      scalabilityMode: 'L1T2',
      ...(isScreen ? { contentHint: isText ? 'text' : 'motion' } : {}),
      ...(codec.startsWith('avc1') ? { avc: { format: 'annexb' } } : {}),
    };
    try {
      this.#encoder ??= this.#newEncoder();
      this.#encoder.configure(configuration);
    } catch (err) {
      return this.#fail(err);
    }
    if (width !== this.stats.frameWidth || height !== this.stats.frameHeight) this.#keyWanted = true;
    Object.assign(this.stats, { frameWidth: width, frameHeight: height, targetBitrate: bitrate });
    this.#changedMs = this.#events.nowUs() / 1000;
  }

  #newEncoder(): VideoEncoder {
    return new VideoEncoder({
      output: (chunk, metadata) => this.#onChunk(chunk, metadata),
      error: (err) => this.#fail(err),
    });
  }

  #onChunk(chunk: EncodedVideoChunk, metadata?: EncodedVideoChunkMetadata): void {
    if (metadata?.decoderConfig) this.#configuration = metadata.decoderConfig;
    const isKey = chunk.type === 'key';
    const layer = isKey ? 0 : (metadata?.svc?.temporalLayerId ?? 0);
    const { seq, reference } = this.#references.next(layer, isKey);
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    this.#failures = 0;
    this.stats.framesEncoded++;
    this.stats.bytesSent += payload.length;
    this.#made.add(payload.length, this.#events.nowUs() / 1000);
    this.#budget.made(payload.length);
    if (isKey) this.stats.keyFramesEncoded++;
    this.#events.onFrame({
      kind: 'video',
      seq,
      isKey,
      layer,
      reference,
      timestampUs: chunk.timestamp,
      durationUs: chunk.duration ?? Math.round(1e6 / this.#options.framerate),
      configuration: isKey ? this.#configuration : null,
      payload,
    });
  }

  /** An encoder that fails is made anew; one that fails at once again and again is given up. */
  #fail(err: unknown): void {
    this.#stop();
    this.#keyWanted = true;
    if (++this.#failures > 3) {
      this.#closed = true;
      return this.#events.onFailed(String(err));
    }
    this.#source = { width: 0, height: 0 };
  }

  #stop(): void {
    if (this.#encoder && this.#encoder.state !== 'closed') this.#encoder.close();
    this.#encoder = null;
  }
}
