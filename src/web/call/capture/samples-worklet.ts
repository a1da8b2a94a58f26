/** Samples are handed on in blocks of this many quanta of 128: about 10 ms. */
const QUANTA = 4;

/** Hands the sound of a microphone on to the media worker, where the browser has no track processor. */
class SamplesProcessor extends AudioWorkletProcessor {
  #block = new Float32Array(QUANTA * 128);
  #filled = 0;
  #toWorker: MessagePort | null = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<MessagePort>) => {
      this.#toWorker = data;
    };
  }

  override process([input]: Float32Array[][]): boolean {
    const [samples] = input ?? [];
    if (!samples) return true;
    this.#block.set(samples, this.#filled);
    this.#filled += samples.length;
    if (this.#filled >= this.#block.length) {
      this.#toWorker?.postMessage(this.#block, [this.#block.buffer]);
      this.#block = new Float32Array(QUANTA * 128);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('samples', SamplesProcessor);
