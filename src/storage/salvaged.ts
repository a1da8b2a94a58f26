import type Libsql from 'libsql';
import { columnsOf, listed, tablesOf } from './texts.js';

const PREFIX = 'salvaged_';

/** Where rows of a table of a damaged database wait for the table to be made anew. */
export const salvagedTable = (table: string): string => `${PREFIX}${table}`;

/** Brings what was salvaged of a feature's tables into these, which have just been made; what does not fit is left. */
export function adoptSalvaged(db: Libsql.Database, feature: string): void {
  const names = new Set(tablesOf(db));
  for (const table of names) {
    const from = salvagedTable(table);
    if (!names.has(from) || (table !== feature && !table.startsWith(`${feature}_`))) continue;
    const there = new Set(columnsOf(db, from));
    const columns = columnsOf(db, table).filter((column) => there.has(column));
    const write = db.prepare(
      `INSERT OR IGNORE INTO ${listed([table])} (${listed(columns)}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    for (const row of db.prepare(`SELECT * FROM ${listed([from])}`).all([]) as Record<string, unknown>[]) {
      try {
        const values = columns.map((column) => row[column]);
        write.run(values.map((value) => (value instanceof ArrayBuffer ? Buffer.from(value) : value)));
      } catch {
        // The disk has made something of it that the table does not take.
      }
    }
    db.exec(`DROP TABLE ${listed([from])}`);
  }
}
