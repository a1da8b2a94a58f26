import type { Head, Known, StoredLog } from './chat-store.js';
import { type LogId, logId, type Message, type MessageId } from './message.js';
import { compare, type Tip } from './order.js';
import type { Judged, Verdict } from './verdict.js';

/** More than the newest of them are no help to whoever writes next. */
const TIPS = 64;

/** What a verdict is made of while messages are looked at one after the other. */
export class Batch {
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
