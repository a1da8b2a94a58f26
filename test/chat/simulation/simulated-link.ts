import { ProtocolError } from '../../../src/errors.js';
import type {
  ChannelDefinition,
  DirectName,
  Handlers,
  MessageDefinition,
  MessageMap,
} from '../../../src/protocol/channel-definition.js';
import { decodeAll, encodeAll } from '../../../src/protocol/codec.js';
import type {
  BulkFlow,
  BulkMessage,
  BulkSource,
  ChannelEvents,
  OpenChannel,
  SessionChannel,
} from '../../../src/protocol/session-channel.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { VirtualTime } from './virtual-time.js';

interface Line {
  latencyMs: number;
  jitterMs: number;
  bytesPerMs: number;
}

/** What went over all links, by the name of the message. */
export interface Traffic {
  readonly messages: Map<string, number>;
  /** Messages of the history, alone or in a batch. */
  copies: number;
  bytes: number;
}

export interface SimulatedLinkOptions {
  time: VirtualTime;
  random: SeededRandom;
  line: Line;
  traffic: Traffic;
  /** What one end sent broke a rule, as the other end sees it: the link is cut. */
  onViolation: (err: unknown) => void;
}

/** Bulk messages that are not dealt with yet, a direction. */
const WINDOW = 4;
/** With more than this on the way a sender is asked for a pause, though nothing is lost. */
const FULL_BYTES = 64 * 1024;

/**
 * A connection between two members with the line's delays: what is sent comes in order or not at all, and as bytes,
 * which are gone once they were heard.
 */
export class SimulatedLink {
  readonly ends: readonly [LinkEnd, LinkEnd];
  readonly #options: SimulatedLinkOptions;
  /** Grows with each stream: what was on the way on an older one is lost. */
  stream = 0;
  open = true;

  constructor(options: SimulatedLinkOptions) {
    this.#options = options;
    this.ends = [new LinkEnd(this, options), new LinkEnd(this, options)];
    this.ends[0].other = this.ends[1];
    this.ends[1].other = this.ends[0];
  }

  /** Another stream carries on: both ends are told, and what was on the way is lost. */
  reset(): void {
    this.stream++;
    const ends = this.#options.random.chance(0.5) ? this.ends : this.ends.toReversed();
    for (const end of ends) end.reset();
  }

  cut(): void {
    this.open = false;
    this.stream++;
    for (const end of this.ends) end.close();
  }

  violated(err: unknown): void {
    if (this.open) this.#options.onViolation(err);
  }
}

class LinkEnd {
  other!: LinkEnd;
  readonly link: SimulatedLink;
  readonly #options: SimulatedLinkOptions;
  readonly #channels = new Map<string, SimulatedChannel<MessageMap>>();
  readonly #lanes = new Set<Lane>();
  #underWay = 0;
  #bytesUnderWay = 0;
  #lastArrival = 0;
  #pumping = false;

  constructor(link: SimulatedLink, options: SimulatedLinkOptions) {
    this.link = link;
    this.#options = options;
  }

  readonly open: OpenChannel = (definition, handlers, events = {}) => {
    const channel = new SimulatedChannel(this, definition, handlers, events);
    this.#channels.set(definition.name, channel as unknown as SimulatedChannel<MessageMap>);
    return channel;
  };

  /** False when a pause is wanted, or nothing can be sent. */
  write(channel: string, name: string, raw: Uint8Array): boolean {
    if (!this.link.open) return false;
    this.#carry(raw, (other) => void other.#channels.get(channel)?.hear(name, raw, this.link), name);
    return this.#bytesUnderWay < FULL_BYTES;
  }

  get traffic(): Traffic {
    return this.#options.traffic;
  }

  addLane(lane: Lane): void {
    this.#lanes.add(lane);
    this.pump();
  }

  removeLane(lane: Lane): void {
    this.#lanes.delete(lane);
  }

  pump(): void {
    if (this.#pumping || !this.link.open) return;
    this.#pumping = true;
    this.#options.time.after(0, () => {
      this.#pumping = false;
      for (let lane = this.#next(); lane && this.#underWay < WINDOW; lane = this.#next()) this.#ask(lane);
    });
  }

  reset(): void {
    this.#underWay = 0;
    this.#bytesUnderWay = 0;
    for (const channel of this.#channels.values()) channel.reset();
    for (const lane of this.#lanes) lane.wake();
  }

  close(): void {
    for (const lane of [...this.#lanes]) lane.close();
  }

  #next(): Lane | undefined {
    return [...this.#lanes].find(({ awake }) => awake);
  }

  #ask(lane: Lane): void {
    const asked = lane.ask(16 * 1024);
    if (!asked) return;
    this.#lanes.delete(lane); // to the end of the queue
    this.#lanes.add(lane);
    const { name, raw, channel } = asked;
    const { stream } = this.link;
    this.#underWay++;
    const dealtWith = () => {
      this.#options.time.after(this.#options.line.latencyMs, () => {
        if (this.link.stream !== stream) return;
        this.#underWay--;
        this.pump();
      });
    };
    this.#carry(
      raw,
      (other) => {
        void other.#channels.get(channel)?.hear(name, raw, this.link).then(dealtWith);
      },
      name,
    );
  }

  #carry(raw: Uint8Array, arrive: (other: LinkEnd) => void, name: string): void {
    const { time, random, line, traffic } = this.#options;
    traffic.messages.set(name, (traffic.messages.get(name) ?? 0) + 1);
    traffic.bytes += raw.byteLength;
    this.#bytesUnderWay += raw.byteLength;
    const passes = line.latencyMs + random.next() * line.jitterMs + raw.byteLength / line.bytesPerMs;
    this.#lastArrival = Math.max(this.#lastArrival + 1e-6, time.now + passes);
    const { stream } = this.link;
    time.after(this.#lastArrival - time.now, () => {
      if (this.link.stream !== stream) return;
      this.#bytesUnderWay -= raw.byteLength;
      arrive(this.other);
    });
  }
}

class SimulatedChannel<M extends MessageMap> implements SessionChannel<M> {
  readonly #end: LinkEnd;
  readonly #definition: ChannelDefinition<M>;
  readonly #handlers: Handlers<M>;
  readonly #events: ChannelEvents;

  constructor(end: LinkEnd, definition: ChannelDefinition<M>, handlers: Handlers<M>, events: ChannelEvents) {
    this.#end = end;
    this.#definition = definition;
    this.#handlers = handlers;
    this.#events = events;
  }

  send(name: DirectName<M>, value: unknown): boolean {
    return this.#end.write(this.#definition.name, name as string, this.#encode(name as string, value));
  }

  sendDatagram(): boolean {
    return false;
  }

  bulk(source: BulkSource<M>): BulkFlow {
    const lane = new Lane(this.#end, (room) => {
      const message = source.next(room);
      if (!message) return null;
      const name = message.name as string;
      return { channel: this.#definition.name, name, raw: this.#encode(name, message.value) };
    });
    if (this.#end.link.open) this.#end.addLane(lane);
    return lane;
  }

  sendBulk(name: BulkMessage<M>['name'], value: BulkMessage<M>['value']): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.#end.link.open) return resolve(false);
      const lane = new Lane(
        this.#end,
        () => {
          queueMicrotask(() => {
            resolve(true);
            lane.close();
          });
          return {
            channel: this.#definition.name,
            name: name as string,
            raw: this.#encode(name as string, value),
          };
        },
        () => resolve(false),
      );
      this.#end.addLane(lane);
    });
  }

  reset(): void {
    this.#events.onReset?.();
  }

  async hear(name: string, raw: Uint8Array, link: SimulatedLink): Promise<void> {
    try {
      const { codec, maxBytes } = this.#definition.messages[name] as MessageDefinition<unknown>;
      if (raw.byteLength > maxBytes) throw new ProtocolError('MESSAGE_TOO_LARGE');
      const dealing = (this.#handlers[name] as (value: unknown) => unknown)(decodeAll(codec, raw));
      raw.fill(0xee); // as a buffer is that has the next message in it
      await dealing;
    } catch (err) {
      link.violated(err);
    }
  }

  #encode(name: string, value: unknown): Uint8Array {
    if (name === 'message') this.#end.traffic.copies++;
    if (name === 'history') this.#end.traffic.copies += (value as { messages: unknown[] }).messages.length;
    return encodeAll((this.#definition.messages[name] as MessageDefinition<unknown>).codec, value);
  }
}

interface Asked {
  channel: string;
  name: string;
  raw: Uint8Array;
}

class Lane implements BulkFlow {
  awake = true;
  readonly #end: LinkEnd;
  readonly #make: (roomBytes: number) => Asked | null;
  readonly #onClose: () => void;
  #closed = false;

  constructor(end: LinkEnd, make: (roomBytes: number) => Asked | null, onClose: () => void = () => {}) {
    this.#end = end;
    this.#make = make;
    this.#onClose = onClose;
  }

  /** A lane that is closed while it is asked sends nothing. */
  ask(roomBytes: number): Asked | null {
    const asked = this.#make(roomBytes);
    if (!asked) this.awake = false;
    return this.#closed ? null : asked;
  }

  wake(): void {
    this.awake = true;
    this.#end.pump();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.awake = false;
    this.#end.removeLane(this);
    this.#onClose();
  }
}
