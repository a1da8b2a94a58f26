import type { FrameHeader } from '../../../media/frame.js';
import type { JitterStats } from './jitter-buffer.js';
import type { AudioClock } from './lip-sync.js';
import type { AudioClockReport, DecodedSound } from './sound-messages.js';

export interface AudioReceiverStats extends JitterStats {
  framesReceived: number;
  framesLost: number;
  bytesReceived: number;
  /** 0 to 1. */
  audioLevel: number;
}

/** What is later than this has nothing to do with what came before. */
const GAP_MAX_US = 200_000;
const LEVEL_DECAY = 0.85;
const RATE_HZ = 48_000;
/** Frames that are being decoded at most: more have come to nothing. */
const DECODING_MAX = 50;

/** What a decoder does not tell of a frame: it counts samples, and knows nothing of gaps. */
interface Decoding {
  captureUs: number;
  missingUs: number;
}

/**
 * Decodes one track of sound and hands it to its worklet.
 *
 * 1. Frames are decoded in order, each once: what comes after a later one is too late to be heard.
 * 2. Each frame decoded gives one block of samples, and the block the frame's own time.
 */
export class AudioReceiver {
  readonly stats: AudioReceiverStats = {
    framesReceived: 0,
    framesLost: 0,
    bytesReceived: 0,
    audioLevel: 0,
    depthMs: 0,
    spareMs: 0,
    emptied: 0,
    concealedMs: 0,
    jumped: 0,
  };
  readonly #port: MessagePort;
  #decoder: AudioDecoder | null = null;
  #decoding: Decoding[] = [];
  #lastSeq = -1;

  /** `latencyMs` is what lies between the worklet and the ear. The port is closed by `close()`. */
  constructor(port: MessagePort, clock: AudioClock, nowMs: () => number, latencyMs: number) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<AudioClockReport>) => {
      const { playingUs, ...jitter } = data;
      Object.assign(this.stats, jitter);
      clock.tell(playingUs, nowMs(), latencyMs);
    };
  }

  take({ seq, captureUs, durationUs }: FrameHeader, payload: Uint8Array): void {
    this.stats.framesReceived++;
    this.stats.bytesReceived += payload.length;
    if (seq <= this.#lastSeq) return; // Invariant 1
    const lost = this.#lastSeq < 0 ? 0 : seq - this.#lastSeq - 1;
    this.#lastSeq = seq;
    this.stats.framesLost += lost;
    const missingUs = Math.min(lost * durationUs, GAP_MAX_US);
    try {
      this.#decoder ??= this.#newDecoder();
      this.#decoder.decode(
        new EncodedAudioChunk({ type: 'key', timestamp: captureUs, duration: durationUs, data: payload }),
      );
      this.#decoding.push({ captureUs, missingUs });
      if (this.#decoding.length > DECODING_MAX) this.#decoding.shift();
    } catch {
      this.#stop(); // bytes that are no Opus; the next frame gets a new decoder
    }
  }

  close(): void {
    this.#stop();
    this.#port.close();
  }

  #newDecoder(): AudioDecoder {
    const decoder = new AudioDecoder({ output: (data) => this.#onSound(data), error: () => this.#stop() });
    decoder.configure({ codec: 'opus', sampleRate: RATE_HZ, numberOfChannels: 2 });
    return decoder;
  }

  #onSound(data: AudioData): void {
    const planes = Array.from({ length: Math.min(data.numberOfChannels, 2) }, (_, planeIndex) => {
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      return plane;
    });
    const { captureUs, missingUs } = this.#decoding.shift() ?? { captureUs: data.timestamp, missingUs: 0 }; // Invariant 2
    data.close();
    let peak = 0;
    for (const sample of planes[0] ?? []) peak = Math.max(peak, Math.abs(sample));
    this.stats.audioLevel = Math.max(peak, this.stats.audioLevel * LEVEL_DECAY);
    const sound: DecodedSound = { planes, timestampUs: captureUs, missingUs };
    this.#port.postMessage(
      sound,
      planes.map(({ buffer }) => buffer),
    );
  }

  #stop(): void {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#decoding = [];
  }
}
