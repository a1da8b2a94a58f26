import { existsSync, renameSync, rmSync } from 'node:fs';
import Libsql from 'libsql';
import { ChatterError } from '../errors.js';
import { damageMark } from './database.js';

/** Tables that hold nothing but what others have too, or what nobody can vouch for once a page of them is wrong. */
const LEFT = /^(chat_|sqlite_|libsql_|_litestream)/;

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

/** Copies what can be read; what cannot is passed over. */
function salvage(old: string, fresh: Libsql.Database): void {
  const damaged = attempt(() => new Libsql(old, { readonly: true }));
  if (!damaged) return;
  const made = attempt(() =>
    damaged.prepare(`SELECT type, name, tbl_name AS tableName, sql FROM sqlite_master`).all([]),
  ) as { type: string; name: string; tableName: string; sql: string | null }[] | null;
  const kept = (made ?? []).filter(({ tableName, sql }) => sql !== null && !LEFT.test(tableName));
  for (const { type, name, sql } of kept.filter((each) => each.type === 'table'))
    if (attempt(() => fresh.exec(String(sql))) !== null && type === 'table') copyRows(name, damaged, fresh);
  for (const { type, sql } of kept) if (type !== 'table') attempt(() => fresh.exec(String(sql)));
  attempt(() => fresh.exec(`DELETE FROM migration WHERE feature = 'chat'`));
  attempt(() => damaged.close());
}

/** One by one, so that a row that cannot be read takes no other with it. */
function copyRows(table: string, damaged: Libsql.Database, fresh: Libsql.Database): void {
  const columns = (fresh.prepare(`PRAGMA table_info("${table}")`).all([]) as { name: string }[]).map(
    ({ name }) => name,
  );
  const read = damaged.prepare(`SELECT ${columns.join(', ')} FROM "${table}" WHERE rowid = ?`);
  const write = fresh.prepare(
    `INSERT OR IGNORE INTO "${table}" (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  for (const key of rowsOf(table, damaged)) {
    attempt(() => {
      const row = read.get([key]) as Record<string, unknown>;
      const values = columns.map((column) => row[column]);
      write.run(values.map((value) => (value instanceof ArrayBuffer ? Buffer.from(value) : value)));
    });
  }
}

/** As far as they can be listed. */
function rowsOf(table: string, damaged: Libsql.Database): number[] {
  const keys: number[] = [];
  attempt(() => {
    for (const { key } of damaged.prepare(`SELECT rowid AS key FROM "${table}"`).iterate([]) as Iterable<{
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
