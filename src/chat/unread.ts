import type { ChatStore, Counts } from './chat-store.js';

/** How much of what others said was not read yet. */
export class Unread {
  readonly #store: ChatStore;
  readonly #changed: (counts: Counts) => void;
  #counts: Counts = { unread: 0, mentions: 0 };
  #readRow = 0;

  constructor(store: ChatStore, changed: (counts: Counts) => void) {
    this.#store = store;
    this.#changed = changed;
  }

  load({ counts, readRow }: { counts: Counts; readRow: number }): void {
    this.#counts = counts;
    this.#readRow = readRow;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** Everything up to this row of the store was read. */
  get readRow(): number {
    return this.#readRow;
  }

  /** New messages were counted, and stored. */
  counted(counts: Counts): void {
    const isOther = counts.unread !== this.#counts.unread || counts.mentions !== this.#counts.mentions;
    this.#counts = counts;
    if (isOther) this.#changed(counts);
  }

  /** Everything up to this row was read; what was read before stays read. To be called alone. */
  async readTo(row: number): Promise<void> {
    this.#readRow = Math.max(this.#readRow, row);
    this.#counts = await this.#store.counts(this.#readRow);
    await this.#store.apply({ readRow: this.#readRow, counts: this.#counts });
    this.#changed(this.#counts);
  }
}
