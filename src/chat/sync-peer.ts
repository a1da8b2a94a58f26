import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { BulkFlow, SessionChannel } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import type { ChatMessages, WireMessage } from './chat-channel.js';
import type { ForkSearch, Lack } from './log-difference.js';
import type { LogId, Message } from './message.js';
import type { Serving } from './serving.js';

/** The channel to one instance, by what sync needs of it. */
export type SyncChannel = Pick<SessionChannel<ChatMessages>, 'send' | 'sendBulk' | 'bulk'>;

/** Live messages at most this fast: faster than others take them they are announced and fetched. */
const PUSHES = { perSecond: LIMITS.chatUrgentPerSecond / 2, burst: LIMITS.chatUrgentBurst / 4 };

/** Each request is read from disk ahead, so that many that nobody waits for would cost much. */
const RESTARTS = { perSecond: 2, burst: 16 };

/** What is known of one instance. */
export class SyncPeer {
  readonly instance: string;
  readonly channel: SyncChannel;
  readonly pushes: TokenBucket;
  /** Requests of its that end the one before. */
  readonly restarts: TokenBucket;
  /** Instances that it hears from directly. */
  sees: ReadonlySet<string> = new Set();
  /** It has all of the own log, so that the next message can be pushed. */
  upToDate = false;
  /** The digest that it was told last, as hex. */
  told = '';
  /** Logs that it has more of. */
  readonly lacking = new Map<LogId, Lack>();
  /** Logs to be announced to it. */
  readonly dirty = new Set<LogId>();
  /** When it was asked last, or came: who comes anew, under whatever instance, stands behind those who wait. */
  askedAt: number;
  /** Until when it is not asked again since it gave too little. */
  pausedUntil = Number.NEGATIVE_INFINITY;
  pauseMs = 0;
  /** Its forked logs, as far as they were asked for. */
  readonly forks = new Map<LogId, ForkSearch>();
  /** Pages of a request that is not whole yet. */
  wanted = new Map<LogId, number>();
  /** The vector that it is being told. */
  vector: BulkFlow | null = null;
  vectorAt = Number.NEGATIVE_INFINITY;
  /** Another one is to be told. */
  vectorDue: Timer | null = null;
  serving: Serving | null = null;

  constructor(instance: string, channel: SyncChannel, clock: Clock) {
    this.instance = instance;
    this.channel = channel;
    this.askedAt = clock.now();
    this.pushes = new TokenBucket(clock, PUSHES);
    this.restarts = new TokenBucket(clock, RESTARTS);
  }

  /** What was under way to it ends. */
  stop(): void {
    this.serving?.close();
    this.serving = null;
    this.vector?.close();
    this.vector = null;
    this.vectorDue?.cancel();
    this.vectorDue = null;
    this.vectorAt = Number.NEGATIVE_INFINITY;
    this.wanted.clear();
  }
}

export const asWire = ({ headerBytes, signature, body }: Message): WireMessage => ({
  header: headerBytes,
  signature,
  body: body ?? b4a.alloc(0),
});
