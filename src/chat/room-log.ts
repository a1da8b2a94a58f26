import b4a from 'b4a';
import sodium from 'sodium-native';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { ChatStore, Head, Known, StoredLog, StoredRoom } from './chat-store.js';
import {
  type Header,
  idBytes,
  type LogId,
  logBytes,
  logId,
  type Message,
  type MessageId,
  type Messages,
} from './message.js';
import { compare, nextClock, type Place } from './order.js';

/** A message that may be stored, with what follows from what it builds on. */
export interface Judged {
  readonly message: Message;
  readonly clock: number;
  readonly covers: number;
  /** Its own signature was looked at. */
  readonly checked: boolean;
}

export type Tip = Place & { covers: number };

/** What becomes of the log if these messages are stored. */
export interface Verdict {
  readonly accepted: readonly Judged[];
  readonly logs: readonly StoredLog[];
  readonly tips: readonly Tip[];
  /** Logs of which something came whose place before it is not here. */
  readonly gaps: ReadonlySet<LogId>;
  /** Messages that build on what is not here, in their log or another. */
  readonly orphans: readonly Message[];
  /** Logs that forked by it. */
  readonly forks: ReadonlySet<LogId>;
  /** Signed by nobody: they are of no use, whoever handed them on. */
  readonly unsigned: number;
  /** Such as nobody who heeds the rules stores. */
  readonly invalid: number;
  /** Logs that are not taken in any more, since there is no room for them. */
  readonly refused: ReadonlySet<LogId>;
}

/** What one end has of a log: enough to see whether the other has something else. */
export interface LogSummary {
  readonly log: LogId;
  /** Place of the next message, of its longest branch. */
  readonly next: number;
  /** Branches. */
  readonly branches: number;
  /** 32 bytes: the id of its last message; of several branches the hash of these ids in order. */
  readonly tip: Uint8Array;
}

/** Above this part of a room's room for messages an author may have `AUTHOR_SHARE` of it at most. */
const TIGHT = 0.8;
const AUTHOR_SHARE = 0.25;
const REMEMBERED = 8192;
const TIPS = 64;

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
  readonly #store: ChatStore;
  readonly #messages: Messages;
  readonly #live: boolean;
  readonly #logs = new Map<LogId, StoredLog>();
  readonly #shares = new Map<PeerId, number>();
  #tips: readonly Tip[] = [];
  /** What is known of messages that came last or were asked for. */
  readonly #recent = new Map<MessageId, Known>();
  #count = 0;
  #clock = 0;
  #digest: Uint8Array | null = null;

  /** A `live` log is not closed: it has what came while one was there, in the order in which it came. */
  constructor(store: ChatStore, messages: Messages, { live = false }: { live?: boolean } = {}) {
    this.#store = store;
    this.#messages = messages;
    this.#live = live;
  }

  load({ logs, tips }: StoredRoom): void {
    for (const log of logs) this.#put(log);
    this.#tips = tips;
    for (const { heads } of logs) for (const { clock } of heads) this.#clock = Math.max(this.#clock, clock);
  }

  /** Messages stored. */
  get count(): number {
    return this.#count;
  }

  get tips(): readonly Tip[] {
    return this.#tips;
  }

  /** Who has written here; one for each of their logs. */
  get authors(): Iterable<PeerId> {
    return [...this.#logs.keys()].map(authorOf);
  }

  log(id: LogId): StoredLog | undefined {
    return this.#logs.get(id);
  }

  /** 32 bytes that are the same at both ends if they have the same messages. */
  get digest(): Uint8Array {
    this.#digest ??= hash(this.summaries.flatMap(({ log, tip }) => [logBytes(log), tip]));
    return this.#digest;
  }

  /** In the order of their ids. */
  get summaries(): LogSummary[] {
    return [...this.#logs.keys()].sort().map((id) => this.#summary(this.#logs.get(id) as StoredLog));
  }

  summary(id: LogId): LogSummary | undefined {
    const log = this.#logs.get(id);
    return log && this.#summary(log);
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
    await this.#recall(messages);
    for (const message of messages) {
      const { author, writer } = message.header;
      const own = author === self && ownWriters.has(writer);
      if (this.#live) this.#judgeLive(message, batch, own);
      else this.#judgeClosed(message, batch, own);
    }
    return batch.verdict(this.#proven(batch.accepted));
  }

  /** To be called once a verdict is stored. */
  accept({ accepted, logs, tips }: Verdict): void {
    for (const { message, clock, covers } of accepted) {
      const { id, header } = message;
      this.#remember(id, { log: logId(header), seq: header.seq, clock, covers });
      this.#clock = Math.max(this.#clock, clock);
    }
    for (const log of logs) this.#put(log);
    this.#tips = tips;
  }

  /** Known messages among these. */
  async known(ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
    const found = new Map<MessageId, Known>();
    const asked = ids.filter((id) => {
      const known = this.#recent.get(id);
      if (known) found.set(id, known);
      return !known;
    });
    if (asked.length > 0) {
      for (const [id, known] of await this.#store.known(asked)) {
        found.set(id, known);
        this.#remember(id, known);
      }
    }
    return found;
  }

  /** Looks up what these messages build on, and those that do not go on where their log ended: at once. */
  async #recall(messages: readonly Message[]): Promise<void> {
    const here = new Set(messages.map(({ id }) => id));
    const wanted = new Set<MessageId>();
    const ends = new Set<MessageId>();
    for (const { id, header } of messages) {
      const { prev } = header;
      const heads = this.#logs.get(logId(header))?.heads ?? [];
      // What goes on from an end is new. What only goes on from a message that is here may be here too.
      if (prev ? ends.has(prev) || heads.some((head) => head.id === prev) : heads.length === 0) ends.add(id);
      else {
        wanted.add(id);
        if (prev) wanted.add(prev);
      }
      for (const parent of header.parents) if (!here.has(parent)) wanted.add(parent);
    }
    await this.known([...wanted]);
  }

  #judgeLive(message: Message, batch: Batch, own: boolean): void {
    const { id } = message;
    if (batch.has(id) || this.#recent.has(id)) return;
    const clock = ++batch.clock;
    batch.take({ message, clock, covers: own ? clock : 0, checked: true }, null, false);
  }

  #judgeClosed(message: Message, batch: Batch, own: boolean): void {
    const { id, header } = message;
    if (batch.has(id)) return;
    const log = logId(header);
    const stored = batch.log(log);
    const head = stored?.heads.find((each) => each.id === header.prev);
    if (!head && this.#recent.has(id)) return; // here already
    const find = (other: MessageId) => batch.find(other) ?? this.#recent.get(other);
    let prev: Known | undefined;
    if (header.prev) {
      prev = find(header.prev);
      if (!prev && head) prev = { log, seq: head.next - 1, clock: head.clock, covers: head.covers };
      if (!prev) {
        batch.gaps.add(log);
        return void batch.orphans.push(message); // Invariant 1
      }
      if (prev.log !== log || prev.seq !== header.seq - 1) return void batch.invalid++;
    }
    const below = prev ? [prev] : [];
    for (const parent of header.parents) {
      const known = find(parent);
      if (!known) return void batch.orphans.push(message); // Invariant 1
      below.push(known);
    }
    if (header.clock !== nextClock(below.map(({ clock }) => clock))) return void batch.invalid++; // Invariant 2
    if (!own && !this.#hasRoom(header.author, stored === undefined, batch))
      return void batch.refused.add(log);
    const covers = own ? header.clock : Math.max(0, ...below.map((each) => each.covers));
    const forks = !head && stored !== undefined;
    batch.take({ message, clock: header.clock, covers, checked: true }, head ?? null, forks);
  }

  #hasRoom(author: PeerId, isNewLog: boolean, batch: Batch): boolean {
    if (isNewLog && this.#logs.size + batch.newLogs >= LIMITS.chatLogs) return false;
    const count = this.#count + batch.accepted.length;
    if (count < LIMITS.chatRoomMessages * TIGHT) return true;
    if (count >= LIMITS.chatRoomMessages) return false;
    return (this.#shares.get(author) ?? 0) < count * AUTHOR_SHARE;
  }

  /** Those that are signed, by themselves or by what follows them in their log (Invariant 3). */
  #proven(accepted: readonly Judged[]): { proven: Judged[]; unsigned: number } {
    const byHash = new Set<MessageId>();
    const good = new Set<MessageId>();
    const unchecked = new Set<MessageId>();
    let unsigned = 0;
    for (const { message } of accepted.toReversed()) {
      if (byHash.has(message.id)) unchecked.add(message.id);
      else if (!this.#messages.isSigned(message)) {
        unsigned++;
        continue;
      }
      good.add(message.id);
      if (message.header.prev && !this.#live) byHash.add(message.header.prev);
    }
    const dropped = new Set<MessageId>();
    const proven: Judged[] = [];
    for (const judged of accepted) {
      const { id, header } = judged.message;
      const builds = header.prev ? [header.prev, ...header.parents] : header.parents;
      const stands = good.has(id) && (this.#live || !builds.some((each) => dropped.has(each)));
      if (stands) proven.push(unchecked.has(id) ? { ...judged, checked: false } : judged);
      else dropped.add(id);
    }
    return { proven, unsigned };
  }

  #put(log: StoredLog): void {
    const author = authorOf(log.id);
    const before = this.#logs.get(log.id)?.messages ?? 0;
    this.#logs.set(log.id, log);
    this.#shares.set(author, (this.#shares.get(author) ?? 0) + log.messages - before);
    this.#count += log.messages - before;
    this.#digest = null;
  }

  #remember(id: MessageId, known: Known): void {
    this.#recent.delete(id);
    this.#recent.set(id, known);
    if (this.#recent.size > REMEMBERED) this.#recent.delete(this.#recent.keys().next().value as MessageId);
  }

  #summary({ id, heads }: StoredLog): LogSummary {
    const [first] = heads as [Head];
    const tip =
      heads.length === 1
        ? idBytes(first.id)
        : hash(
            heads
              .map((head) => head.id)
              .toSorted()
              .map(idBytes),
          );
    return { log: id, next: Math.max(...heads.map(({ next }) => next)), branches: heads.length, tip };
  }
}

/** What a verdict is made of while messages are looked at one after the other. */
class Batch {
  readonly accepted: Judged[] = [];
  readonly gaps = new Set<LogId>();
  readonly orphans: Message[] = [];
  readonly refused = new Set<LogId>();
  readonly #forks = new Set<LogId>();
  readonly #taken = new Map<MessageId, Known>();
  readonly #before: ReadonlyMap<LogId, StoredLog>;
  readonly #tipsBefore: readonly Tip[];
  readonly #logs = new Map<LogId, StoredLog>();
  invalid = 0;
  newLogs = 0;
  clock: number;

  constructor(logs: ReadonlyMap<LogId, StoredLog>, tips: readonly Tip[], clock: number) {
    this.#before = logs;
    this.#tipsBefore = tips;
    this.clock = clock;
  }

  has(id: MessageId): boolean {
    return this.#taken.has(id);
  }

  find(id: MessageId): Known | undefined {
    return this.#taken.get(id);
  }

  log(id: LogId): StoredLog | undefined {
    return this.#logs.get(id) ?? this.#before.get(id);
  }

  take(judged: Judged, extended: Head | null, forks: boolean): void {
    const { message, clock, covers } = judged;
    const id = logId(message.header);
    const log = this.log(id);
    if (!log) this.newLogs++;
    if (forks) this.#forks.add(id);
    const head: Head = { id: message.id, next: message.header.seq + 1, clock, covers };
    const others = (log?.heads ?? []).filter((each) => each !== extended);
    this.#logs.set(id, {
      id,
      heads: extended || forks ? [head, ...others] : [head],
      messages: (log?.messages ?? 0) + 1,
    });
    this.#taken.set(message.id, { log: id, seq: message.header.seq, clock, covers });
    this.accepted.push(judged);
  }

  verdict({ proven, unsigned }: { proven: readonly Judged[]; unsigned: number }): Verdict {
    const { gaps, orphans, refused, invalid } = this;
    // What was not signed never came: the logs are built again from what is left.
    const kept = proven.length === this.accepted.length ? this : this.#again(proven);
    return {
      accepted: proven,
      logs: [...kept.#logs.values()],
      tips: kept.#tips(),
      gaps,
      orphans,
      forks: kept.#forks,
      unsigned,
      invalid,
      refused,
    };
  }

  #again(proven: readonly Judged[]): Batch {
    const batch = new Batch(this.#before, this.#tipsBefore, this.clock);
    for (const judged of proven) {
      const { header } = judged.message;
      const stored = batch.log(logId(header));
      const head = stored?.heads.find((each) => each.id === header.prev) ?? null;
      batch.take(judged, head, !head && stored !== undefined);
    }
    return batch;
  }

  #tips(): Tip[] {
    const covered = new Set<MessageId>();
    for (const { message } of this.accepted) {
      for (const parent of message.header.parents) covered.add(parent);
      if (message.header.prev) covered.add(message.header.prev);
    }
    const tips: Tip[] = this.accepted.map(({ message, clock, covers }) => ({
      id: message.id,
      clock,
      covers,
    }));
    const all = [...this.#tipsBefore, ...tips].filter(({ id }) => !covered.has(id));
    return all.length > TIPS ? all.toSorted((a, b) => compare(b, a)).slice(0, TIPS) : all;
  }
}

export const authorOf = (log: LogId): PeerId => log.slice(0, 64) as PeerId;

function hash(parts: Uint8Array[]): Uint8Array {
  const digest = b4a.alloc(32);
  sodium.crypto_generichash_batch(digest, parts.length > 0 ? parts : [b4a.alloc(0)]);
  return digest;
}
