import { existsSync, renameSync, rmSync } from 'node:fs';
import Libsql from 'libsql';
import { ChatterError } from '../errors.js';
import { DamagedDatabase } from './damaged-database.js';
import { damagedPath, damageMark } from './database.js';
import { salvagedTable } from './salvaged.js';
import { listed } from './texts.js';
import { absorbLog } from './write-ahead-log.js';

/** Tables that are not copied: histories are looked at message by message, and others follow from the rest. */
const LEFT = /^(chat_|migration$|spare$|salvaged_|sqlite_|libsql_|_litestream)/;

/**
 * Moves a damaged database aside and makes a new one in its place, with every row of it that can still be read: rooms,
 * people, settings, transfers. Histories are for chat to restore, which knows what is whole. Returns the path of the old
 * one, which is kept. Nobody else may have the folder. Throws STORAGE_FAILED.
 */
export function mendDatabase(file: string): string {
  const old = freePath(file);
  try {
    for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, old + end);
    rmSync(damageMark(file), { force: true });
    if (existsSync(old)) absorbLog(old);
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
  for (let n = 1; ; n++) if (!existsSync(damagedPath(file, n))) return damagedPath(file, n);
}

/** Copies what can be read, for the features to take it when they make their tables. */
function salvage(old: string, fresh: Libsql.Database): void {
  const damaged = DamagedDatabase.open(old);
  if (!damaged) return;
  for (const table of damaged.tables) {
    const columns = damaged.columns(table);
    if (LEFT.test(table) || columns.length === 0) continue;
    const to = listed([salvagedTable(table)]);
    fresh.exec(`CREATE TABLE ${to} (${listed(columns)})`);
    const write = fresh.prepare(`INSERT INTO ${to} VALUES (${columns.map(() => '?').join(', ')})`);
    fresh.exec('BEGIN');
    for (const row of damaged.rows(table)) write.run(columns.map((column) => row[column]));
    fresh.exec('COMMIT');
  }
  damaged.close();
}
