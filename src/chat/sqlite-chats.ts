import type { Storage } from '../storage/database.js';
import { type ChatStore, ROOM_SETTINGS } from './chat-store.js';
import { STEPS } from './chat-tables.js';
import { checkChats } from './check-chats.js';
import { SqliteChatStore } from './sqlite-chat-store.js';
import { TextIndex } from './text-index.js';

/** Histories of rooms in the data folder's database. */
export class SqliteChats {
  readonly #storage: Storage;
  #row: number;

  private constructor(storage: Storage, row: number) {
    this.#storage = storage;
    this.#row = row;
  }

  /** Throws STORAGE_FAILED for histories that the disk has changed. */
  static async load(storage: Storage): Promise<SqliteChats> {
    await storage.migrate('chat', STEPS);
    await checkChats(storage);
    const [row] = await storage.all('SELECT max(k) AS k FROM chat_message');
    return new SqliteChats(storage, Number(row?.k ?? 0));
  }

  async room(id: string): Promise<ChatStore> {
    await this.#storage.run(
      'INSERT INTO chat_room (id, tips, settings, read_row, unread, mentions) VALUES (?, ?, ?, 0, 0, 0) ON CONFLICT DO NOTHING',
      [id, '[]', JSON.stringify(ROOM_SETTINGS)],
    );
    const [row] = await this.#storage.all('SELECT k FROM chat_room WHERE id = ?', [id]);
    const key = Number(row?.k);
    const texts = await TextIndex.load(this.#storage, key);
    return new SqliteChatStore(this.#storage, key, texts, () => ++this.#row);
  }
}
