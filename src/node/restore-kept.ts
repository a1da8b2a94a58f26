import { statSync } from 'node:fs';
import path from 'node:path';
import { damagedDatabases } from '../storage/database.js';
import type { Settings } from '../storage/settings.js';
import { storedJson } from '../storage/stored-json.js';

const KEY = 'restored-from';
/** What waits for others may come from them later; a file that ends the process must not do so at each start. */
const TRIES = 5;

/**
 * Takes histories from damaged databases that are kept beside `database`, once from each: `restore` says whether it got
 * all that could be read. Otherwise the next starts try again, when others may have given what was in between.
 */
export async function restoreKept(
  database: string,
  settings: Settings,
  restore: (file: string) => Promise<boolean>,
): Promise<void> {
  const stored = (await settings.get(KEY)) ?? '{}';
  const before = storedJson<Record<string, number>>(stored, {});
  const files = damagedDatabases(database).map((file) => [file, nameOf(file)] as const);
  // Of files that are gone nothing is kept.
  const tries = Object.fromEntries(files.map(([, name]) => [name, before[name] ?? 0]));
  const keep = () => settings.set(KEY, JSON.stringify(tries));
  for (const [file, name] of files) {
    const tried = tries[name] ?? 0;
    if (tried >= TRIES) continue;
    tries[name] = tried + 1;
    await keep(); // first: whatever becomes of it
    if (!(await restore(file))) continue;
    tries[name] = TRIES;
    await keep();
  }
}

/** Another file may come to bear the name. */
const nameOf = (file: string): string => `${path.basename(file)} ${statSync(file).ino}`;
