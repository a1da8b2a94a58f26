import { JitterBuffer } from './jitter-buffer.js';
import type { AudioClockReport, DecodedSound } from './sound-messages.js';

/** Every so many quanta of 128 samples the worker is told what plays: about 20 times a second. */
const REPORT_EVERY = 19;

/** The end of one track's sound: samples come from the media worker over a port, without the window between. */
class JitterProcessor extends AudioWorkletProcessor {
  readonly #buffer = new JitterBuffer(sampleRate, 2);
  #toWorker: MessagePort | null = null;
  #quanta = 0;
  #ended = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<MessagePort | null>) => {
      this.#toWorker?.close();
      this.#toWorker = data;
      this.#ended = data === null;
      if (data) data.onmessage = (message: MessageEvent<DecodedSound>) => this.#push(message.data);
    };
  }

  override process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const [out] = outputs;
    if (out) this.#buffer.pull(out);
    if (++this.#quanta % REPORT_EVERY === 0) {
      const report: AudioClockReport = { playingUs: this.#buffer.playingUs, ...this.#buffer.stats };
      this.#toWorker?.postMessage(report);
    }
    return !this.#ended;
  }

  #push({ planes, timestampUs, missingUs }: DecodedSound): void {
    this.#buffer.push(planes, timestampUs, missingUs);
  }
}

registerProcessor('jitter', JitterProcessor);
