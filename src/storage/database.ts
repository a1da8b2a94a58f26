import Libsql from 'libsql';
import { ChatterError } from '../errors.js';
import { Resource } from '../resource.js';

export type Value = string | number | null | Uint8Array;
export type Row = Record<string, Value>;

/**
 * What a feature needs of storage. It is asynchronous, so that it may move to a worker. Every statement is a
 * transaction of its own and durable when its promise resolves; failures are ChatterError('STORAGE_FAILED').
 */
export interface Storage {
  /** Brings a feature's tables (named `feature_…`) up to date: `steps` that have not run yet run in order, once. */
  migrate(feature: string, steps: readonly string[]): Promise<void>;
  run(sql: string, params?: readonly Value[]): Promise<void>;
  all(sql: string, params?: readonly Value[]): Promise<Row[]>;
}

/**
 * The data folder's SQLite file. Holding it open is the lock on the data folder: SQLite's exclusive mode refuses a
 * second process at once and lets go when this one dies, however it dies.
 */
export class Database extends Resource implements Storage {
  readonly #file: string;
  #db: Libsql.Database | null = null;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  /** Throws DATA_FOLDER_LOCKED if another process holds the file, STORAGE_FAILED if it is damaged or unwritable. */
  protected async _open(): Promise<void> {
    try {
      this.#db = new Libsql(this.#file);
      this.defer(() => this.#release());
      // A write is what makes the exclusive mode take its lock.
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        BEGIN IMMEDIATE;
        CREATE TABLE IF NOT EXISTS migration (feature TEXT PRIMARY KEY, step INTEGER NOT NULL) STRICT;
        COMMIT;`);
    } catch (err) {
      throw this.#failure(err);
    }
  }

  async migrate(feature: string, steps: readonly string[]): Promise<void> {
    const [row] = await this.all('SELECT step FROM migration WHERE feature = ?', [feature]);
    const done = Number(row?.step ?? 0);
    if (done > steps.length) {
      throw new ChatterError('STORAGE_FAILED', {
        message: `${this.#file} was written by a newer Chatter: use that one, or another data folder.`,
      });
    }
    for (let step = done; step < steps.length; step++) {
      await this.#transaction(() => {
        this.#open.exec(steps[step] as string);
        this.#open
          .prepare('INSERT INTO migration VALUES (?, ?) ON CONFLICT DO UPDATE SET step = excluded.step')
          .run([feature, step + 1]);
      });
    }
  }

  async run(sql: string, params: readonly Value[] = []): Promise<void> {
    this.#attempt(() => this.#open.prepare(sql).run(params));
  }

  async all(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    // Arguments go as one array: a lone Buffer aborts the process in libsql 0.5.29.
    const rows = this.#attempt(() => this.#open.prepare(sql).all(params)) as Record<string, unknown>[];
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          key,
          value instanceof ArrayBuffer ? new Uint8Array(value) : (value as Value),
        ]),
      ),
    );
  }

  /** Closing alone would keep the lock until every statement is collected (libsql 0.5.29). */
  #release(): void {
    const db = this.#db;
    this.#db = null;
    try {
      db?.exec(`
        PRAGMA journal_mode = DELETE;
        PRAGMA locking_mode = NORMAL;
        SELECT * FROM migration;`);
    } catch {
      // It never had the lock, or the disk failed: then the process's end lets go.
    }
    db?.close();
  }

  get #open(): Libsql.Database {
    if (!this.#db || this.closing) throw new ChatterError('CLOSED');
    return this.#db;
  }

  async #transaction(fn: () => void): Promise<void> {
    this.#attempt(() => {
      this.#open.exec('BEGIN IMMEDIATE');
      try {
        fn();
        this.#open.exec('COMMIT');
      } catch (err) {
        this.#open.exec('ROLLBACK');
        throw err;
      }
    });
  }

  #attempt<T>(fn: () => T): T {
    try {
      return fn();
    } catch (err) {
      throw this.#failure(err);
    }
  }

  #failure(err: unknown): ChatterError {
    if (err instanceof ChatterError) return err;
    const code = codeOf(err as { code?: string; message: string });
    if (code.startsWith('SQLITE_BUSY')) return new ChatterError('DATA_FOLDER_LOCKED', { cause: err });
    const why = CAUSES[code] ?? 'it cannot be read or written';
    return new ChatterError('STORAGE_FAILED', { message: `${this.#file}: ${why}.`, cause: err });
  }
}

/** A failure to connect comes with SQLite's result code in its text alone (libsql 0.5.29). */
const codeOf = ({ code, message }: { code?: string; message: string }) =>
  code || (message.includes('Unable to open connection') ? 'SQLITE_CANTOPEN' : '');

const CAUSES: Record<string, string> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_READONLY: 'it is read-only',
  SQLITE_CORRUPT: 'it is damaged; move it away to begin with an empty one',
  SQLITE_NOTADB: 'it is damaged; move it away to begin with an empty one',
  SQLITE_CANTOPEN: 'it cannot be opened',
  SQLITE_IOERR: 'the disk failed',
};
