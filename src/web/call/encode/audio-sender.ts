import { CaptureClock } from './capture-clock.js';
import type { EncodedFrame } from './encoded-frame.js';
import { SampleTimes } from './sample-times.js';

export interface AudioSenderOptions {
  /** The sound of a screen keeps both channels and more bits. Default false: a voice. */
  isMusic?: boolean;
}

export interface AudioSenderStats {
  framesEncoded: number;
  bytesSent: number;
  /** 0 to 1: the loudest sample of the last tenth of a second or so. */
  audioLevel: number;
}

interface AudioSenderEvents {
  onFrame: (frame: EncodedFrame) => void;
  onFailed: (reason: string) => void;
  nowUs: () => number;
}

const FRAME_US = 20_000;
const VOICE_BPS = 32_000;
const MUSIC_BPS = 128_000;
const LEVEL_DECAY = 0.8;
const SILENCE = 127;

/**
 * Encodes one track of sound as Opus.
 *
 * 1. The encoder is set up by the first samples: only they say how many channels and what rate there really are.
 * 2. Every `AudioData` given to `encode` is closed by it.
 * 3. A frame's time is when its first sample was captured, whatever was lost before it.
 */
export class AudioSender {
  readonly stats: AudioSenderStats = { framesEncoded: 0, bytesSent: 0, audioLevel: 0 };
  readonly #events: AudioSenderEvents;
  readonly #isMusic: boolean;
  #encoder: AudioEncoder | null = null;
  #clock = new CaptureClock();
  #times = new SampleTimes();
  #sampleRate = 0;
  #seq = 0;
  #closed = false;

  constructor({ isMusic = false }: AudioSenderOptions, events: AudioSenderEvents) {
    this.#isMusic = isMusic;
    this.#events = events;
  }

  /** The samples that follow come from another track. */
  setTrack(): void {
    this.#clock = new CaptureClock();
    this.stats.audioLevel = 0;
  }

  encode(data: AudioData): void {
    try {
      if (!this.#closed) this.#encode(data);
    } catch (err) {
      this.#fail(err);
    } finally {
      data.close(); // Invariant 2
    }
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #encode(data: AudioData): void {
    const channels = Math.min(data.numberOfChannels, 2);
    const planes = Array.from({ length: channels }, (_, planeIndex) => {
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      return plane;
    });
    const kept = this.#isMusic ? planes : [mixed(planes)];
    this.#measure(kept[0] as Float32Array);
    if (data.sampleRate !== this.#sampleRate) this.#configure(data.sampleRate, kept.length); // Invariant 1
    const samples = new Float32Array(kept.length * data.numberOfFrames);
    for (const [i, plane] of kept.entries()) samples.set(plane, i * data.numberOfFrames);
    const exactUs = (data.numberOfFrames / data.sampleRate) * 1e6; // the block's own is rounded: that adds up
    const endUs = this.#clock.captured(data.timestamp + data.duration, this.#events.nowUs());
    const stamped = new AudioData({
      format: 'f32-planar',
      sampleRate: data.sampleRate,
      numberOfFrames: data.numberOfFrames,
      numberOfChannels: kept.length,
      timestamp: Math.round(this.#times.add(exactUs, endUs - exactUs)),
      data: samples,
    });
    this.#encoder?.encode(stamped);
    stamped.close();
  }

  #configure(sampleRate: number, numberOfChannels: number): void {
    this.#stop();
    this.#sampleRate = sampleRate;
    this.#times = new SampleTimes();
    this.#encoder = new AudioEncoder({
      output: (chunk) => this.#onChunk(chunk),
      error: (err) => this.#fail(err),
    });
    this.#encoder.configure({
      codec: 'opus',
      sampleRate,
      numberOfChannels,
      bitrate: this.#isMusic ? MUSIC_BPS : VOICE_BPS,
      opus: {
        frameDuration: FRAME_US,
        application: this.#isMusic ? 'audio' : 'voip',
        signal: this.#isMusic ? 'music' : 'voice',
        complexity: 5,
      },
    } as AudioEncoderConfig);
  }

  #onChunk(chunk: EncodedAudioChunk): void {
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    this.stats.framesEncoded++;
    this.stats.bytesSent += payload.length;
    this.#events.onFrame({
      kind: 'audio',
      seq: this.#seq++,
      isKey: true,
      layer: 0,
      reference: levelOf(this.stats.audioLevel),
      timestampUs: Math.max(0, Math.round(this.#times.capturedAt(chunk.timestamp))), // Invariant 3
      durationUs: chunk.duration ?? FRAME_US,
      configuration: null,
      payload,
    });
  }

  #measure(samples: Float32Array): void {
    let peak = 0;
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    this.stats.audioLevel = Math.max(peak, this.stats.audioLevel * LEVEL_DECAY);
  }

  #fail(err: unknown): void {
    this.#stop();
    this.#sampleRate = 0; // made anew by the next samples
    this.#events.onFailed(String(err));
  }

  #stop(): void {
    if (this.#encoder && this.#encoder.state !== 'closed') this.#encoder.close();
    this.#encoder = null;
  }
}

function mixed(planes: readonly Float32Array[]): Float32Array {
  const [left, right] = planes as [Float32Array, Float32Array?];
  return right ? left.map((sample, i) => (sample + (right[i] as number)) / 2) : left;
}

/** RFC 6464: decibels below full scale, 0 the loudest and 127 silence. */
const levelOf = (peak: number) =>
  peak <= 0 ? SILENCE : Math.min(SILENCE, Math.max(0, Math.round(-20 * Math.log10(peak))));
