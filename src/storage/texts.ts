import { isUtf8 } from 'node:buffer';
import type Libsql from 'libsql';

/** Tables that are too large to be looked through at each start: their columns are read as bytes. */
export const LARGE = /^(chat_message$|chat_text_|sqlite_)/;

/** Names as SQL. */
export const listed = (names: readonly string[]): string =>
  names.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');

const named = (rows: unknown): string[] =>
  (rows as { name: ArrayBuffer }[]).map(({ name }) => Buffer.from(name).toString());

export const tablesOf = (db: Libsql.Database): string[] =>
  named(db.prepare(`SELECT CAST(name AS BLOB) AS name FROM sqlite_master WHERE type = 'table'`).all([]));

export const columnsOf = (db: Libsql.Database, table: string): string[] =>
  named(db.prepare('SELECT CAST(name AS BLOB) AS name FROM pragma_table_info(?)').all([table]));

/**
 * Whether some text is none. To be asked before any is read: one bit that the disk has changed is enough for it, and
 * libsql 0.5.29 ends the whole process when it reads it, at this start and all that follow.
 */
export function hasBrokenTexts(db: Libsql.Database): boolean {
  return tablesOf(db)
    .filter((table) => !LARGE.test(table))
    .some((table) => columnsOf(db, table).some((column) => !isText(db, table, column)));
}

function isText(db: Libsql.Database, table: string, column: string): boolean {
  const [it, from] = [listed([column]), listed([table])];
  const texts = db
    .prepare(`SELECT CAST(${it} AS BLOB) AS text FROM ${from} WHERE typeof(${it}) = 'text'`)
    .all([]) as { text: ArrayBuffer }[];
  return texts.every(({ text }) => isUtf8(Buffer.from(text)));
}
