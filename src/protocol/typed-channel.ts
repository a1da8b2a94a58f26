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

export interface TypedChannelOptions<M extends MessageMap> {
  definition: ChannelDefinition<M>;
  /** Tells this channel from others of the same name on the stream; null where there is but one. */
  id: Uint8Array | null;
  handlers: Handlers<M>;
  /** The peer broke a rule: its stream must end. Called at most once. */
  onViolation: (err: ProtocolError) => void;
  /** The channel is gone. `isRemote` is true when the peer closed or refused it, or the stream ended. */
  onClose?: (isRemote: boolean) => void;
}

/**
 * A Protomux channel on which only whole, bounded, well-typed messages are heard.
 *
 * 1. Bytes are decoded here and not by Protomux, whose `safety-catch` would end the process on a TypeError.
 * 2. Nothing but a ProtocolError is ever told about a peer's input; a fault of a handler ends that peer's stream.
 */
export class TypedChannel<M extends MessageMap> {
  readonly #channel: Protomux.Channel;
  readonly #messages = new Map<keyof M, Protomux.Message<unknown>>();
  readonly #onViolation: (err: ProtocolError) => void;
  #violated = false;

  private constructor(channel: Protomux.Channel, options: TypedChannelOptions<M>) {
    this.#channel = channel;
    this.#onViolation = options.onViolation;
    for (const [name, definition] of Object.entries(options.definition.messages)) {
      const handler = options.handlers[name] as (value: unknown) => void;
      this.#messages.set(
        name,
        channel.addMessage({
          encoding: lateDecoded(definition),
          onmessage: (raw) => this.#receive(definition, handler, raw as Uint8Array),
        }),
      );
    }
  }

  /** Null when the stream is gone or the channel is open on it already. */
  static open<M extends MessageMap>(mux: Protomux, options: TypedChannelOptions<M>): TypedChannel<M> | null {
    const channel = mux.createChannel({
      protocol: options.definition.name,
      id: options.id,
      onclose: (isRemote) => options.onClose?.(isRemote),
    });
    if (!channel) return null;
    const typed = new TypedChannel(channel, options);
    channel.open();
    return typed;
  }

  /** False when the stream wants a pause before the next one, or the channel is closed. */
  send<K extends keyof M>(name: K, value: ValueOf<M[K]>): boolean {
    return this.#messages.get(name)?.send(value) ?? false;
  }

  close(): void {
    this.#channel.close();
  }

  #receive(definition: MessageDefinition<unknown>, handler: (value: unknown) => void, raw: Uint8Array): void {
    if (this.#violated) return;
    try {
      if (raw.byteLength > definition.maxBytes) throw new ProtocolError('MESSAGE_TOO_LARGE');
      handler(decodeAll(definition.codec, raw));
    } catch (err) {
      this.#violated = true;
      this.#onViolation(
        err instanceof ProtocolError ? err : new ProtocolError('HANDLER_FAILED', { cause: err }),
      );
    }
  }
}

/** Encodes by the definition but decodes to the raw bytes (Invariant 1). */
const lateDecoded = (definition: MessageDefinition<unknown>): Encoder => ({
  preencode: definition.codec.preencode,
  encode: definition.codec.encode,
  decode(state) {
    const raw = state.buffer!.subarray(state.start, state.end);
    state.start = state.end;
    return raw;
  },
});
