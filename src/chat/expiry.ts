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

/** How long texts of a room are kept; a live room's go after a day at most. */
export const keptMs = (keep: Retention, live: boolean): number =>
  live ? Math.min(RETENTION_MS[keep], LIMITS.lobbyMs) : RETENTION_MS[keep];

export interface ExpiryDependencies {
  store: ChatStore;
  reader: Reader;
  work: Work;
}

/** Removes texts past their time from this data folder. Headers stay, so that what builds on them still verifies. */
export class Expiry {
  readonly #deps: ExpiryDependencies;

  constructor(deps: ExpiryDependencies) {
    this.#deps = deps;
  }

  /** Removes what was sent before (ms since 1970), in portions. Resolves to the number of messages. */
  async expire(before: number): Promise<number> {
    const { store, work } = this.#deps;
    let gone = 0;
    for (let count = EXPIRED_AT_ONCE; count === EXPIRED_AT_ONCE; gone += count)
      count = await work.alone(() => this.#expireSome(before));
    if (gone > 0) await store.scrub();
    return gone;
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
