import { LIMITS } from '../limits.js';
import type { FrameHeader } from '../media/frame.js';

/**
 * Which frames a window gets that is slower than they come: pictures are left out up to the next key frame, sound is not.
 * What waits in the kernel is not seen by a sender, so the window says what it has taken.
 */
export class PageQueue {
  readonly #broken = new Set<number>();
  #sent = 0;
  #got: number | null = null;

  /** The window has taken so many bytes in all; one that never says so is not limited by it. */
  got(totalBytes: number): void {
    this.#got = Math.min(totalBytes, this.#sent);
  }

  /** `bufferedBytes` wait in this process. `ask-key`: it is left out, and there is room again for a key frame. */
  takes(header: FrameHeader, bytes: number, bufferedBytes: number): 'send' | 'drop' | 'ask-key' {
    const waiting = Math.max(bufferedBytes, this.#got === null ? 0 : this.#sent - this.#got);
    const full = waiting > LIMITS.mediaInFlightBytes;
    const { kind, key, stream } = header;
    if (kind === 'video') {
      if (full) {
        this.#broken.add(stream);
        return 'drop';
      }
      if (this.#broken.has(stream) && !key) return 'ask-key';
      this.#broken.delete(stream);
    }
    this.#sent += bytes;
    return 'send';
  }
}
