import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { BulkLedger } from '../protocol/typed-channel.js';

export interface BulkReceiptsOptions {
  /** Tells the other end how many bytes of its bulk have been dealt with since the stream began. */
  acknowledge: (totalBytes: number) => void;
  /** Tells the other end how many bytes of bulk were sent to it since the stream began. */
  settle: () => void;
  /** Nobody looks at the frame any more in which these bytes came. */
  recycle: (bytes: Uint8Array) => void;
}

/**
 * The receiving side of a stream's bulk (PROTOCOL.md [S2]).
 *
 * 1. What has come in and is not dealt with never exceeds `bulkInFlightBytes`: a sender that goes on loses its stream.
 * 2. Acknowledgements only grow, and each tick sends one at most.
 */
export class BulkReceipts implements BulkLedger {
  readonly #options: BulkReceiptsOptions;
  #received = 0;
  #done = 0;
  #acknowledged = 0;
  #soon = false;

  constructor(options: BulkReceiptsOptions) {
    this.#options = options;
  }

  received(bytes: number): void {
    this.#advance(this.#received + bytes);
  }

  done(bytes: number): void {
    this.#done += bytes;
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      if (this.#done === this.#acknowledged) return;
      this.#acknowledged = this.#done;
      this.#options.acknowledge(this.#done);
    });
  }

  settle(): void {
    this.#options.settle();
  }

  recycle(bytes: Uint8Array): void {
    this.#options.recycle(bytes);
  }

  /** The other end says how much it has sent: what was not heard went to channels that are closed here. */
  settled(totalBytes: number): void {
    if (totalBytes < this.#received) throw new ProtocolError('MESSAGE_UNEXPECTED');
    const unheard = totalBytes - this.#received;
    this.#advance(totalBytes);
    if (unheard > 0) this.done(unheard);
  }

  #advance(totalBytes: number): void {
    if (totalBytes - this.#acknowledged > LIMITS.bulkInFlightBytes) throw new ProtocolError('MESSAGE_FLOOD');
    this.#received = totalBytes;
  }
}
