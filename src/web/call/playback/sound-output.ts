import { trustedScript } from '../trusted-script.js';
// oxlint-disable-next-line import/default -- Vite builds it and gives its address
import jitterUrl from './jitter-worklet.ts?worker&url';

/** One person's sound: how loud it is for this listener, and the end that the media worker writes to. */
export interface SoundOutput {
  /** The same sound as a track: a mediasoup consumer has one. It is not played by itself. */
  track: MediaStreamTrack;
  port: MessagePort;
  /** Milliseconds between the worklet and the ear. */
  latencyMs: number;
  /** 0 to 2. */
  setVolume: (volume: number) => void;
  close: () => void;
}

/**
 * All sound of a call, in one audio context.
 *
 * 1. The context is made by a click (joining); where the browser blocks it all the same, `blocked` says so until
 *    `resume()` is called from another click.
 */
export class SoundOutputs {
  readonly #context = new AudioContext({ latencyHint: 'interactive', sampleRate: 48_000 });
  readonly #ready: Promise<void>;

  constructor(onBlockedChange: () => void) {
    this.#ready = this.#context.audioWorklet.addModule(trustedScript(jitterUrl));
    this.#context.onstatechange = onBlockedChange;
  }

  get blocked(): boolean {
    return this.#context.state === 'suspended';
  }

  /** From a click: "Click to hear". */
  async resume(): Promise<void> {
    await this.#context.resume();
  }

  /** The loudspeaker to play on; where the browser cannot choose one it stays as it is. */
  async setSink(deviceId: string): Promise<void> {
    const context = this.#context as AudioContext & { setSinkId?(id: string): Promise<void> };
    await context.setSinkId?.(deviceId);
  }

  async open(): Promise<SoundOutput> {
    await this.#ready;
    const context = this.#context;
    const node = new AudioWorkletNode(context, 'jitter', { numberOfInputs: 0, outputChannelCount: [2] });
    const gain = context.createGain();
    const stream = context.createMediaStreamDestination();
    node.connect(gain).connect(context.destination);
    node.connect(stream);
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    return {
      track: stream.stream.getAudioTracks()[0] as MediaStreamTrack,
      port: port2,
      latencyMs: (context.baseLatency + (context.outputLatency || 0)) * 1000,
      setVolume: (volume) => gain.gain.setTargetAtTime(volume, context.currentTime, 0.02),
      close: () => {
        node.port.postMessage(null);
        node.disconnect();
        gain.disconnect();
      },
    };
  }

  close(): void {
    this.#context.onstatechange = null;
    void this.#context.close();
  }
}
