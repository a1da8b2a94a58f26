import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Handlers } from '../protocol/channel-definition.js';
import type { OpenChannel, SessionChannel } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import type { ChatMessages, WireMessage, WireSummary } from './chat-channel.js';
import type { HistorySync } from './history-sync.js';
import type { Intake } from './intake.js';
import type { LivePeer, LivePush } from './live-push.js';
import { idBytes, type Messages, messageId } from './message.js';
import { givenBodies, type MissingBodies } from './missing-bodies.js';
import type { News } from './news.js';
import type { ReceiptExchange } from './receipt-exchange.js';
import type { SyncPeer } from './sync-peer.js';
import type { Typing } from './typing.js';
import type { Work } from './work.js';

/** A member to talk to: what chat needs of a room session. */
export interface ChatPeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
  /** False until it has said who it is: nothing is heard of it before. */
  readonly isPresent: () => boolean;
}

/** One instance of somebody who is here, as the parts of chat know it. */
export interface ChatMember {
  readonly peer: ChatPeer;
  readonly channel: SessionChannel<ChatMessages>;
  readonly sync: SyncPeer;
  readonly live: LivePeer;
}

export interface HearingDependencies {
  /** The room keeps nothing: of it only what is said now is heard. */
  live: boolean;
  closing: () => boolean;
  clock: Clock;
  work: Work;
  messages: Messages;
  intake: Intake;
  sync: HistorySync;
  push: LivePush;
  exchange: ReceiptExchange;
  typing: Typing;
  bodies: MissingBodies;
  news: News;
}

/**
 * What members say and which part of chat it goes to.
 *
 * 1. Nothing is heard before a member is present, nor after the end.
 * 2. What is urgent has an allowance; bulk is bounded by what may be under way.
 * 3. What came in a frame is copied if it is used after this tick.
 */
export class Hearing {
  readonly #deps: HearingDependencies;

  constructor(deps: HearingDependencies) {
    this.#deps = deps;
  }

  /** The handlers of a peer's channel; `self` is called once the channel is open. */
  of(peer: ChatPeer, self: () => ChatMember): Handlers<ChatMessages> {
    const { live, closing, clock, work, sync, push, exchange, typing, bodies, news } = this.#deps;
    const allowance = new TokenBucket(clock, {
      perSecond: LIMITS.chatUrgentPerSecond,
      burst: LIMITS.chatUrgentBurst,
    });
    const receiptPages = new TokenBucket(clock, {
      perSecond: LIMITS.chatReceiptPagesPerSecond,
      burst: LIMITS.chatReceiptPagesBurst,
    });
    const hear = (fn: () => void | Promise<void>): void | Promise<void> => {
      if (!allowance.take()) throw new ProtocolError('MESSAGE_FLOOD'); // Invariant 2
      if (!closing() && peer.isPresent()) return work.blameless(fn()); // Invariant 1
    };
    const hearKept = (fn: (member: ChatMember) => void | Promise<void>) =>
      hear(() => (live ? undefined : fn(self())));
    const take = (fn: (member: ChatMember) => Promise<void>): void | Promise<void> => {
      if (!closing() && !live) return work.blameless(fn(self()));
    };
    return {
      digest: ({ history, receipts }) => {
        const digest = { history: b4a.from(history), receipts: b4a.from(receipts) };
        return hearKept((member) => sync.onDigest(member.sync, digest));
      },
      vector: ({ logs, last }) => {
        const copied = { logs: logs.map(copySummary), last };
        return take((member) => sync.onVector(member.sync, copied));
      },
      want: (want) => hearKept((member) => sync.onWant(member.sync, want)),
      history: (batch) => take((member) => sync.onHistory(member.sync, batch)),
      message: (wire) => hear(() => (live ? this.#onLive(self(), wire) : sync.onMessage(self().sync, wire))),
      heads: ({ logs }) => {
        const copied = { logs: logs.map(copySummary) };
        return hearKept((member) => sync.onHeads(member.sync, copied));
      },
      receipt: ({ receipt, signature }) => {
        const [bytes, signed] = [b4a.from(receipt), b4a.from(signature)];
        return hearKept((member) => exchange.take(member, bytes, signed));
      },
      sees: (sees) => hear(() => sync.onSees(self().sync, sees)),
      typing: ({ on }) => hear(() => typing.set(peer.id, on === 1)),
      wantBodies: ({ ids }) => {
        const wanted = ids.map(messageId);
        return hearKept(({ channel }) => bodies.give(channel, wanted));
      },
      bodies: (given) => {
        const copied = givenBodies(given.bodies);
        return take(async () => {
          const came = await work.alone(() => bodies.take(copied));
          if (came > 0) news.change(came);
        });
      },
      receipts: (page) => {
        if (!receiptPages.take()) throw new ProtocolError('MESSAGE_FLOOD'); // each is a signature to be looked at
        const copied = page.receipts.map(
          ({ receipt, signature }) => [b4a.from(receipt), b4a.from(signature)] as const,
        );
        return take(async (member) => {
          for (const [bytes, signature] of copied) await exchange.take(member, bytes, signature);
        });
      },
      got: ({ ids }) => push.got(self().live, ids.map(messageId)),
    };
  }

  /** A live room takes a message from its author's own stream alone, and confirms it. */
  async #onLive({ peer, channel }: ChatMember, { header, signature, body }: WireMessage): Promise<void> {
    const { messages, intake } = this.#deps;
    const message = messages.read(header, signature, body);
    if (!message || message.header.author !== peer.id) throw new ProtocolError('MESSAGE_MALFORMED');
    const verdict = await intake.takeLive([message]);
    if (verdict.unsigned > 0) throw new ProtocolError('SIGNATURE_WRONG');
    channel.send('got', { ids: [idBytes(message.id)] });
  }
}

const copySummary = ({ log, tip, ...rest }: WireSummary): WireSummary => ({
  ...rest,
  log: b4a.from(log),
  tip: b4a.from(tip),
});
