import type { Encoder } from 'compact-encoding';
import type Protomux from 'protomux';
import { ProtocolError } from '../errors.js';
import type {
  ChannelDefinition,
  Handlers,
  MessageDefinition,
  MessageMap,
  ValueOf,
} from './channel-definition.js';
import { decodeAll } from './codec.js';

/** Keeps the account of a stream's bulk: see `connection/bulk-receipts.ts`. */
export interface BulkLedger {
  /** A bulk message of so many bytes has come in. Throws ProtocolError if that is more than was allowed. */
  received(bytes: number): void;
  /** So many bytes of what came in are dealt with. */
  done(bytes: number): void;
  /** A channel that carried bulk has closed: what the other end did not hear on it is to be settled. */
  settle(): void;
  /** A message of bulk that had a frame to itself was dealt with: nobody looks at its bytes any more. */
  recycle(bytes: Uint8Array): void;
}

/** In a frame with one message its channel and type are before it, a byte each; in a batch there is more. */
const ALONE_FROM = 2;

export interface TypedChannelOptions<M extends MessageMap> {
  definition: ChannelDefinition<M>;
  /** Tells this channel from others of the same name on the stream; null where there is but one. */
  id: Uint8Array | null;
  handlers: Handlers<M>;
  /** For channels with bulk messages. */
  ledger?: BulkLedger;
  /** A `live` message has come in. */
  onLive?: () => void;
  /** The peer broke a rule: its stream must end. Called at most once. */
  onViolation: (err: ProtocolError) => void;
  /** The other end has opened the channel too. */
  onOpen?: () => void;
  /** The channel is gone. `isRemote` is true when the peer closed or refused it, or the stream ended. */
  onClose?: (isRemote: boolean) => void;
}

type Handler = (value: unknown) => void | Promise<void>;

/**
 * A Protomux channel on which only whole, bounded, well-typed messages are heard.
 *
 * 1. Bytes are decoded here and not by Protomux, whose `safety-catch` would end the process on a TypeError.
 * 2. Nothing but a ProtocolError is ever told about a peer's input; a fault of a handler ends that peer's stream.
 * 3. Every bulk message that came in is dealt with in the ledger's eyes once its handler says so, at the latest when
 *    the channel closes.
 */
export class TypedChannel<M extends MessageMap> {
  readonly #channel: Protomux.Channel;
  readonly #messages = new Map<keyof M, Protomux.Message<unknown>>();
  readonly #onViolation: (err: ProtocolError) => void;
  readonly #ledger: BulkLedger | undefined;
  readonly #onLive: (() => void) | undefined;
  /** Of the message that was encoded last. */
  #encodedBytes = 0;
  /** The message that was decoded last had its frame to itself. */
  #alone = false;
  #sentBulk = false;
  #undealtBytes = 0;
  #violated = false;
  #muted = false;
  #opened = false;
  #closed = false;

  private constructor(channel: Protomux.Channel, options: TypedChannelOptions<M>) {
    this.#channel = channel;
    this.#onViolation = options.onViolation;
    this.#ledger = options.ledger;
    this.#onLive = options.onLive;
    for (const [name, definition] of Object.entries(options.definition.messages)) {
      const handler = options.handlers[name] as Handler;
      this.#messages.set(
        name,
        channel.addMessage({
          encoding: this.#encoding(definition),
          onmessage: (raw) => this.#receive(definition, handler, raw as Uint8Array),
        }),
      );
    }
  }

  /** Null when the stream is gone or the channel is open on it already. */
  static open<M extends MessageMap>(mux: Protomux, options: TypedChannelOptions<M>): TypedChannel<M> | null {
    let typed: TypedChannel<M> | null = null;
    const channel = mux.createChannel({
      protocol: options.definition.name,
      id: options.id,
      onopen: () => {
        if (typed) typed.#opened = true;
        options.onOpen?.();
      },
      onclose: (isRemote) => {
        if (typed) typed.#settle();
        options.onClose?.(isRemote);
      },
    });
    if (!channel) return null;
    typed = new TypedChannel(channel, options);
    channel.open();
    return typed;
  }

  /** True while the other end has it open too: what is sent is heard. */
  get opened(): boolean {
    return this.#opened && !this.#closed;
  }

  /** False when the stream wants a pause before the next one, or the channel is closed. */
  send<K extends keyof M>(name: K, value: ValueOf<M[K]>): boolean {
    return this.#messages.get(name)?.send(value) ?? false;
  }

  /** Sends a bulk message. Returns the bytes that it counts for in the ledger at the other end. */
  sendBulk<K extends keyof M>(name: K, value: ValueOf<M[K]>): number {
    this.#messages.get(name)?.send(value);
    this.#sentBulk = true;
    return bulkBytes(this.#encodedBytes);
  }

  close(): void {
    this.#channel.close();
  }

  /** Hears nothing more; the other end sees it open for as long as the stream lives. */
  mute(): void {
    this.#muted = true;
  }

  #receive(definition: MessageDefinition<unknown>, handler: Handler, raw: Uint8Array): void {
    if (this.#violated) return;
    try {
      if (raw.byteLength > definition.maxBytes) throw new ProtocolError('MESSAGE_TOO_LARGE');
      if (definition.class === 'live') this.#onLive?.();
      if (definition.class === 'bulk') this.#receiveBulk(definition, handler, raw);
      else if (this.#muted) return;
      else this.#settled(handler(decodeAll(definition.codec, raw)));
    } catch (err) {
      this.#violate(err);
    }
  }

  #receiveBulk(definition: MessageDefinition<unknown>, handler: Handler, raw: Uint8Array): void {
    const bytes = bulkBytes(raw.byteLength);
    this.#ledger?.received(bytes);
    this.#undealtBytes += bytes;
    const frame = this.#alone ? raw : null;
    if (this.#muted) return this.#dealtWith(bytes, frame);
    const dealing = handler(decodeAll(definition.codec, raw));
    if (!dealing) return this.#dealtWith(bytes, frame);
    dealing.then(
      () => this.#dealtWith(bytes, frame),
      (err: unknown) => {
        if (!this.#closed) this.#violate(err);
      },
    );
  }

  /** What a handler finds out later about its message counts as if it had thrown. */
  #settled(dealing: void | Promise<void>): void {
    // A function of type void may return anything.
    if (!(dealing instanceof Promise)) return;
    dealing.catch((err: unknown) => {
      if (!this.#closed) this.#violate(err);
    });
  }

  #dealtWith(bytes: number, frame: Uint8Array | null): void {
    if (frame) this.#ledger?.recycle(frame);
    if (this.#closed) return; // Invariant 3: it was settled then
    this.#undealtBytes -= bytes;
    this.#ledger?.done(bytes);
  }

  #settle(): void {
    this.#closed = true;
    if (this.#undealtBytes > 0) this.#ledger?.done(this.#undealtBytes);
    if (this.#sentBulk) this.#ledger?.settle();
  }

  #violate(err: unknown): void {
    if (this.#violated) return;
    this.#violated = true;
    this.#onViolation(
      err instanceof ProtocolError ? err : new ProtocolError('HANDLER_FAILED', { cause: err }),
    );
  }

  /** Encodes by the definition but decodes to the raw bytes (Invariant 1). */
  #encoding({ codec }: MessageDefinition<unknown>): Encoder {
    return {
      preencode: (state, value) => {
        const before = state.end;
        codec.preencode(state, value);
        this.#encodedBytes = state.end - before;
      },
      encode: codec.encode,
      decode: (state) => {
        const { buffer, start, end } = state as { buffer: Uint8Array; start: number; end: number };
        const raw = buffer.subarray(start, end);
        this.#alone = start <= ALONE_FROM && end === buffer.byteLength;
        state.start = state.end;
        return raw;
      },
    };
  }
}

/** Short messages count for more than their bytes, so that their number is bounded with them (PROTOCOL.md [B2]). */
export const BULK_MIN_BYTES = 1024;
const bulkBytes = (encodedBytes: number) => Math.max(encodedBytes, BULK_MIN_BYTES);
