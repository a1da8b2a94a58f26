import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import type { Row, RunOptions, Statement, Storage, Value } from './database.js';
import { listed } from './texts.js';
import { writeWhole } from './write-whole.js';

const FORMAT = 'chatter-spare-1';

/** A table of which there is a second record, and which of its rows; its first column is its key. */
export interface SparedTable {
  readonly name: string;
  /** A condition on columns named with `@`, as in `@.joined`; none for all rows. */
  readonly where?: string;
}

type Cell = string | number | null | { bytes: string };
type Rows = Record<string, Cell>[];

/** What the second record holds. */
interface Kept {
  /** Grows with each change of the tables, here and in the database. */
  revision: number;
  /** The key of whose folder it is, 32 bytes in base64. */
  seed: string;
  /** What was made of the database's tables, by feature, and a hash of their definitions. */
  steps: Record<string, number>;
  schema: string;
  tables: Record<string, Rows>;
}

export interface SparedOptions {
  tables: readonly SparedTable[];
  /** It could not be written: the database has everything. */
  failed: (err: unknown) => void;
}

/** Where the second record of a database lies. */
const sparePath = (database: string): string => `${database}.spare`;

/** The key of whose folder the second record beside `database` is of; null if that is not known. */
export function spareSeed(database: string): Uint8Array | null {
  const content = readIfThere(sparePath(database));
  const kept = content === null ? null : parse(content);
  return kept && Buffer.from(kept.seed, 'base64');
}

/**
 * Storage for what nobody else could give back: who one is, the rooms, the settings, whom one trusts. A small file
 * beside the database holds all of it a second time, under a hash.
 *
 * 1. A change is in the database first; the file follows it before the change is acknowledged.
 * 2. The file is written whole or not at all, and says which change was its last. Whichever of both has the later one is
 *    right: a crash may come between, and a database that was mended, or lost its end, has an earlier one.
 * 3. Where both have the same last change and differ, the one under the hash is right.
 */
export class SparedStorage implements Storage {
  readonly #storage: Storage;
  readonly #file: string;
  readonly #tables: readonly SparedTable[];
  readonly #failed: (err: unknown) => void;
  readonly #found: Kept | null;
  /** There is a file, and it is not what was written. */
  readonly isDamaged: boolean;
  #seed = '';
  /** The last change that is in the file; null once it was removed for good. */
  #written: number | null = -1;

  /** Reads the second record of `database`. Throws nothing. */
  constructor(storage: Storage, database: string, { tables, failed }: SparedOptions) {
    this.#storage = storage;
    this.#file = sparePath(database);
    this.#tables = tables;
    this.#failed = failed;
    const content = readIfThere(this.#file);
    this.#found = content === null ? null : parse(content);
    this.isDamaged = content !== null && this.#found === null;
  }

  /** The key of whose folder it is; null if it is not known. */
  get seed(): Uint8Array | null {
    return this.#found && Buffer.from(this.#found.seed, 'base64');
  }

  /** Whether the disk has changed what the database's tables are. To be asked before any of them is made or changed. */
  async isContradicted(): Promise<boolean> {
    if (!this.#found) return false;
    const [steps, schema] = await this.#definitions();
    if (Object.keys(steps).length === 0) return false; // it is new
    const isOther = Object.entries(this.#found.steps).some(([feature, step]) => steps[feature] !== step);
    return isOther || schema !== this.#found.schema;
  }

  /**
   * Puts right what is wrong in the tables, which are there: what the disk has `changed`, or the last changes, which the
   * database has `lost`. Null if nothing is.
   */
  async restore(): Promise<'changed' | 'lost' | null> {
    await this.#storage.migrate('spare', [stepsFor(this.#tables)]);
    const found = this.#found;
    if (!found) return null;
    const revision = await this.#revision();
    if (revision > found.revision) return null; // Invariant 2
    const tables = await this.#content();
    if (revision === found.revision && isSame(found.tables, tables)) return null; // Invariant 3
    await this.#storage.batch([
      ...this.#tables.flatMap(({ name, where }) =>
        replacing(name, where, found.tables[name] ?? [], Object.keys(tables[name]?.[0] ?? {})),
      ),
      ['UPDATE spare SET revision = ?', [found.revision]],
    ]);
    return revision < found.revision ? 'lost' : 'changed';
  }

  /** To be called when all tables are there: from here on there is a second record, of this key's folder. */
  async begin(seed: Uint8Array): Promise<void> {
    this.#seed = Buffer.from(seed).toString('base64');
    const now = await this.#all();
    if (this.#found && JSON.stringify(now) === JSON.stringify(this.#found)) this.#written = now.revision;
    else this.#write(now);
  }

  /** Removes the second record; none is written any more. */
  remove(): void {
    this.#written = null;
    rmSync(this.#file, { force: true });
  }

  migrate(feature: string, steps: readonly string[]): Promise<void> {
    return this.#storage.migrate(feature, steps);
  }

  async run(sql: string, params?: readonly Value[], options?: RunOptions): Promise<void> {
    await this.#storage.run(sql, params, options);
    await this.#follow();
  }

  async batch(statements: readonly Statement[]): Promise<void> {
    await this.#storage.batch(statements);
    await this.#follow();
  }

  all(sql: string, params?: readonly Value[]): Promise<Row[]> {
    return this.#storage.all(sql, params);
  }

  scrub(): Promise<void> {
    return this.#storage.scrub();
  }

  damaged(): void {
    this.#storage.damaged();
  }

  /** Invariant 1. Before `begin` there is nothing to follow. */
  async #follow(): Promise<void> {
    if (this.#seed === '' || this.#written === null) return;
    if ((await this.#revision()) !== this.#written) this.#write(await this.#all());
  }

  #write(kept: Kept): void {
    if (this.#written === null) return;
    const json = JSON.stringify(kept);
    try {
      writeWhole(this.#file, `${FORMAT} ${hash(json)} ${json}\n`);
      this.#written = kept.revision;
    } catch (err) {
      this.#failed(err); // tried again with the next change, and at the next start
    }
  }

  async #all(): Promise<Kept> {
    const [steps, schema] = await this.#definitions();
    const revision = await this.#revision();
    return { revision, seed: this.#seed, steps, schema, tables: await this.#content() };
  }

  async #revision(): Promise<number> {
    const [row] = await this.#storage.all('SELECT revision FROM spare');
    return Number(row?.revision ?? 0);
  }

  async #content(): Promise<Record<string, Rows>> {
    const tables: Record<string, Rows> = {};
    for (const { name, where } of this.#tables) {
      const rows = await this.#storage.all(`SELECT * FROM ${name} ${condition(where, name)} ORDER BY rowid`);
      tables[name] = rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, v]) => [key, cell(v)])),
      );
    }
    return tables;
  }

  /** Those of the words that are found by are made while rooms come and go. */
  async #definitions(): Promise<[Record<string, number>, string]> {
    const steps = await this.#storage.all('SELECT feature, step FROM migration ORDER BY feature');
    const schema = await this.#storage.all(
      `SELECT CAST(sql AS BLOB) AS sql FROM sqlite_master
       WHERE name NOT LIKE 'chat_text_%' AND name NOT LIKE 'salvaged_%' ORDER BY name`,
    );
    const made = schema.map(({ sql }) => (sql ? Buffer.from(sql as Uint8Array).toString('latin1') : ''));
    return [
      Object.fromEntries(steps.map(({ feature, step }) => [String(feature), Number(step)])),
      hash(made.join('\n')),
    ];
  }
}

/** Every change of a row that is kept twice counts; what happens to others does not. */
function stepsFor(tables: readonly SparedTable[]): string {
  const triggers = tables.flatMap(({ name, where }) => {
    const when = (...rows: string[]) =>
      where ? `WHEN ${rows.map((row) => `(${where.replaceAll('@', row)})`).join(' OR ')}` : '';
    const trigger = (what: string, ...rows: string[]) =>
      `CREATE TRIGGER spare_${name}_${what} AFTER ${what} ON ${name} ${when(...rows)} BEGIN
         UPDATE spare SET revision = revision + 1;
       END;`;
    return [trigger('INSERT', 'NEW'), trigger('UPDATE', 'OLD', 'NEW'), trigger('DELETE', 'OLD')];
  });
  return `CREATE TABLE spare (revision INTEGER NOT NULL) STRICT; INSERT INTO spare VALUES (0); ${triggers.join('\n')}`;
}

const condition = (where: string | undefined, table: string) =>
  where ? `WHERE ${where.replaceAll('@', table)}` : '';

/** Makes the rows of a table these; a row that is there already is not deleted first, which others would hear of. */
function replacing(
  table: string,
  where: string | undefined,
  rows: Rows,
  columns: readonly string[],
): Statement[] {
  const keys = rows.map((row) => Object.values(row)[0] as Value);
  const [key = ''] = Object.keys(rows[0] ?? {});
  const isOurs = condition(where, table) || 'WHERE true';
  const others = key === '' ? '' : ` AND ${listed([key])} NOT IN (${keys.map(() => '?').join(', ')})`;
  const known = (column: string) => columns.length === 0 || columns.includes(column);
  return [
    [`DELETE FROM ${table} ${isOurs}${others}`, keys],
    ...rows.map((row): Statement => {
      const names = Object.keys(row).filter(known);
      const values = names.map((name) => value(row[name] as Cell));
      const places = names.map(() => '?').join(', ');
      return [`INSERT OR REPLACE INTO ${table} (${listed(names)}) VALUES (${places})`, values];
    }),
  ];
}

/** Columns that only one of them has are a newer version's. */
function isSame(kept: Record<string, Rows>, tables: Record<string, Rows>): boolean {
  return Object.entries(kept).every(([name, rows]) => {
    const now = tables[name] ?? [];
    const columns = Object.keys(rows[0] ?? {}).filter(
      (column) => now.length === 0 || column in (now[0] as object),
    );
    const only = (row: Record<string, Cell>) => columns.map((column) => row[column]);
    return JSON.stringify(rows.map(only)) === JSON.stringify(now.map(only)) && rows.length === now.length;
  });
}

const cell = (v: Value): Cell => (v instanceof Uint8Array ? { bytes: Buffer.from(v).toString('base64') } : v);

const value = (c: Cell): Value => (c !== null && typeof c === 'object' ? Buffer.from(c.bytes, 'base64') : c);

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function parse(content: string): Kept | null {
  const [, format, sum, json = ''] = /^(\S+) (\S+) (.*)\n$/s.exec(content) ?? [];
  return format === FORMAT && sum === hash(json) ? (JSON.parse(json) as Kept) : null;
}
