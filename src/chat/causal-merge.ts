import type { ChatStore, StoredMessage } from './chat-store.js';
import type { LogId } from './message.js';
import { compare } from './order.js';

/** Messages read at once of one log, and of all together. */
const PAGE = 256;
const PAGES_TOGETHER = 4096;

interface Cursor {
  readonly log: LogId;
  page: StoredMessage[];
  at: number;
}

/**
 * The messages of several logs from given places on, in the order of the room: what one builds on comes before it. Of
 * a forked log that holds for each branch; who is handed such a message too early asks again.
 */
export class CausalMerge {
  readonly #store: ChatStore;
  readonly #wanted: [LogId, number][];
  readonly #pageSize: number;
  /** A heap: the least is first. */
  readonly #heap: Cursor[] = [];
  #begun = false;

  constructor(store: ChatStore, wanted: ReadonlyMap<LogId, number>) {
    this.#store = store;
    this.#wanted = [...wanted];
    this.#pageSize = Math.max(4, Math.min(PAGE, Math.floor(PAGES_TOGETHER / Math.max(1, wanted.size))));
  }

  /** The next ones, `limit` at most; none at the end. */
  async next(limit: number): Promise<StoredMessage[]> {
    if (!this.#begun) await this.#begin();
    const messages: StoredMessage[] = [];
    while (messages.length < limit) {
      const cursor = this.#heap[0];
      if (!cursor) break;
      messages.push(cursor.page[cursor.at++] as StoredMessage);
      if (cursor.at < cursor.page.length || (await this.#refill(cursor))) this.#sink(0);
      else this.#removeFirst();
    }
    return messages;
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    for (const [log, from] of this.#wanted) {
      const start = { seq: from - 1, row: Number.MAX_SAFE_INTEGER };
      const page = await this.#store.ofLog(log, start, this.#pageSize);
      if (page.length > 0) this.#heap.push({ log, page, at: 0 });
    }
    for (let i = this.#heap.length >> 1; i >= 0; i--) this.#sink(i);
  }

  async #refill(cursor: Cursor): Promise<boolean> {
    const last = cursor.page.at(-1);
    if (!last || cursor.page.length < this.#pageSize) return false;
    cursor.page = await this.#store.ofLog(cursor.log, last, this.#pageSize);
    cursor.at = 0;
    return cursor.page.length > 0;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      let least = i;
      for (const child of [left, left + 1]) {
        if (child < heap.length && before(heap[child] as Cursor, heap[least] as Cursor)) least = child;
      }
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least] as Cursor, heap[i] as Cursor];
      i = least;
    }
  }
}

const before = (a: Cursor, b: Cursor) =>
  compare(a.page[a.at] as StoredMessage, b.page[b.at] as StoredMessage) < 0;
