import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { LIMITS } from '../limits.js';
import type { ReadBuffers } from './read-buffers.js';

/** secret-stream writes a frame's length before it as 24 bits, little end first. */
const HEADER_BYTES = 3;
/** Authentication and framing that secret-stream adds to a message. */
const OVERHEAD_BYTES = 64;

/**
 * Stands between a TCP socket and its Noise stream, which would allocate up to 16 MiB on the word of a stranger:
 * reads the length of every frame first, and ends the socket when one is 0 or over the limit (PROTOCOL.md [N1]).
 * The limit is small until `secured()`. Bytes are passed on unchanged and uncopied.
 */
export class RawGuard extends EventEmitter {
  readonly #socket: Socket;
  #limit: number = LIMITS.preNoiseFrameBytes;
  #header = 0;
  #headerBytes = 0;
  #bodyBytes = 0;
  #refused = false;

  /** `reads`, where the socket reads into them, hands over the chunks that it would emit otherwise. */
  constructor(socket: Socket, reads: ReadBuffers | null = null) {
    super();
    this.#socket = socket;
    if (reads) reads.onData = (chunk) => this.#onData(chunk);
    else socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    for (const event of ['end', 'drain', 'close', 'error'] as const) {
      socket.on(event, (...args: unknown[]) => void this.emit(event, ...args));
    }
    this.on('error', () => {}); // the Noise stream ends by it; alone it must not throw
  }

  /**
   * The handshake is done: frames may be as large as those of channels. Not only once the proof is, since a member's
   * first large frame may come in the same chunk as the last one of its proof; any other frame in place of a proof
   * ends the stream.
   */
  secured(): void {
    this.#limit = LIMITS.frameBytes + OVERHEAD_BYTES;
  }

  write(data: Uint8Array): boolean {
    return this.#socket.write(data);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(err?: Error): void {
    this.#socket.destroy(err);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #onData(chunk: Buffer): void {
    if (this.#refused) return;
    if (this.#measure(chunk)) this.emit('data', chunk);
    else {
      this.#refused = true;
      this.#socket.destroy();
    }
  }

  /** Walks over the frames in a chunk; false if one of them has a length that it must not have. */
  #measure(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyBytes > 0) {
        const step = Math.min(this.#bodyBytes, chunk.length - at);
        this.#bodyBytes -= step;
        at += step;
        continue;
      }
      this.#header += (chunk[at++] as number) * 256 ** this.#headerBytes++;
      if (this.#headerBytes < HEADER_BYTES) continue;
      if (this.#header === 0 || this.#header > this.#limit) return false;
      this.#bodyBytes = this.#header;
      this.#header = this.#headerBytes = 0;
    }
    return true;
  }
}
