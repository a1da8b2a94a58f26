/** Frames from here on are bulk: a block of a file on a fast link. Whoever keeps a few bytes of a shorter one keeps little. */
const LARGE_BYTES = 128 * 1024;
/** The longest bulk message, and what lies around it. */
const BUFFER_BYTES = 256 * 1024 + 512;
/** So many are kept for the next one: what a window lets be under way. */
const KEPT = 16;

/**
 * Memory for large frames that is used again. A file at half a gigabyte a second would leave as much garbage each
 * second, and V8 goes through its whole heap for every few megabytes of it.
 *
 * 1. Nobody gets memory that somebody else may still look at: what is not given back is left to the collector.
 */
export class FrameBuffers {
  readonly #free: Buffer[] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** Exactly `bytes` of memory with anything in it; null where that is not the length of a large frame. */
  take(bytes: number): Buffer | null {
    if (bytes < LARGE_BYTES || bytes > BUFFER_BYTES) return null;
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#lent.add(buffer.buffer);
    return buffer.subarray(0, bytes);
  }

  /** True if this lies in memory from here. */
  has(bytes: Uint8Array): boolean {
    return this.#lent.has(bytes.buffer);
  }

  /** Nobody looks at the frame in which this lies any more. What is not from here, or was given back, is left alone. */
  giveBack({ buffer }: Uint8Array): void {
    if (this.#lent.delete(buffer) && this.#free.length < KEPT)
      this.#free.push(Buffer.from(buffer as ArrayBuffer));
  }
}
