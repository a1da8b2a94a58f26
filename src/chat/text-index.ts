import type { Statement, Storage } from '../storage/database.js';
import { indexed, TOKENIZER } from './search-terms.js';

/** Messages in one part. Finding a word that is in each of them takes about a millisecond. */
const PART_MESSAGES = 10_000;

/**
 * The words of a room's messages, in tables of their own: what is found is this room's, and forgetting the room drops
 * them. FTS5 puts all places together of all words that begin as was typed before it gives the first of them, so one
 * table would take as long for a common word as the room is large, however few are wanted. So there are parts, one
 * after the other as messages come, and whoever searches goes through them from the newest and stops when it has enough.
 *
 * 1. A message is in the last part that begins at its row or before it.
 * 2. A part that is named in `chat_words` is there.
 */
export class TextIndex {
  readonly #storage: Storage;
  readonly #room: number;
  /** The rows that parts begin at, in order. */
  #parts: number[] = [];
  /** Messages in the last part. */
  #inLast = 0;

  private constructor(storage: Storage, room: number) {
    this.#storage = storage;
    this.#room = room;
  }

  static async load(storage: Storage, room: number): Promise<TextIndex> {
    const index = new TextIndex(storage, room);
    const parts = await storage.all('SELECT since FROM chat_words WHERE room = ? ORDER BY since', [room]);
    index.#parts = parts.map(({ since }) => Number(since));
    const last = index.#parts.at(-1);
    if (last !== undefined) {
      const [row] = await storage.all(`SELECT count(*) AS n FROM ${index.#table(last)}_docsize`);
      index.#inLast = Number(row?.n);
    }
    return index;
  }

  /** Makes sure that there is a part for messages of these rows, which come after all others. Call it before `add`. */
  async extend(rows: readonly number[]): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    if (this.#parts.length === 0 || this.#inLast >= PART_MESSAGES) {
      const since = this.#parts.length === 0 ? 0 : first;
      const table = this.#table(since);
      await this.#storage.batch([
        [`CREATE VIRTUAL TABLE ${table} USING fts5(text, content='', tokenize="${TOKENIZER}")`],
        [`INSERT INTO ${table} (${table}, rank) VALUES ('secure-delete', 1)`],
        ['INSERT INTO chat_words VALUES (?, ?)', [this.#room, since]],
      ]);
      this.#parts.push(since);
      this.#inLast = 0;
    }
    this.#inLast += rows.length;
  }

  add(row: number, text: string): Statement {
    return [`INSERT INTO ${this.#partOf(row)} (rowid, text) VALUES (?, ?)`, [row, indexed(text)]];
  }

  /** The index forgets a text only if it is told exactly the one that it has. */
  remove(row: number, text: string): Statement {
    const table = this.#partOf(row);
    return [`INSERT INTO ${table} (${table}, rowid, text) VALUES ('delete', ?, ?)`, [row, indexed(text)]];
  }

  /** The tables with words of messages before this row, the newest first. */
  newestFirst(beforeRow: number): string[] {
    return this.#parts
      .filter((since) => since < beforeRow)
      .map((since) => this.#table(since))
      .reverse();
  }

  forget(): Statement[] {
    return [
      ...this.#parts.map((since): Statement => [`DROP TABLE ${this.#table(since)}`]),
      ['DELETE FROM chat_words WHERE room = ?', [this.#room]],
    ];
  }

  #table(since: number): string {
    return `chat_text_${this.#room}${since === 0 ? '' : `_${since}`}`;
  }

  /** Invariant 1. */
  #partOf(row: number): string {
    return this.#table(this.#parts.findLast((since) => since <= row) ?? 0);
  }
}
