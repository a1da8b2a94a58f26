import { Socket } from 'node:net';

const LEAST_BYTES = 16 * 1024;
/** Half of the system calls of a fast link, and what they cost around them, go with reads larger than Node's 64 KiB. */
const MOST_BYTES = 1024 * 1024;
/** What is short is copied, so that nobody who keeps a few bytes of it keeps a whole buffer. */
const COPIED_BYTES = 4 * 1024;

/**
 * Buffers that a socket reads into, as large as what comes fills: 16 KiB while it is quiet, up to 1 MiB while bulk
 * runs. Each chunk handed out is the reader's own, since Noise decrypts in place and hands out views; what a chunk
 * leaves of its buffer is read into next.
 */
export class ReadBuffers {
  /** Called with each chunk that was read. */
  onData: (chunk: Buffer) => void = () => {};
  #bytes = LEAST_BYTES;
  /** What is left of the buffer that was made last. */
  #rest: Buffer | null = null;

  /** The option of this name of `net.connect` and `new Socket`. */
  get onread() {
    return {
      buffer: () => {
        this.#rest ??= Buffer.allocUnsafeSlow(this.#bytes);
        return this.#rest;
      },
      callback: (count: number, buffer: Uint8Array) => {
        this.onData(this.#take(count, buffer as Buffer));
        return true;
      },
    };
  }

  #take(count: number, buffer: Buffer): Buffer {
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
 * The connection of an accepted socket that has read nothing yet, as a socket that reads into `reads`. A server has no
 * such option, so the handle is moved; null where Node keeps it elsewhere: then the socket is to be used as it is.
 */
export function readingInto(accepted: Socket, reads: ReadBuffers): Socket | null {
  const owner = accepted as unknown as { _handle?: object | null };
  const handle = owner._handle;
  if (!handle) return null;
  owner._handle = null;
  const options = { handle, onread: reads.onread };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  socket.once('close', () => accepted.destroy()); // otherwise the server waits for it for ever
  return socket;
}
