import type { Storage } from '../storage/database.js';
import { storedJson } from '../storage/stored-json.js';

/** What somebody chose to share with a room. */
export interface StoredShare {
  /** 16 hex digits. */
  readonly id: string;
  /** A real absolute path. */
  readonly path: string;
  /** Patterns of names that are left out. */
  readonly exclude: readonly string[];
}

/** The shares of a data folder, on disk: they hold over restarts. */
export class ShareStore {
  readonly #storage: Storage;

  private constructor(storage: Storage) {
    this.#storage = storage;
  }

  static async load(storage: Storage): Promise<ShareStore> {
    await storage.migrate('fileshare', [
      `CREATE TABLE fileshare_place (
         id TEXT PRIMARY KEY, room TEXT NOT NULL, path TEXT NOT NULL, exclude TEXT NOT NULL
       ) STRICT`,
    ]);
    return new ShareStore(storage);
  }

  async ofRoom(room: string): Promise<StoredShare[]> {
    const rows = await this.#storage.all('SELECT * FROM fileshare_place WHERE room = ? ORDER BY rowid', [
      room,
    ]);
    return rows.map(({ id, path, exclude }) => ({
      id: String(id),
      path: String(path),
      exclude: storedJson<string[]>(exclude, []),
    }));
  }

  put(room: string, { id, path, exclude }: StoredShare): Promise<void> {
    return this.#storage.run('INSERT INTO fileshare_place VALUES (?, ?, ?, ?)', [
      id,
      room,
      path,
      JSON.stringify(exclude),
    ]);
  }

  /** Removes all of a room; what lies there stays. */
  forget(room: string): Promise<void> {
    return this.#storage.run('DELETE FROM fileshare_place WHERE room = ?', [room]);
  }

  remove(id: string): Promise<void> {
    return this.#storage.run('DELETE FROM fileshare_place WHERE id = ?', [id]);
  }
}
