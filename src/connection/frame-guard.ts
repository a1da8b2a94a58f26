import { EventEmitter } from 'node:events';
import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type Protomux from 'protomux';
import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { FrameInspector } from './frame-inspector.js';

/** What secret-stream adds to a frame: its length and the authentication. */
const FRAMING_BYTES = 3 + 17;

/**
 * Stands between a proven Noise stream and Protomux: passes every call and event on, and every frame that the
 * inspector lets through. An adaptor and not a Duplex, since a Duplex would copy each frame.
 */
export class FrameGuard extends EventEmitter implements Protomux.FramedStream {
  /** Where Protomux keeps itself. */
  userData: unknown = null;
  readonly #noise: NoiseSecretStream;
  readonly #inspector: FrameInspector;
  readonly #onStalled: () => void;
  /** Bytes on the wire of all that was ever written here. */
  #written: number;

  /** `onStalled`: the peer does not take what is written, and `LIMITS.sendQueueBytes` wait; the stream ends. */
  constructor(
    noise: NoiseSecretStream,
    clock: Clock,
    onViolation: (err: ProtocolError) => void,
    onStalled: () => void = () => {},
  ) {
    super();
    this.#onStalled = onStalled;
    this.#written = noise.rawBytesWritten;
    this.#noise = noise;
    this.#inspector = new FrameInspector(clock);
    let refused = false;
    noise.on('data', (frame) => {
      if (refused) return;
      try {
        this.#inspector.inspect(frame);
      } catch (err) {
        refused = true;
        onViolation(err instanceof ProtocolError ? err : new ProtocolError('HANDLER_FAILED', { cause: err }));
        return;
      }
      this.emit('data', frame);
    });
    noise.on('drain', () => this.emit('drain'));
    noise.on('end', () => this.emit('end'));
    noise.on('error', (err) => this.emit('error', err));
    noise.on('close', () => this.emit('close'));
    this.on('error', () => {}); // the stream's owner hears of it; without a listener the emitter would throw
  }

  get destroyed(): boolean {
    return this.#noise.destroying || this.#noise.destroyed;
  }

  alloc(length: number): Buffer {
    return this.#noise.alloc(length);
  }

  write(frame: Uint8Array): boolean {
    if (this.destroyed) return false;
    this.#written += frame.byteLength + FRAMING_BYTES;
    if (this.#written - this.#noise.rawBytesWritten > LIMITS.sendQueueBytes) {
      this.#onStalled();
      this.#noise.destroy();
      return false;
    }
    return this.#noise.write(frame);
  }

  pause(): this {
    this.#noise.pause();
    return this;
  }

  resume(): this {
    this.#noise.resume();
    return this;
  }

  end(): this {
    this.#noise.end();
    return this;
  }

  destroy(err?: Error | null): void {
    this.#noise.destroy(err);
  }
}
