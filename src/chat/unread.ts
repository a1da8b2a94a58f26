import type { ChatStore, Counts, LeftOut } from './chat-store.js';
import type { Place } from './order.js';

/** How much of what others said was not read yet. */
export class Unread {
  readonly #store: ChatStore;
  readonly #uncounted: () => LeftOut;
  readonly #changed: (counts: Counts) => void;
  #counts: Counts = { unread: 0, mentions: 0 };
  #readRow = 0;

  constructor(store: ChatStore, uncounted: () => LeftOut, changed: (counts: Counts) => void) {
    this.#store = store;
    this.#uncounted = uncounted;
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
    if (isOther) this.tell();
  }

  /** Something else that is told with the counts has changed. */
  tell(): void {
    this.#changed(this.#counts);
  }

  /**
   * Everything up to this place was read, or everything; what was read before stays read. What came after something that
   * stands further down and was not read counts until that is read too. To be called alone.
   */
  async readTo(place: Place | null): Promise<void> {
    const beyond = place && (await this.#store.firstBeyond(this.#readRow, place, this.#uncounted()));
    const row = beyond === null ? await this.#store.newestRow() : beyond - 1;
    this.#readRow = Math.max(this.#readRow, row);
    await this.recount();
  }

  /** What counts may have changed: whom one wants to hear. To be called alone. */
  async recount(): Promise<void> {
    this.#counts = await this.#store.counts(this.#readRow, this.#uncounted());
    await this.#store.apply({ readRow: this.#readRow, counts: this.#counts });
    this.tell();
  }
}
