import type { MessageMap } from '../protocol/channel-definition.js';
import type { BulkFlow, BulkMessage, BulkOptions, BulkSource } from '../protocol/session-channel.js';
import type { TypedChannel } from '../protocol/typed-channel.js';
import type { BulkLane, Scheduler } from './scheduler.js';

/** A channel on the stream that carries it now. */
export interface Carrier<M extends MessageMap> {
  readonly typed: TypedChannel<M>;
  readonly scheduler: Scheduler;
}

/**
 * A feature's source of bulk, taken from stream to stream.
 *
 * 1. The source is asked only while the other end has the channel open.
 * 2. After `close` it is neither asked nor told anything.
 */
export class SourceLane<M extends MessageMap> implements BulkLane, BulkFlow {
  readonly weight: number;
  readonly #source: BulkSource<M>;
  readonly #onClose: (lane: SourceLane<M>) => void;
  #carrier: Carrier<M> | null = null;
  #closed = false;

  constructor(source: BulkSource<M>, { weight = 1 }: BulkOptions, onClose: (lane: SourceLane<M>) => void) {
    this.weight = Math.max(weight, Number.MIN_VALUE);
    this.#source = source;
    this.#onClose = onClose;
  }

  /** The channel is carried by another stream now, or by none. */
  carry(carrier: Carrier<M> | null): void {
    this.#carrier?.scheduler.remove(this);
    this.#carrier = carrier;
    this.wake();
  }

  wake(): void {
    if (this.#closed || !this.#carrier?.typed.opened) return; // Invariant 1: woken again when it opens
    this.#carrier.scheduler.wake(this);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#carrier?.scheduler.remove(this);
    this.#carrier = null;
    this.#onClose(this);
  }

  write(roomBytes: number): number {
    if (this.#closed || !this.#carrier?.typed.opened) return 0;
    try {
      const message: BulkMessage<M> | null = this.#source.next(roomBytes);
      const { typed } = this.#carrier ?? {};
      if (!message || !typed) return 0; // the source may have closed the flow
      return typed.sendBulk(message.name, message.value);
    } catch (err) {
      if (this.#closed) return 0;
      this.close();
      this.#source.failed(err);
      return 0;
    }
  }
}
