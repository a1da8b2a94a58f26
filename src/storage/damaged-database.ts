import Libsql from 'libsql';
import type { Row, Value } from './database.js';
import { columnsOf, listed, tablesOf } from './texts.js';

/** Reads what can still be read of a database that the disk has damaged; the rest is passed over. */
export class DamagedDatabase {
  readonly #db: Libsql.Database;

  private constructor(db: Libsql.Database) {
    this.#db = db;
    attempt(() => db.exec('PRAGMA writable_schema = ON')); // one table's definition damages no other
  }

  /** Null if `file` is no database any more. */
  static open(file: string): DamagedDatabase | null {
    const db = attempt(() => new Libsql(file, { readonly: true }));
    return db && new DamagedDatabase(db);
  }

  get tables(): string[] {
    return attempt(() => tablesOf(this.#db)) ?? [];
  }

  /** None of a table that is not there. */
  columns(table: string): string[] {
    return attempt(() => columnsOf(this.#db, table)) ?? [];
  }

  /** Where the rows of a table are, as far as they can be listed from either end. */
  keys(table: string): number[] {
    const keys = new Set<number>();
    for (const order of ['', 'DESC'])
      attempt(() => {
        const rows = this.#db.prepare(`SELECT rowid AS key FROM ${listed([table])} ORDER BY rowid ${order}`);
        for (const { key } of rows.iterate([]) as Iterable<{ key: number }>) keys.add(key);
      });
    return [...keys].sort((a, b) => a - b);
  }

  /** Reads rows of a table one by one, so that one that cannot be read takes no other with it: then it is null. */
  reader(table: string): (key: number) => Row | null {
    const names = this.columns(table);
    // As bytes, with what each is: see `hasBrokenTexts`.
    const asBytes = names.map((name, i) => {
      const it = listed([name]);
      return `typeof(${it}) = 'text' AS is${i}, iif(typeof(${it}) = 'text', CAST(${it} AS BLOB), ${it}) AS it${i}`;
    });
    const sql = `SELECT ${asBytes.join(', ')} FROM ${listed([table])} WHERE rowid = ?`;
    const statement = attempt(() => this.#db.prepare(sql));
    const text = new TextDecoder('utf-8', { fatal: true });
    return (key) =>
      attempt(() => {
        // One at a time it gives bytes as they are wanted (libsql 0.5.29); all at once they would be buffers.
        const row = statement?.get([key]) as Record<string, unknown> | undefined;
        if (!row) return null;
        const values = names.map((name, i): [string, Value] => {
          const value = row[`it${i}`];
          return [name, row[`is${i}`] ? text.decode(value as Uint8Array) : (value as Value)];
        });
        return Object.fromEntries(values);
      });
  }

  /** All rows of a table that can be read. */
  *rows(table: string): Generator<Row> {
    const read = this.reader(table);
    for (const key of this.keys(table)) {
      const row = read(key);
      if (row) yield row;
    }
  }

  close(): void {
    attempt(() => this.#db.close());
  }
}

function attempt<T>(fn: () => T): T | null {
  try {
    return fn();
  } catch {
    return null; // it is damaged there
  }
}
