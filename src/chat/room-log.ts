import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { Batch } from './batch.js';
import type { ChatStore, Known, StoredLog, StoredRoom } from './chat-store.js';
import { type JudgingContext, judgeClosed, judgeLive, proven } from './judging.js';
import { KnownMessages } from './known-messages.js';
import { LogQuota } from './log-quota.js';
import { digestOf, type LogSummary, summarize } from './log-summary.js';
import {
  authorOf,
  type Header,
  type LogId,
  logId,
  type Message,
  type MessageId,
  type Messages,
} from './message.js';
import { compare, nextClock, type Tip } from './order.js';
import type { Verdict } from './verdict.js';

/**
 * The messages of a room as a graph: logs of authors, each message with its place in its log and the messages that it
 * builds on.
 *
 * 1. What is stored is closed: the message before each, and its parents, are stored too.
 * 2. A clock is one more than the highest clock below it, so nobody can claim a later place than they have.
 * 3. Nothing is accepted that its author has not signed: itself, or a later message of the log that holds its hash.
 * 4. All branches of a forked log are kept: whoever has the same messages has the same history.
 */
export class RoomLog {
  readonly #messages: Messages;
  readonly #live: boolean;
  readonly #known: KnownMessages;
  readonly #judging: JudgingContext;
  readonly #quota = new LogQuota();
  readonly #logs = new Map<LogId, StoredLog>();
  #tips: readonly Tip[] = [];
  #clock = 0;
  /** Told to everybody who has another digest, so made once for all of them. */
  #summaries: readonly LogSummary[] | null = null;
  #digest: Uint8Array | null = null;

  /** A `live` log is not closed: it has what came while one was there, in the order in which it came. */
  constructor(store: ChatStore, messages: Messages, { live = false }: { live?: boolean } = {}) {
    this.#messages = messages;
    this.#live = live;
    this.#known = new KnownMessages(store);
    this.#judging = {
      known: (id) => this.#known.recall(id),
      hasRoom: (author, isNewLog, { newLogs, accepted }) =>
        !(isNewLog && this.#logs.size + newLogs >= LIMITS.chatLogs) &&
        this.#quota.hasRoom(author, accepted.length),
    };
  }

  load({ logs, tips }: StoredRoom): void {
    for (const log of logs) this.#put(log);
    this.#tips = tips;
    for (const { heads } of logs) for (const { clock } of heads) this.#clock = Math.max(this.#clock, clock);
  }

  /** Messages stored. */
  get count(): number {
    return this.#quota.count;
  }

  get tips(): readonly Tip[] {
    return this.#tips;
  }

  /** Who has written here; one for each of their logs. */
  get authors(): Iterable<PeerId> {
    return [...this.#logs.keys()].map(authorOf);
  }

  /** Whether this person has written here. */
  hasWritten(author: PeerId): boolean {
    return this.#quota.has(author);
  }

  log(id: LogId): StoredLog | undefined {
    return this.#logs.get(id);
  }

  /** 32 bytes that are the same at both ends if they have the same messages. */
  get digest(): Uint8Array {
    this.#digest ??= digestOf(this.summaries);
    return this.#digest;
  }

  /** In the order of their ids. The same array until something is stored. */
  get summaries(): readonly LogSummary[] {
    this.#summaries ??= [...this.#logs.keys()].sort().map((id) => summarize(this.#logs.get(id) as StoredLog));
    return this.#summaries;
  }

  summary(id: LogId): LogSummary | undefined {
    const log = this.#logs.get(id);
    return log && summarize(log);
  }

  /** What a message of one's own builds on now. */
  next(author: PeerId, writer: string): Pick<Header, 'seq' | 'prev' | 'parents' | 'clock'> {
    const head = this.#logs.get(logId({ author, writer }))?.heads[0];
    const parents = this.#live
      ? []
      : this.#tips
          .filter(({ id }) => id !== head?.id)
          .toSorted((a, b) => compare(b, a))
          .slice(0, LIMITS.chatParents);
    const clocks = parents.map(({ clock }) => clock);
    return {
      seq: head?.next ?? 0,
      prev: head?.id ?? null,
      parents: parents.map(({ id }) => id),
      clock: this.#live ? this.#clock + 1 : nextClock(head ? [head.clock, ...clocks] : clocks),
    };
  }

  /**
   * Which of these messages can be stored. They are looked at in the order given: what one builds on must be stored
   * already or come before it. `ownWriters` are the writers of this data folder, by whose clocks others' receipts count.
   */
  async judge(messages: readonly Message[], self: PeerId, ownWriters: ReadonlySet<string>): Promise<Verdict> {
    const batch = new Batch(this.#logs, this.#tips, this.#clock);
    await this.#known.prepare(messages, (log) => this.#logs.get(log)?.heads ?? []);
    const judge = this.#live ? judgeLive : judgeClosed;
    for (const message of messages) {
      const { author, writer } = message.header;
      judge(message, batch, this.#judging, author === self && ownWriters.has(writer));
    }
    const isSigned = (message: Message) => this.#messages.isSigned(message);
    return batch.verdict(proven(batch.accepted, { isSigned, live: this.#live }));
  }

  /** To be called once a verdict is stored. */
  accept({ accepted, logs, tips }: Verdict): void {
    for (const { message, clock, covers } of accepted) {
      const { id, header } = message;
      this.#known.remember(id, { log: logId(header), seq: header.seq, clock, covers });
      this.#clock = Math.max(this.#clock, clock);
    }
    for (const log of logs) this.#put(log);
    this.#tips = tips;
  }

  /** Known messages among these. */
  known(ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
    return this.#known.find(ids);
  }

  #put(log: StoredLog): void {
    const before = this.#logs.get(log.id)?.messages ?? 0;
    this.#logs.set(log.id, log);
    this.#quota.add(authorOf(log.id), log.messages - before);
    this.#summaries = null;
    this.#digest = null;
  }
}
