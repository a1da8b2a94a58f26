import type { Clock, Timer } from '../clock.js';
import { LIMITS } from '../limits.js';
import { type BodyChange, type ChatStore, FLAG, type Retention } from './chat-store.js';
import type { Reader } from './timeline.js';
import type { Work } from './work.js';

const DAY_MS = 24 * 60 * 60_000;
const RETENTION_MS: Record<Retention, number> = {
  '1d': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
  forever: Number.POSITIVE_INFINITY,
};
const EXPIRED_AT_ONCE = 256;
const EXPIRE_EVERY_MS = 60 * 60_000;

export interface ExpiryDependencies {
  store: ChatStore;
  reader: Reader;
  work: Work;
  clock: Clock;
  /** How long texts are kept, as it is set now. */
  keep: () => Retention;
  /** A live room's go after a day at most. */
  live: boolean;
  /** So many messages have lost their texts. */
  gone: (count: number) => void;
}

/** Removes texts past their time from this data folder. Headers stay, so that what builds on them still verifies. */
export class Expiry {
  readonly #deps: ExpiryDependencies;
  #timer: Timer | null = null;

  constructor(deps: ExpiryDependencies) {
    this.#deps = deps;
  }

  /** Removes what is too old, now and every hour. */
  begin(): void {
    const { work, clock } = this.#deps;
    const expire = () => work.attempt(() => this.expire());
    this.#timer = clock.every(EXPIRE_EVERY_MS, expire);
    expire();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Removes what is too old, in portions. */
  async expire(): Promise<void> {
    const { store, work, clock, keep, live, gone } = this.#deps;
    const keptMs = live ? Math.min(RETENTION_MS[keep()], LIMITS.lobbyMs) : RETENTION_MS[keep()];
    if (keptMs === Number.POSITIVE_INFINITY) return;
    const before = clock.wall() - keptMs;
    let all = 0;
    for (let count = EXPIRED_AT_ONCE; count === EXPIRED_AT_ONCE; all += count)
      count = await work.alone(() => this.#expireSome(before));
    if (all === 0) return;
    await store.scrub();
    gone(all);
  }

  async #expireSome(before: number): Promise<number> {
    const { store, reader } = this.#deps;
    const old = await store.expired(before, EXPIRED_AT_ONCE);
    const about = await store.about(old.map(({ id }) => id));
    const bodies = old.map((message): BodyChange => {
      const { id, row, flags } = message;
      const edits = about.filter(({ target }) => target === id);
      const was = reader.found(message, edits);
      return { id, row, body: null, flags: flags | FLAG.expired, was, text: null };
    });
    for (const { id, row, flags, body } of about)
      if (body !== null)
        bodies.push({ id, row, body: null, flags: flags | FLAG.expired, was: null, text: null });
    if (bodies.length > 0) await store.apply({ bodies });
    return old.length;
  }
}
