import { statSync } from 'node:fs';
import type Libsql from 'libsql';
import { LARGE, tablesOf } from './texts.js';

/** A file of so many bytes is looked through in about 20 ms, of the 50 that a room may take to open. */
const LOOKED_THROUGH_BYTES = 4 * 1024 * 1024;

/** Whether a database is too large to be looked through as a whole at each start. */
export const isLarge = (file: string): boolean => sizeOf(file) > LOOKED_THROUGH_BYTES;

/**
 * Whether a database agrees with itself, all indices and all words too: a disk that changes a byte tells nobody. Of a
 * large one the small tables alone are looked at, since opening must not take long.
 */
export function isSound(db: Libsql.Database, file: string): boolean {
  if (!isLarge(file)) return isOk(db, '1');
  return tablesOf(db)
    .filter((table) => !LARGE.test(table))
    .every((table) => isOk(db, `'${table.replaceAll("'", "''")}'`));
}

/** As bytes, since a name in it may be no text any more: see `hasBrokenTexts`. */
function isOk(db: Libsql.Database, what: string): boolean {
  const [row] = db
    .prepare(`SELECT CAST(integrity_check AS BLOB) AS found FROM pragma_integrity_check(${what})`)
    .all([]) as { found: ArrayBuffer }[];
  return row !== undefined && Buffer.from(row.found).toString() === 'ok';
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0; // none in memory
}
