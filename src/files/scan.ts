import { lstatSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { type FileIdentity, identify } from './file-content.js';
import { Manifest, type ManifestEntry } from './manifest.js';
import { collisionKey, gatePath } from './names.js';
import { pathMatcher } from './wildcard.js';

export interface ScanOptions {
  /** Patterns of names that are left out: `*` and `?` within a name. */
  exclude?: readonly string[];
  /** Names that begin with a dot, inside of folders. Default true. */
  hidden?: boolean;
  /** Another name for the only path. */
  as?: string;
}

export interface Scanned {
  manifest: Manifest;
  /** In the order of the manifest's files. */
  files: FileIdentity[];
  /** What was left out, with why. */
  skipped: { path: string; why: 'link' | 'special' | 'name' | 'unreadable' | 'hidden' }[];
}

const ENTRIES_A_TURN = 500;

/**
 * What lies under these paths, as a transfer names it. A path that is a link is followed, since somebody named it;
 * links inside of folders never are. Throws FILE_NOT_FOUND, FILE_UNREADABLE, FILES_LIMIT or FILE_NAME_UNSAFE.
 */
export async function scan(paths: readonly string[], options: ScanOptions = {}): Promise<Scanned> {
  const found: { entry: ManifestEntry; file: FileIdentity | null }[] = [];
  const skipped: Scanned['skipped'] = [];
  const excluded = (options.exclude ?? []).map(pathMatcher);
  const seen = new Set<string>();

  const add = (entry: ManifestEntry, file: FileIdentity | null): boolean => {
    try {
      const key = collisionKey(gatePath(entry.path));
      if (seen.has(key)) throw new ChatterError('FILE_NAME_UNSAFE');
      seen.add(key);
    } catch {
      return false;
    }
    found.push({ entry, file });
    if (found.length > LIMITS.fileEntries) throw new ChatterError('FILES_LIMIT');
    return true;
  };

  const walk = async (place: string, name: string, top: boolean): Promise<void> => {
    if (excluded.some((fits) => fits(name))) return;
    const last = name.slice(name.lastIndexOf('/') + 1);
    if (!top && options.hidden === false && last.startsWith('.')) {
      skipped.push({ path: place, why: 'hidden' });
      return;
    }
    const stat = look(place);
    if (!stat) {
      if (top) throw new ChatterError('FILE_NOT_FOUND', { message: `${place} doesn't exist.` });
      skipped.push({ path: place, why: 'unreadable' });
      return;
    }
    if (stat.isSymbolicLink()) return void skipped.push({ path: place, why: 'link' });
    if (!stat.isFile() && !stat.isDirectory()) return void skipped.push({ path: place, why: 'special' });
    const file = stat.isFile() ? identify(place) : null;
    const entry: ManifestEntry = {
      path: name,
      folder: file === null,
      size: file?.size ?? 0,
      mtimeMs: Math.max(0, Math.round(stat.mtimeMs)),
      mode: stat.mode & 0o777,
    };
    if (!add(entry, file)) {
      if (top)
        throw new ChatterError('FILE_NAME_UNSAFE', {
          message: `${place} has a name that not every system takes; send it with --as NAME.`,
        });
      return void skipped.push({ path: place, why: 'name' });
    }
    if (found.length % ENTRIES_A_TURN === 0) await turn();
    if (file) return;
    let names: string[];
    try {
      names = readdirSync(place).sort();
    } catch (cause) {
      if (top) throw new ChatterError('FILE_UNREADABLE', { message: `${place} cannot be read.`, cause });
      return void skipped.push({ path: place, why: 'unreadable' });
    }
    for (const inside of names) {
      await walk(path.join(place, inside), `${name}/${inside.normalize('NFC')}`, false);
    }
  };

  for (const given of paths) {
    const place = resolveGiven(given);
    const name = (options.as ?? path.basename(path.resolve(given))).normalize('NFC');
    if (name === '') throw new ChatterError('USAGE', { message: `${given} has no name of its own.` });
    await walk(place, name, true);
  }
  const manifest = Manifest.of(found.map(({ entry }) => entry));
  return { manifest, files: found.flatMap(({ file }) => (file ? [file] : [])), skipped };
}

function resolveGiven(given: string): string {
  try {
    return realpathSync(given);
  } catch (cause) {
    throw new ChatterError('FILE_NOT_FOUND', { message: `${given} doesn't exist.`, cause });
  }
}

function look(place: string): Stats | null {
  try {
    return lstatSync(place);
  } catch {
    return null;
  }
}
