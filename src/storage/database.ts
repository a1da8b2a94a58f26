import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Libsql from 'libsql';
import { ChatterError } from '../errors.js';
import { Resource } from '../resource.js';
import { isLarge, isSound } from './check-database.js';
import { adoptSalvaged } from './salvaged.js';
import { isDamage, storageFailure } from './storage-failure.js';
import { hasBrokenTexts } from './texts.js';

export type Value = string | number | null | Uint8Array;
export type Row = Record<string, Value>;

/** One statement and its parameters. */
export type Statement = readonly [sql: string, params?: readonly Value[]];

export interface RunOptions {
  /**
   * False where a loss of power may take it back: it outlives the process all the same, and nobody waits for the disk,
   * which may have much else to write. Default true.
   */
  synced?: boolean;
}

/**
 * What a feature needs of storage. It is asynchronous, so that it may move to a worker. Every statement is a
 * transaction of its own and durable when its promise resolves; failures are ChatterError('STORAGE_FAILED').
 */
export interface Storage {
  /** Brings a feature's tables (named `feature_…`) up to date: `steps` that have not run yet run in order, once. */
  migrate(feature: string, steps: readonly string[]): Promise<void>;
  run(sql: string, params?: readonly Value[], options?: RunOptions): Promise<void>;
  all(sql: string, params?: readonly Value[]): Promise<Row[]>;
  /** Runs all of them as one transaction, or none. */
  batch(statements: readonly Statement[]): Promise<void>;
  /** Takes what was removed or replaced out of every file: the log that is written ahead is emptied, damaged files go. */
  scrub(): Promise<void>;
  /** Says that what is stored is not what was written: the next start mends it (see `mendDatabase`). */
  damaged(): void;
}

/** Statements that are kept ready; the SQL of features is constant text, so there are few. */
const PREPARED_STATEMENTS = 256;

/**
 * The data folder's SQLite file. Holding it open is the lock on the data folder: SQLite's exclusive mode refuses a
 * second process at once and lets go when this one dies, however it dies.
 */
export class Database extends Resource implements Storage {
  readonly #file: string;
  readonly #tellDamaged: () => void;
  #db: Libsql.Database | null = null;
  readonly #prepared = new Map<string, Libsql.Statement>();

  /** `damaged` is called when the file is found to be other than it was written. */
  constructor(file: string, { damaged = () => {} }: { damaged?: () => void } = {}) {
    super();
    this.#file = file;
    this.#tellDamaged = damaged;
  }

  /** Whether it is too large to be looked through at the start. */
  get isLarge(): boolean {
    return isLarge(this.#file);
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
      if (hasBrokenTexts(this.#db) || !isSound(this.#db, this.#file))
        throw Object.assign(new Error('it is not what was written'), { code: 'SQLITE_CORRUPT' });
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
    if (done === 0) await this.#transaction(() => adoptSalvaged(this.#open, feature));
  }

  async run(sql: string, params: readonly Value[] = [], { synced = true }: RunOptions = {}): Promise<void> {
    this.#attempt(() => {
      if (!synced) this.#open.exec('PRAGMA synchronous = NORMAL'); // the next that is synced takes this one with it
      try {
        this.#statement(sql).run(params);
      } finally {
        if (!synced) this.#open.exec('PRAGMA synchronous = FULL');
      }
    });
  }

  batch(statements: readonly Statement[]): Promise<void> {
    return this.#transaction(() => {
      for (const [sql, params = []] of statements) this.#statement(sql).run(params);
    });
  }

  async scrub(): Promise<void> {
    this.#attempt(() => this.#statement('PRAGMA wal_checkpoint(TRUNCATE)').all([]));
    for (const old of damagedDatabases(this.#file)) rmSync(old, { force: true });
  }

  damaged(): void {
    try {
      writeFileSync(damageMark(this.#file), '', { mode: 0o600 });
    } catch {
      // The disk does not take it: then the damage is found again.
    }
    this.#tellDamaged();
  }

  async all(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    // Arguments go as one array: a lone Buffer aborts the process in libsql 0.5.29.
    const rows = this.#attempt(() => this.#statement(sql).all(params)) as Record<string, unknown>[];
    for (const row of rows)
      for (const key in row) if (row[key] instanceof ArrayBuffer) row[key] = new Uint8Array(row[key]);
    return rows as Row[];
  }

  /** Closing alone would keep the lock until every statement is collected (libsql 0.5.29). */
  #release(): void {
    const db = this.#db;
    this.#db = null;
    this.#prepared.clear();
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

  #statement(sql: string): Libsql.Statement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#open.prepare(sql);
    if (this.#prepared.size >= PREPARED_STATEMENTS)
      this.#prepared.delete(this.#prepared.keys().next().value as string);
    this.#prepared.set(sql, statement);
    return statement;
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
        this.#rollBack();
        throw err;
      }
    });
  }

  #rollBack(): void {
    try {
      this.#open.exec('ROLLBACK');
    } catch {
      // SQLite has done so already, as it does when the disk is full: what made it so is thrown.
    }
  }

  #attempt<T>(fn: () => T): T {
    try {
      return fn();
    } catch (err) {
      throw this.#failure(err);
    }
  }

  #failure(err: unknown): ChatterError {
    if (isDamage(err)) this.damaged();
    return storageFailure(this.#file, err);
  }
}

/** Where damaged databases are kept that were in the place of this one, from 1 on. */
export const damagedPath = (file: string, n: number): string => `${file}.damaged-${n}`;

/** Those that are there. */
export function damagedDatabases(file: string): string[] {
  const folder = path.dirname(file);
  const beginning = path.basename(damagedPath(file, 0)).slice(0, -1);
  return readdirSync(folder)
    .filter((name) => name.startsWith(beginning))
    .map((name) => path.join(folder, name));
}

/** Lies beside a database that was found to be damaged. */
export const damageMark = (file: string): string => `${file}.damaged`;
