import { ProtocolError } from '../errors.js';
import { channelId } from '../membership/session-keys.js';
import type {
  BulkName,
  ChannelDefinition,
  DirectName,
  Handlers,
  MessageMap,
  ValueOf,
} from '../protocol/channel-definition.js';
import type {
  BulkFlow,
  BulkMessage,
  BulkOptions,
  BulkSource,
  ChannelEvents,
  SendOptions,
  SessionChannel,
} from '../protocol/session-channel.js';
import { TypedChannel } from '../protocol/typed-channel.js';
import { type Carrier, SourceLane } from './bulk-lane.js';
import type { DatagramLane } from './datagrams.js';
import type { Link } from './link.js';

export interface CarriedChannelOptions<M extends MessageMap> extends ChannelEvents {
  definition: ChannelDefinition<M>;
  handlers: Handlers<M>;
  onViolation: (err: ProtocolError) => void;
}

interface Awaited<M extends MessageMap> {
  message: BulkMessage<M>;
  settle: (written: boolean) => void;
  fail: (err: unknown) => void;
}

/**
 * A feature's channel to one member, opened anew on each stream that carries its session.
 *
 * 1. What an older stream's channel says after `attach` is not heard as this one's. It is not closed either: to a peer
 *    that still waits for the last frame of the newer stream's proof, closing would mean leaving.
 * 2. After `end` nothing is sent and every promise of `sendBulk` is settled.
 */
export class CarriedChannel<M extends MessageMap> implements SessionChannel<M> {
  readonly #options: CarriedChannelOptions<M>;
  readonly #lanes = new Set<SourceLane<M>>();
  readonly #awaited: Awaited<M>[] = [];
  #awaitedLane: BulkFlow | null = null;
  #datagrams: DatagramLane | null = null;
  #carrier: Carrier<M> | null = null;
  #ended = false;

  constructor(options: CarriedChannelOptions<M>) {
    this.#options = options;
  }

  /** Opens it on `link`; `session` are the 32 bytes that its proof gave. */
  attach(link: Link, session: Uint8Array): void {
    this.#carrier?.typed.mute();
    this.#carry(null);
    const { definition, handlers, onClose } = this.#options;
    const onViolation = (err: ProtocolError) => {
      this.#options.onViolation(err);
      link.destroy();
    };
    const typed = TypedChannel.open(link.mux, {
      definition,
      id: channelId(session, definition.name),
      handlers,
      ledger: link.receipts,
      onLive: () => link.scheduler.live(),
      onViolation,
      onOpen: () => {
        for (const lane of this.#lanes) lane.wake();
      },
      onClose: () => {
        if (this.#carrier?.typed !== typed) return; // Invariant 1
        this.#carry(null);
        if (!this.#ended && !link.closed) onClose?.();
      },
    });
    this.#carry(typed && { typed, scheduler: link.scheduler });
    if (typed) this.#openDatagrams(link, session, onViolation);
  }

  reset(): void {
    this.#options.onReset?.();
  }

  end(): void {
    this.#ended = true;
    const typed = this.#carrier?.typed;
    this.#carry(null);
    typed?.close();
    for (const lane of this.#lanes) lane.close();
  }

  send<K extends DirectName<M>>(name: K, value: ValueOf<M[K]>, { dropAfterMs }: SendOptions = {}): boolean {
    const carrier = this.#carrier;
    if (!carrier) return false;
    const definition = this.#options.definition.messages[name] as M[K];
    if (definition.class === 'live') carrier.scheduler.live();
    if (definition.class !== 'live' || dropAfterMs === undefined) return carrier.typed.send(name, value);
    const state = { start: 0, end: 0, buffer: null };
    definition.codec.preencode(state, value);
    return carrier.scheduler.writeLive(state.end, dropAfterMs, () => carrier.typed.send(name, value));
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (!this.#datagrams?.send(bytes)) return false;
    this.#carrier?.scheduler.live();
    return true;
  }

  bulk(source: BulkSource<M>, options: BulkOptions = {}): BulkFlow {
    const lane = new SourceLane(source, options, (closed) => this.#lanes.delete(closed));
    if (this.#ended) {
      lane.close();
      return lane;
    }
    this.#lanes.add(lane);
    lane.carry(this.#carrier);
    return lane;
  }

  sendBulk<K extends BulkName<M>>(name: K, value: ValueOf<M[K]>): Promise<boolean> {
    if (!this.#carrier) return Promise.resolve(false);
    this.#awaitedLane ??= this.bulk(this.#awaitedSource());
    return new Promise((resolve, reject) => {
      this.#awaited.push({ message: { name, value } as BulkMessage<M>, settle: resolve, fail: reject });
      this.#awaitedLane?.wake();
    });
  }

  #awaitedSource(): BulkSource<M> {
    let sending: Awaited<M> | undefined;
    return {
      next: () => {
        const next = this.#awaited.shift();
        sending = next;
        if (!next) return null;
        queueMicrotask(() => next.settle(true)); // once it is written, unless `failed` came first
        return next.message;
      },
      failed: (err) => {
        this.#awaitedLane = null;
        sending?.fail(err);
        if (this.#awaited.length > 0) this.#awaitedLane = this.bulk(this.#awaitedSource());
      },
    };
  }

  #openDatagrams(link: Link, session: Uint8Array, onViolation: (err: ProtocolError) => void): void {
    const { definition, onDatagram } = this.#options;
    if (!onDatagram || !link.datagrams) return;
    this.#datagrams = link.datagrams.open(session, definition.name, (bytes) => {
      link.scheduler.live();
      try {
        onDatagram(bytes);
      } catch (err) {
        this.#datagrams?.close();
        onViolation(err instanceof ProtocolError ? err : new ProtocolError('HANDLER_FAILED', { cause: err }));
      }
    });
  }

  #carry(carrier: Carrier<M> | null): void {
    this.#carrier = carrier;
    this.#datagrams?.close();
    this.#datagrams = null;
    for (const { settle } of this.#awaited.splice(0)) settle(false);
    for (const lane of this.#lanes) lane.carry(carrier);
  }
}
