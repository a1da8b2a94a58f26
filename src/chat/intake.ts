import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { TokenBucket } from '../token-bucket.js';
import { type Content, encodeBody, kindNumber } from './content.js';
import type { Message, MessageId, Messages, Signer } from './message.js';
import type { RoomLog } from './room-log.js';
import type { Judged, Verdict } from './verdict.js';
import type { Work } from './work.js';
import type { Writers } from './writers.js';

export interface IntakeDependencies {
  log: RoomLog;
  messages: Messages;
  work: Work;
  clock: Clock;
  self: Signer & { readonly id: PeerId };
  writers: Writers;
  /** Stores what was accepted, alone; durable when it resolves. */
  store: (verdict: Verdict, options: StoringOptions) => Promise<void>;
}

export interface StoringOptions {
  /** It was written here. */
  readonly own: boolean;
  /** It came as a batch of history. */
  readonly bulk: boolean;
}

const OWN = { own: true, bulk: false };
const BULK = { own: false, bulk: true };
const LIVE = { own: false, bulk: false };

/** One commit takes live messages of this long when many come. */
const GATHER_MS = 5;
const COMMITS = { perSecond: 200, burst: 64 };

interface Waiting {
  messages: readonly Message[];
  resolve: (verdict: Verdict) => void;
  reject: (err: unknown) => void;
}

/** The way of every message into the store: judged, then stored. */
export class Intake {
  readonly #deps: IntakeDependencies;
  readonly #waiting: Waiting[] = [];
  readonly #commits: TokenBucket;
  #draining = false;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
    this.#commits = new TokenBucket(deps.clock, COMMITS);
  }

  /** Writes an own message. To be called alone. Throws HISTORY_FULL. */
  async write(content: Content, target: MessageId | null): Promise<Judged> {
    const { log, messages, clock, self, writers } = this.#deps;
    const writer = writers.current;
    const header = {
      ...log.next(self.id, writer),
      writer,
      wall: clock.wall(),
      kind: kindNumber(content.kind),
      target,
    };
    const verdict = await this.#take([messages.make(header, encodeBody(content), self)], OWN);
    const [judged] = verdict.accepted;
    if (!judged) throw new ChatterError('HISTORY_FULL');
    return judged;
  }

  /** Takes a batch of history. */
  takeBulk(messages: readonly Message[]): Promise<Verdict> {
    return this.#deps.work.alone(() => this.#take(messages, BULK));
  }

  /** Live messages of many are stored together when they come fast. */
  takeLive(messages: readonly Message[]): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ messages, resolve, reject });
      if (this.#draining) return;
      this.#draining = true;
      if (this.#commits.take()) void this.#drain();
      else this.#deps.work.after(GATHER_MS, () => void this.#drain());
    });
  }

  async #take(messages: readonly Message[], options: StoringOptions): Promise<Verdict> {
    const verdict = await this.#judge(messages);
    await this.#deps.store(verdict, options);
    return verdict;
  }

  #judge(messages: readonly Message[]): Promise<Verdict> {
    const { log, self, writers } = this.#deps;
    return log.judge(messages, self.id, writers.all);
  }

  async #drain(): Promise<void> {
    let taken: Waiting[] | null = null;
    try {
      await this.#deps.work.alone(async () => {
        this.#draining = false;
        taken = this.#waiting.splice(0);
        await this.#takeTogether(taken);
      });
    } catch (err) {
      for (const { reject } of taken ?? this.#waiting.splice(0)) reject(err);
    }
  }

  async #takeTogether(waiting: readonly Waiting[]): Promise<void> {
    const all = await this.#judge(waiting.flatMap(({ messages }) => messages));
    if (all.invalid > 0 || all.unsigned > 0) return this.#takeEach(waiting);
    await this.#deps.store(all, LIVE);
    for (const { messages, resolve } of waiting) resolve(partOf(all, messages));
  }

  /** Somebody sent what nobody may: each is looked at by itself, so that no other pays for it. */
  async #takeEach(waiting: readonly Waiting[]): Promise<void> {
    for (const { messages, resolve, reject } of waiting)
      await this.#take(messages, LIVE).then(resolve, reject);
  }
}

/** What a verdict about many says about some of them. */
function partOf(all: Verdict, messages: readonly Message[]): Verdict {
  const ids = new Set(messages.map(({ id }) => id));
  return {
    ...all,
    accepted: all.accepted.filter(({ message }) => ids.has(message.id)),
    orphans: all.orphans.filter(({ id }) => ids.has(id)),
  };
}
