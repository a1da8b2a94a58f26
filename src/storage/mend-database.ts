import { existsSync, renameSync, rmSync } from 'node:fs';
import Libsql from 'libsql';
import { ChatterError } from '../errors.js';
import { damageMark } from './database.js';
import { salvagedTable } from './salvaged.js';
import { columnsOf, listed, tablesOf } from './texts.js';

/** Tables that hold nothing but what others have too, or what nobody can vouch for once a page of them is wrong. */
const LEFT = /^(chat_|migration$|salvaged_|sqlite_|libsql_|_litestream)/;

/**
 * Moves a damaged database aside and makes a new one in its place, with every row of it that can still be read: rooms,
 * people, settings, transfers. Histories are left to come from others again. Returns the path of the old one, which is
 * kept. Throws STORAGE_FAILED.
 */
export function mendDatabase(file: string): string {
  const old = freePath(file);
  try {
    for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, old + end);
    rmSync(damageMark(file), { force: true });
    const fresh = new Libsql(file);
    try {
      salvage(old, fresh);
    } finally {
      fresh.close();
    }
    return old;
  } catch (cause) {
    throw new ChatterError('STORAGE_FAILED', {
      message: `${file}: it is damaged, and cannot be mended.`,
      cause,
    });
  }
}

function freePath(file: string): string {
  for (let n = 1; ; n++) {
    const path = `${file}.damaged-${n}`;
    if (!existsSync(path)) return path;
  }
}

/** Copies what can be read, for the features to take it when they make their tables; what cannot is passed over. */
function salvage(old: string, fresh: Libsql.Database): void {
  const damaged = attempt(() => new Libsql(old, { readonly: true }));
  if (!damaged) return;
  attempt(() => damaged.exec('PRAGMA writable_schema = ON')); // one table's definition damages no other
  for (const name of attempt(() => tablesOf(damaged)) ?? [])
    if (!LEFT.test(name)) attempt(() => copyRows(name, damaged, fresh));
  attempt(() => damaged.close());
}

/** One by one, so that a row that cannot be read takes no other with it. */
function copyRows(table: string, damaged: Libsql.Database, fresh: Libsql.Database): void {
  const names = columnsOf(damaged, table);
  const columns = listed(names);
  const to = listed([salvagedTable(table)]);
  fresh.exec(`CREATE TABLE ${to} (${columns})`);
  // As bytes, with what each is: see `hasBrokenTexts`.
  const asBytes = names.map((name, i) => {
    const it = listed([name]);
    return `typeof(${it}) = 'text' AS is${i}, iif(typeof(${it}) = 'text', CAST(${it} AS BLOB), ${it}) AS it${i}`;
  });
  const read = damaged.prepare(`SELECT ${asBytes.join(', ')} FROM ${listed([table])} WHERE rowid = ?`);
  const text = new TextDecoder('utf-8', { fatal: true });
  for (const key of rowsOf(table, damaged)) {
    attempt(() => {
      const row = read.get([key]) as Record<string, unknown>;
      const values = names.map((_, i) => {
        const value = row[`it${i}`];
        if (row[`is${i}`]) return text.decode(value as Uint8Array);
        return value instanceof ArrayBuffer ? Buffer.from(value) : value;
      });
      fresh.prepare(`INSERT INTO ${to} VALUES (${values.map(() => '?').join(', ')})`).run(values);
    });
  }
}

/** As far as they can be listed. */
function rowsOf(table: string, damaged: Libsql.Database): number[] {
  const keys: number[] = [];
  attempt(() => {
    for (const { key } of damaged
      .prepare(`SELECT rowid AS key FROM ${listed([table])}`)
      .iterate([]) as Iterable<{
      key: number;
    }>)
      keys.push(key);
  });
  return keys;
}

function attempt<T>(fn: () => T): T | null {
  try {
    return fn() ?? (true as T);
  } catch {
    return null; // it is damaged there
  }
}
