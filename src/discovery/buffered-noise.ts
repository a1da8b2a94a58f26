import NoiseSecretStream from '@hyperswarm/secret-stream';
import type { FrameBuffers } from './frame-buffers.js';

/** secret-stream's own: its length, a tag before the message and the authentication behind it. */
const LENGTH_BYTES = 3;
const TAG_BYTES = 1;
const AUTHENTICATION_BYTES = 16;

/** What secret-stream 6.9.2 keeps of a message that was allocated and is not written yet. */
interface Outgoing {
  _outgoingWrapped: Buffer | null;
  _outgoingPlain: Buffer | null;
}

/** A Noise stream whose large frames are made in memory from `FrameBuffers`; whoever writes them gives it back. */
export class BufferedNoise extends NoiseSecretStream {
  readonly #buffers: FrameBuffers;

  constructor(
    isInitiator: boolean,
    rawStream: unknown,
    { keyPair, buffers }: { keyPair: NoiseSecretStream.KeyPair; buffers: FrameBuffers },
  ) {
    super(isInitiator, rawStream, { keyPair });
    this.#buffers = buffers;
  }

  override alloc(length: number): Buffer {
    const before = LENGTH_BYTES + TAG_BYTES;
    const wrapped = this.#buffers.take(before + length + AUTHENTICATION_BYTES);
    if (!wrapped) return super.alloc(length);
    const plain = wrapped.subarray(before, before + length);
    Object.assign(this as unknown as Outgoing, { _outgoingWrapped: wrapped, _outgoingPlain: plain });
    return plain;
  }
}
