import type { FrameHeader, VideoConfig } from '../../../media/frame.js';
import { FrameGate } from '../../../media/frame-gate.js';
import type { AudioClock } from './lip-sync.js';
import type { PictureSink } from './picture-sink.js';

export interface VideoReceiverStats {
  framesReceived: number;
  framesDecoded: number;
  framesDropped: number;
  bytesReceived: number;
  keyFramesAsked: number;
  frameWidth: number;
  frameHeight: number;
  codec: string;
  /** Milliseconds by which the last picture was shown before its sound; negative after; null without sound. */
  aheadOfSoundMs: number | null;
}

interface VideoReceiverEvents {
  askKey: () => void;
  /** Milliseconds of the page's clock. */
  nowMs: () => number;
}

interface Held {
  frame: VideoFrame;
  timer: ReturnType<typeof setTimeout>;
}

/** A decoder that is this far behind gets no frames that others do not need. */
const BEHIND = 3;
/** A sender that sends what cannot be decoded is asked for a key frame this often at most. */
const ASK_EVERY_MS = 300;

/**
 * Decodes one stream and shows it.
 *
 * 1. Only what `FrameGate` lets through is decoded: from a key frame on, with every frame that is referred to.
 * 2. A decoder that fails is made anew and a key frame asked for; what is shown stays.
 * 3. A picture waits for its sound for at most a moment, and never passes another.
 */
export class VideoReceiver {
  readonly stats: VideoReceiverStats = {
    framesReceived: 0,
    framesDecoded: 0,
    framesDropped: 0,
    bytesReceived: 0,
    keyFramesAsked: 0,
    frameWidth: 0,
    frameHeight: 0,
    codec: '',
    aheadOfSoundMs: null,
  };
  readonly #sink: PictureSink;
  readonly #clock: AudioClock;
  readonly #events: VideoReceiverEvents;
  readonly #gate = new FrameGate();
  #decoder: VideoDecoder | null = null;
  #configured = '';
  #askedMs = Number.NEGATIVE_INFINITY;
  #held: Held[] = [];
  #closed = false;

  constructor(sink: PictureSink, clock: AudioClock, events: VideoReceiverEvents) {
    this.#sink = sink;
    this.#clock = clock;
    this.#events = events;
  }

  /** One frame off the socket; `config` comes with key frames. */
  take(header: FrameHeader, config: VideoConfig | null, payload: Uint8Array): void {
    if (this.#closed) return;
    this.stats.framesReceived++;
    this.stats.bytesReceived += payload.length;
    const verdict = this.#gate.take(header); // Invariant 1
    if (verdict === 'need-key') this.#askKey();
    if (verdict !== 'decode') return void this.stats.framesDropped++;
    try {
      if (config) this.#configure(config);
      this.#decode(header, payload);
    } catch {
      this.#restart();
    }
  }

  /** Frames were left out on purpose: the next one that is shown is a key frame. */
  restart(): void {
    this.#gate.reset();
    this.#drop();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#drop();
    this.#sink.close();
  }

  #configure({ codec, width, height, description }: VideoConfig): void {
    const key = `${codec} ${width}x${height} ${description.join()}`;
    if (key === this.#configured && this.#decoder?.state === 'configured') return;
    this.#decoder ??= new VideoDecoder({
      output: (frame) => this.#onPicture(frame),
      error: () => this.#restart(),
    });
    this.#decoder.configure({
      codec,
      codedWidth: width,
      codedHeight: height,
      optimizeForLatency: true,
      ...(description.length > 0 ? { description } : {}),
    });
    this.#configured = key;
    this.stats.codec = codec;
  }

  #decode(header: FrameHeader, payload: Uint8Array): void {
    const decoder = this.#decoder;
    if (!decoder) return;
    if (header.discardable && decoder.decodeQueueSize > BEHIND) return void this.stats.framesDropped++;
    const { key, captureUs: timestamp, durationUs: duration } = header;
    decoder.decode(
      new EncodedVideoChunk({ type: key ? 'key' : 'delta', timestamp, duration, data: payload }),
    );
  }

  #onPicture(frame: VideoFrame): void {
    if (this.#closed) return frame.close();
    this.stats.framesDecoded++;
    this.stats.frameWidth = frame.displayWidth;
    this.stats.frameHeight = frame.displayHeight;
    const nowMs = this.#events.nowMs();
    const holdMs = this.#clock.holdMs(frame.timestamp, nowMs);
    if (holdMs < 2 && this.#held.length === 0) return this.#show(frame);
    const timer = setTimeout(() => this.#showHeld(frame), holdMs);
    this.#held.push({ frame, timer });
  }

  /** Shows this picture, and lets go of older ones that still wait. Invariant 3. */
  #showHeld(frame: VideoFrame): void {
    while (this.#held.length > 0) {
      const next = this.#held.shift() as Held;
      clearTimeout(next.timer);
      if (next.frame === frame) return this.#show(frame);
      this.stats.framesDropped++;
      next.frame.close();
    }
  }

  #show(frame: VideoFrame): void {
    const aheadMs = this.#clock.aheadMs(frame.timestamp, this.#events.nowMs());
    this.stats.aheadOfSoundMs = aheadMs === null ? null : Math.round(aheadMs);
    if (!this.#sink.show(frame)) this.stats.framesDropped++;
  }

  #restart(): void {
    this.#stop();
    if (this.#closed) return;
    this.#gate.reset();
    this.#askKey(); // Invariant 2
  }

  #askKey(): void {
    const nowMs = this.#events.nowMs();
    if (nowMs - this.#askedMs < ASK_EVERY_MS) return;
    this.#askedMs = nowMs;
    this.stats.keyFramesAsked++;
    this.#events.askKey();
  }

  #drop(): void {
    for (const { frame, timer } of this.#held) {
      clearTimeout(timer);
      frame.close();
    }
    this.#held = [];
  }

  #stop(): void {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#configured = '';
  }
}
