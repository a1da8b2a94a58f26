import type { Client } from '../../src/daemon/client.js';

const KEEP_MS = 1_000;

/** What one has begun to write in a room: the node keeps it, for this window and others. */
export class Draft {
  readonly #client: Client;
  readonly #room: string;
  #kept = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(client: Client, room: string) {
    this.#client = client;
    this.#room = room;
  }

  /** What is kept; empty where nothing is, or the node cannot be asked. */
  async read(): Promise<string> {
    const draft = await this.#client.request('draft', { room: this.#room }).catch(() => null);
    this.#kept = draft?.text ?? '';
    return this.#kept;
  }

  /** Keeps what is being written, if that is not what is kept. */
  async keep(text: string): Promise<void> {
    if (text === this.#kept) return;
    this.#kept = text;
    await this.#client.request('draft', { room: this.#room, text }).catch(() => undefined);
  }

  /** Keeps what is being written a moment later. */
  keepSoon(text: () => string): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.keep(text());
    }, KEEP_MS);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }
}
