import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';

export interface Part {
  readonly stream: number;
  /** Where in the frame it belongs, and how long the frame is. Bytes. */
  readonly at: number;
  readonly of: number;
  readonly bytes: Uint8Array;
}

interface Unfinished {
  readonly frame: Uint8Array;
  filled: number;
}

/**
 * Puts frames of one sender together from parts that come in order.
 *
 * 1. At most one frame a stream is unfinished, and `LIMITS.mediaTracks` in all: a frame's memory is taken when its
 *    first part came, and a first part ends the unfinished frame before it.
 */
export class FrameAssembler {
  readonly #unfinished = new Map<number, Unfinished>();

  /** The frame if this part was its last one. Throws ProtocolError for a part that nobody honest sends. */
  take({ stream, at, of, bytes }: Part): Uint8Array | null {
    if (of > LIMITS.mediaFrameBytes) throw new ProtocolError('MESSAGE_TOO_LARGE');
    if (bytes.byteLength === 0 || at + bytes.byteLength > of) throw new ProtocolError('MESSAGE_MALFORMED');
    if (at === 0) {
      this.#unfinished.delete(stream);
      if (bytes.byteLength === of) return bytes.slice();
      if (this.#unfinished.size >= LIMITS.mediaTracks) throw new ProtocolError('MESSAGE_FLOOD');
      this.#unfinished.set(stream, { frame: new Uint8Array(of), filled: 0 });
    }
    const unfinished = this.#unfinished.get(stream);
    // Without a beginning: it was given up when the channel opened anew.
    if (!unfinished) return null;
    const { frame, filled } = unfinished;
    if (at !== filled || of !== frame.byteLength) throw new ProtocolError('MESSAGE_UNEXPECTED');
    frame.set(bytes, at);
    unfinished.filled = at + bytes.byteLength;
    if (unfinished.filled < of) return null;
    this.#unfinished.delete(stream);
    return frame;
  }

  reset(): void {
    this.#unfinished.clear();
  }
}

/** A frame in parts of at most `LIMITS.mediaPartBytes`; they are views of it. */
export function partsOf(stream: number, frame: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < frame.byteLength; at += LIMITS.mediaPartBytes) {
    parts.push({ stream, at, of: frame.byteLength, bytes: frame.subarray(at, at + LIMITS.mediaPartBytes) });
  }
  return parts;
}
