import type { Storage } from './database.js';

/** Small named values that outlive the node. */
export class Settings {
  readonly #storage: Storage;

  private constructor(storage: Storage) {
    this.#storage = storage;
  }

  static migrate(storage: Storage): Promise<void> {
    return storage.migrate('setting', [
      'CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
    ]);
  }

  static async load(storage: Storage): Promise<Settings> {
    await Settings.migrate(storage);
    return new Settings(storage);
  }

  async get(key: string): Promise<string | null> {
    const [row] = await this.#storage.all('SELECT value FROM setting WHERE key = ?', [key]);
    return row ? String(row.value) : null;
  }

  async remove(key: string): Promise<void> {
    await this.#storage.run('DELETE FROM setting WHERE key = ?', [key]);
  }

  async set(key: string, value: string): Promise<void> {
    await this.#storage.run(
      'INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      [key, value],
    );
  }
}
