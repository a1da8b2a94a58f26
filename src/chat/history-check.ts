import type { Clock, Timer } from '../clock.js';
import type { Storage } from '../storage/database.js';
import { FLAG } from './chat-store.js';

/** A look at so many takes about 5 ms. */
const ROWS = 500;
const EVERY_MS = 100;

/** The rows of a piece that an index leads to. What an index does not lead to is missing where it is read by it. */
const ledTo = (index: string, on: string, where = 'true'): string =>
  `SELECT count(*) AS n FROM chat_message a JOIN chat_message b INDEXED BY ${index} ON ${on} AND b.k = a.k
   WHERE a.k > ? AND a.k <= ? AND ${where}`;

const rows = (where = 'true'): string =>
  `SELECT count(*) AS n FROM chat_message a NOT INDEXED WHERE a.k > ? AND a.k <= ? AND ${where}`;

/** For each index: how many of its rows there are, and how many it leads to. */
const PAIRS = [
  [rows(), ledTo('chat_message_id', 'b.id = a.id')],
  [rows(), ledTo('chat_message_log', 'b.log = a.log AND b.seq = a.seq')],
  [rows('a.target IS NOT NULL'), ledTo('chat_message_target', 'b.target = a.target', 'a.target IS NOT NULL')],
  [
    rows(`a.flags & ${FLAG.shown}`),
    ledTo(
      'chat_message_shown',
      `b.room = a.room AND b.clock = a.clock AND b.flags & ${FLAG.shown}`,
      `a.flags & ${FLAG.shown}`,
    ),
  ],
] as const;

/**
 * Compares long histories with their indices piece by piece while the node runs, the newest first: to look at all of
 * them at the start would take too long, and an edit that an index does not lead to would be missing without a word.
 */
export class HistoryCheck {
  readonly #storage: Storage;
  readonly #timer: Timer;
  #below = Number.MAX_SAFE_INTEGER;
  #isLooking = false;

  /** Begins. */
  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#timer = clock.every(EVERY_MS, () => void this.#look());
  }

  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      if (!(await this.next())) this.close();
    } catch {
      this.close(); // the storage is closed, or has told what is wrong
    }
    this.#isLooking = false;
  }

  /** Looks at the next piece. False if there is none, or if it is damaged, which is told to the storage. */
  async next(): Promise<boolean> {
    const piece = await this.#storage.all('SELECT k FROM chat_message WHERE k < ? ORDER BY k DESC LIMIT ?', [
      this.#below,
      ROWS,
    ]);
    const [to, from] = [Number(piece[0]?.k), Number(piece.at(-1)?.k)];
    if (piece.length === 0) return false;
    this.#below = from;
    for (const [all, led] of PAIRS) {
      const [there, found] = [await this.#count(all, from, to), await this.#count(led, from, to)];
      if (there === found) continue;
      this.#storage.damaged();
      return false;
    }
    return true;
  }

  async #count(sql: string, from: number, to: number): Promise<number> {
    const [row] = await this.#storage.all(sql, [from - 1, to]);
    return Number(row?.n);
  }
}
