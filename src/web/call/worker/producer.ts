import type { Frame } from '../../../media/frame.js';
import { encodeConfig } from '../../../media/frame.js';
import { AudioSender } from '../encode/audio-sender.js';
import type { EncodedFrame } from '../encode/encoded-frame.js';
import { encoderCodec } from '../encode/encoder-codec.js';
import { VideoSender } from '../encode/video-sender.js';
import { readFeed } from './frame-feed.js';
import type { FrameFeed, SenderReport, SendLimits, SendOptions } from './messages.js';

export interface ProducerDependencies {
  send: (frame: Frame) => void;
  bufferedBytes: () => number;
  onFailed: (reason: string) => void;
  nowUs: () => number;
}

/** What the node says of one encoding: `rate` of the media socket. */
export interface RateOrder {
  encoding: number;
  active: boolean;
  bitrateBps: number;
  skip: boolean;
}

const NOTHING = new Uint8Array(0);
/** The second encoding is this much smaller in each direction, and this slow at most. */
const SMALL_DIVISION = 3;
const SMALL_BPS = 180_000;
/** A screen that does not move is encoded again so often after its last change: the picture becomes sharp. */
const STILL_EVERY_MS = 150;
const STILL_TIMES = 8;

/**
 * One captured track on its way out: its feed, and one or two encoders.
 *
 * 1. Nothing goes out before the node has given a number, while paused, or while nobody watches.
 * 2. A still screen answers a wanted key frame too: its last picture is kept, and only that.
 */
export class Producer {
  readonly options: SendOptions;
  readonly #deps: ProducerDependencies;
  readonly #sound: AudioSender | null;
  readonly #pictures: { sender: VideoSender; active: boolean }[];
  #producer: number | null = null;
  #paused = false;
  #feed: AbortController | null = null;
  #still: { frame: VideoFrame; keptUs: number } | null = null;
  #stillLeft = 0;
  #stillTimer: ReturnType<typeof setInterval> | null = null;

  constructor(options: SendOptions, deps: ProducerDependencies) {
    this.options = options;
    this.#deps = deps;
    const { kind, codec, hasSmall } = options;
    const isSound = kind === 'microphone' || kind === 'screen-sound';
    this.#sound = isSound
      ? new AudioSender({ isMusic: kind === 'screen-sound' }, this.#senderEvents(false))
      : null;
    this.#pictures = isSound
      ? []
      : [false, ...(hasSmall ? [true] : [])].map((isSmall) => ({
          active: !isSmall,
          sender: new VideoSender(
            {
              codec: encoderCodec(codec),
              isScreen: kind === 'screen',
              isText: options.isText,
              framerate: options.framerate,
              maxBitrateBps: isSmall ? SMALL_BPS : options.maxBitrateBps,
              scaleDownBy: (options.scaleDownBy ?? 1) * (isSmall ? SMALL_DIVISION : 1),
            },
            this.#senderEvents(isSmall),
          ),
        }));
  }

  get level(): number {
    return this.#paused ? 0 : (this.#sound?.stats.audioLevel ?? 0);
  }

  get producer(): number | null {
    return this.#producer;
  }

  report(): SenderReport {
    const { kind, codec } = this.options;
    const pictures = this.#pictures.filter(({ active }) => active).map(({ sender }) => sender.stats);
    return { kind, codec, sound: this.#sound?.stats ?? null, pictures };
  }

  bind(producer: number): void {
    this.#producer = producer;
    this.wantKey(0);
  }

  /** Frames come from here from now on; null for nothing. */
  take(feed: FrameFeed | null): void {
    this.#feed?.abort();
    this.#forgetStill();
    this.#feed = null;
    if (!feed) return;
    const owner = new AbortController();
    this.#feed = owner;
    this.#sound?.setTrack();
    for (const { sender } of this.#pictures) sender.setTrack();
    void readFeed(feed, owner.signal, (frame) => this.#onFrame(frame));
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#forgetStill();
    else for (const [encoding] of this.#pictures.entries()) this.wantKey(encoding);
  }

  limit(limits: SendLimits): void {
    for (const [encoding, { sender }] of this.#pictures.entries()) {
      const { framerate, maxBitrateBps, scaleDownBy = 1 } = limits;
      if (encoding === 0) sender.setLimits({ framerate, maxBitrateBps, scaleDownBy });
      else
        sender.setLimits({ framerate, maxBitrateBps: SMALL_BPS, scaleDownBy: scaleDownBy * SMALL_DIVISION });
    }
  }

  order({ encoding, active, bitrateBps, skip }: RateOrder): void {
    const picture = this.#pictures[encoding];
    if (!picture) return;
    if (active && !picture.active) picture.sender.wantKey();
    picture.active = active;
    picture.sender.setRate(bitrateBps, skip);
  }

  wantKey(encoding: number): void {
    this.#pictures[encoding]?.sender.wantKey();
    this.#repeatStill(); // Invariant 2
  }

  close(): void {
    this.take(null);
    this.#sound?.close();
    for (const { sender } of this.#pictures) sender.close();
  }

  get #flows(): boolean {
    return this.#producer !== null && !this.#paused; // Invariant 1
  }

  #onFrame(frame: VideoFrame | AudioData): void {
    if (frame instanceof VideoFrame) {
      if (this.options.kind === 'screen') this.#keepStill(frame);
      if (this.#flows) this.#encode(frame);
      else frame.close();
    } else if (this.#sound) {
      if (this.#flows) this.#sound.encode(frame);
      else frame.close();
    } else frame.close();
  }

  /** Gives the picture to each encoding that somebody watches, and closes it. */
  #encode(frame: VideoFrame): void {
    if (!this.#flows) return frame.close();
    for (const { sender, active } of this.#pictures) if (active) sender.encode(frame.clone());
    frame.close();
  }

  #keepStill(frame: VideoFrame): void {
    this.#still?.frame.close();
    this.#still = { frame: frame.clone(), keptUs: this.#deps.nowUs() };
    this.#stillLeft = STILL_TIMES;
    this.#stillTimer ??= setInterval(() => {
      if (this.#stillLeft-- > 0) this.#repeatStill();
    }, STILL_EVERY_MS);
  }

  #repeatStill(): void {
    if (!this.#still) return;
    const { frame, keptUs } = this.#still;
    const timestamp = Math.round(frame.timestamp + this.#deps.nowUs() - keptUs);
    this.#encode(new VideoFrame(frame, { timestamp }));
  }

  #forgetStill(): void {
    if (this.#stillTimer !== null) clearInterval(this.#stillTimer);
    this.#stillTimer = null;
    this.#still?.frame.close();
    this.#still = null;
  }

  #senderEvents(isSmall: boolean) {
    const { bufferedBytes, nowUs, onFailed } = this.#deps;
    return { bufferedBytes, nowUs, onFailed, onFrame: (frame: EncodedFrame) => this.#out(frame, isSmall) };
  }

  #out(frame: EncodedFrame, isSmall: boolean): void {
    if (this.#producer === null || this.#paused) return;
    const { kind, seq, isKey, layer, reference, timestampUs, durationUs, configuration, payload } = frame;
    this.#deps.send({
      header: {
        kind,
        key: isKey,
        discardable: layer > 0,
        small: isSmall,
        layer,
        stream: this.#producer,
        seq,
        captureUs: timestampUs,
        durationUs,
        reference,
      },
      config: configuration ? encodeConfig(decoderConfig(configuration)) : NOTHING,
      payload,
    });
  }
}

function decoderConfig({ codec, codedWidth = 0, codedHeight = 0, description }: VideoDecoderConfig) {
  const bytes = description ? new Uint8Array(description as ArrayBuffer) : NOTHING;
  return { codec, width: codedWidth, height: codedHeight, description: bytes };
}
