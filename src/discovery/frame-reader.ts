import { Socket } from 'node:net';
import { LIMITS } from '../limits.js';
import { FrameBuffers } from './frame-buffers.js';

/** secret-stream writes a frame's length before it as 24 bits, little end first. */
const HEADER_BYTES = 3;
/** Authentication and framing that secret-stream adds to a message. */
const OVERHEAD_BYTES = 64;
const LEAST_BYTES = 16 * 1024;
const MOST_BYTES = 64 * 1024;
/** What is short is copied, so that nobody who keeps a few bytes of it keeps a whole buffer. */
const COPIED_BYTES = 4 * 1024;

/** A large frame that is coming, with the header of the next one behind it. */
interface Coming {
  bytes: Buffer;
  filled: number;
  /** Where it ends. */
  end: number;
}

/**
 * Reads the frames of a Noise stream from its socket. The stream would allocate up to 16 MiB on the word of a stranger,
 * so each length is looked at first (PROTOCOL.md [N1]).
 *
 * 1. A frame of length 0 or over the limit, which is small until `secured`, is refused, and nothing is read after it.
 * 2. Every chunk handed out is the stream's own, since Noise decrypts in place and hands out views.
 * 3. A large frame is read to where it stays, in memory from `FrameBuffers`, and handed out whole.
 */
export class FrameReader {
  /** Called with each chunk that was read: in order, together all that came. */
  onData: (chunk: Buffer) => void = () => {};
  /** Called once, instead of anything more (Invariant 1). */
  onRefused: () => void = () => {};
  readonly #buffers: FrameBuffers;
  #limit: number = LIMITS.preNoiseFrameBytes;
  #bytes = LEAST_BYTES;
  /** What is left of the buffer that was made last. */
  #rest: Buffer | null = null;
  #header = 0;
  #headerBytes = 0;
  #bodyBytes = 0;
  #coming: Coming | null = null;
  #refused = false;

  constructor(buffers = new FrameBuffers()) {
    this.#buffers = buffers;
  }

  /**
   * The handshake is done: frames may be as large as those of channels. Not only once the proof is, since a member's
   * first large frame may come in the same chunk as the last one of its proof; any other frame in place of a proof
   * ends the stream.
   */
  secured(): void {
    this.#limit = LIMITS.frameBytes + OVERHEAD_BYTES;
  }

  /** The option of this name of `net.connect` and `new Socket`. */
  get onread() {
    return {
      buffer: () => this.#into(),
      callback: (count: number, buffer: Uint8Array) => {
        if (this.#coming) this.#fill(this.#coming, count);
        else this.take(this.#cut(count, buffer as Buffer));
        return true;
      },
    };
  }

  /** Something came; the chunk is not the caller's any more. */
  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#refused) {
      if (this.#coming) {
        const { bytes, filled } = this.#coming;
        const count = chunk.copy(bytes, filled, at);
        at += count;
        this.#fill(this.#coming, count);
        chunk = chunk.subarray(at);
        at = 0;
        continue;
      }
      if (this.#bodyBytes > 0) {
        const step = Math.min(this.#bodyBytes, chunk.length - at);
        this.#bodyBytes -= step;
        at += step;
        continue;
      }
      const from = at - this.#headerBytes;
      this.#header += (chunk[at++] as number) * 256 ** this.#headerBytes++;
      if (this.#headerBytes < HEADER_BYTES) continue;
      const length = this.#header;
      this.#header = this.#headerBytes = 0;
      if (length === 0 || length > this.#limit) return this.#refuse();
      this.#bodyBytes = length;
      const begins = Math.max(0, from); // what came before of its header was handed out
      if (chunk.length - at >= length || !this.#expect(at - begins, length)) continue;
      if (begins > 0) this.onData(chunk.subarray(0, begins));
      chunk = chunk.subarray(begins);
      at = 0;
    }
    if (chunk.length > 0 && !this.#refused) this.onData(chunk);
  }

  /** A frame begins, with so many bytes of its header. False if it is not a large one. */
  #expect(headerBytes: number, length: number): boolean {
    const end = headerBytes + length;
    const bytes = this.#buffers.take(end + HEADER_BYTES);
    if (!bytes) return false;
    this.#coming = { bytes, filled: 0, end };
    this.#bodyBytes = 0;
    return true;
  }

  #fill(coming: Coming, count: number): void {
    coming.filled += count;
    if (coming.filled < coming.end) return;
    const { bytes, filled, end } = coming;
    this.#coming = null;
    const next = Buffer.from(bytes.subarray(end, filled));
    this.onData(bytes.subarray(0, end));
    if (next.length > 0) this.take(next);
  }

  #refuse(): void {
    this.#refused = true;
    this.onRefused();
  }

  /** Where the next bytes go. */
  #into(): Buffer {
    if (this.#coming) return this.#coming.bytes.subarray(this.#coming.filled);
    this.#rest ??= Buffer.allocUnsafeSlow(this.#bytes);
    return this.#rest;
  }

  /** What was read, as the stream's own. Buffers grow with what fills them. */
  #cut(count: number, buffer: Buffer): Buffer {
    if (count <= COPIED_BYTES) {
      if (this.#bytes > LEAST_BYTES) this.#next(this.#bytes / 2);
      return Buffer.from(buffer.subarray(0, count));
    }
    const isFull = count === buffer.byteLength;
    // A read into little would be a small one.
    if (isFull || buffer.byteLength - count < this.#bytes / 2)
      this.#next(isFull ? this.#bytes * 2 : this.#bytes);
    else this.#rest = buffer.subarray(count);
    return buffer.subarray(0, count);
  }

  #next(bytes: number): void {
    this.#bytes = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, bytes));
    this.#rest = null;
  }
}

/**
 * The connection of an accepted socket that has read nothing yet, as a socket that `reader` reads. A server has no
 * such option, so the handle is moved; null where Node keeps it elsewhere: then the socket is to be used as it is.
 */
export function readBy(reader: FrameReader, accepted: Socket): Socket | null {
  const owner = accepted as unknown as { _handle?: object | null };
  const handle = owner._handle;
  if (!handle) return null;
  owner._handle = null;
  const options = { handle, onread: reader.onread };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  socket.once('close', () => accepted.destroy()); // otherwise the server waits for it for ever
  return socket;
}
