import type { Client } from '../../src/daemon/client.js';
import type { View } from './view.js';

/** Others forget after 6 s that somebody writes. */
const TYPING_EVERY_MS = 3_000;
const READ_EVERY_MS = 500;

/** What a room is told of whoever sits before the full screen: that they write, and what they have read. */
export class Attention {
  readonly #client: Client;
  readonly #view: View;
  #typingAt = Number.NEGATIVE_INFINITY;
  /** Id of the newest message that was told to be read. */
  #readUpTo: string | null = null;
  #readTimer: NodeJS.Timeout | null = null;

  constructor(client: Client, view: View) {
    this.#client = client;
    this.#view = view;
  }

  /** Something is being written. */
  writes(): void {
    const now = performance.now();
    if (now - this.#typingAt < TYPING_EVERY_MS) return;
    this.#typingAt = now;
    const { roomId: room } = this.#view.state;
    void this.#client.request('typing', { room, on: true }).catch(() => undefined);
  }

  /** What was being written was said: who writes on from here is told of anew. */
  wrote(): void {
    this.#typingAt = Number.NEGATIVE_INFINITY;
  }

  /** What stands on the screen is read when somebody looks at it. */
  looks(): void {
    const { focused, scroll, entries, joined, roomId: room } = this.#view.state;
    const newest = entries.findLast((entry) => entry.type === 'message')?.key;
    if (!focused || scroll || !joined || newest === undefined || newest === this.#readUpTo || this.#readTimer)
      return;
    this.#readTimer = setTimeout(() => {
      this.#readTimer = null;
      this.#readUpTo = newest;
      void this.#client.request('read', { room, upTo: newest }).catch(() => undefined);
      this.looks();
    }, READ_EVERY_MS);
  }

  close(): void {
    if (this.#readTimer) clearTimeout(this.#readTimer);
  }
}
