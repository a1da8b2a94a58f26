import { closeSync, linkSync, lstatSync, openSync, renameSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { ChatterError } from '../errors.js';
import { localPath, type Manifest } from './manifest.js';
import { attempt, diskError } from './staging.js';
import { syncFolders } from './sync-tree.js';
import type { IfExists } from './transfer-store.js';

export interface SettleOptions {
  /** An absolute path; it exists. */
  out: string;
  ifExists: IfExists;
}

/** The local names of a transfer's roots, with the names that they got in the user's folder; a skipped one has none. */
export type PlacedNames = Record<string, string>;

/** What a root is on its disk, by its local name: it stays that under any name. */
export type RootNodes = Record<string, string>;

/** A name is tried with so many numbers behind it. */
export const NUMBERS = 99;

/** Of file systems without links. */
export const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'];

/**
 * Moves what lies in `tree`, whole and synced, into the user's folder.
 *
 * 1. Nothing that is there is replaced: a file comes by a link, which fails where a name is taken, a folder by renaming
 *    it to a name that is free, which fails where there is something by then.
 * 2. What an attempt that was cut short has moved is found again (`nodes`) and not moved once more.
 *
 * Throws FILE_EXISTS, DISK_FULL, DISK_FAILED.
 */
export async function settle(
  { roots }: Manifest,
  tree: string,
  nodes: RootNodes | null,
  { out, ifExists }: SettleOptions,
): Promise<PlacedNames> {
  const names: PlacedNames = {};
  for (const { name, folder } of roots) {
    const [local = ''] = localPath(name);
    const there = (nodes && movedBefore(local, folder, nodes[local], out)) ?? null; // Invariant 2
    const placed = there ?? settleRoot(path.join(tree, local), local, folder, { out, ifExists });
    if (placed !== null) names[local] = placed;
  }
  await syncFolders([out]);
  return names;
}

/** `name (1).ext`, and the name itself for 0. */
export function numbered(name: string, number: number, folder: boolean): string {
  if (number === 0) return name;
  const extension = folder ? '' : path.extname(name);
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`;
}

/** What lies there, whatever it is called; null where nothing does. */
export function nodeAt(place: string): string | null {
  const stat = lstatSync(place, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev} ${stat.ino}` : null;
}

function movedBefore(local: string, folder: boolean, node: string | undefined, out: string): string | null {
  for (let number = 0; number <= NUMBERS; number++) {
    const as = numbered(local, number, folder);
    if (node !== undefined && nodeAt(path.join(out, as)) === node) return as;
  }
  return null;
}

/** The name that it got; null if it was skipped. */
function settleRoot(
  from: string,
  name: string,
  folder: boolean,
  { out, ifExists }: SettleOptions,
): string | null {
  for (let number = 0; number <= NUMBERS; number++) {
    const as = numbered(name, number, folder);
    const target = path.join(out, as);
    if (folder ? folderInto(from, target) : fileInto(from, target)) return as;
    if (ifExists === 'skip') return null;
    if (ifExists === 'fail') break;
  }
  throw new ChatterError('FILE_EXISTS', { message: `${path.join(out, name)} is there already.` });
}

/** False if the name is taken. */
function fileInto(from: string, target: string): boolean {
  const code = refusal(target, () => linkSync(from, target), ['EEXIST', ...NO_LINKS]);
  if (code === null || code === 'EEXIST') return code === null;
  // Without links the name is taken with an empty file, which the whole one then replaces: never one half written.
  if (refusal(target, () => closeSync(openSync(target, 'wx', 0o600)), ['EEXIST'])) return false;
  try {
    attempt(target, () => renameSync(from, target));
  } catch (err) {
    unlinkSync(target);
    throw err;
  }
  return true;
}

/** False if the name is taken. Of what appears there meanwhile at most an empty folder is replaced: the rest refuses. */
const folderInto = (from: string, target: string): boolean =>
  nodeAt(target) === null &&
  refusal(target, () => renameSync(from, target), ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM']) === null;

/** The code with which the file system refused, if it is one of these; null if it did it. Throws for any other. */
function refusal(place: string, fn: () => void, expected: readonly string[]): string | null {
  try {
    fn();
    return null;
  } catch (err) {
    const { code = '' } = err as NodeJS.ErrnoException;
    if (expected.includes(code)) return code;
    throw diskError(place, err);
  }
}
