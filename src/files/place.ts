import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ChatterError } from '../errors.js';
import type { FileIdentity } from './file-content.js';
import { identify } from './file-content.js';
import { BLOCK_BYTES, type Layout } from './layout.js';
import { localPath, type Manifest, type ManifestEntry } from './manifest.js';
import { attempt, type Staging, writeAll } from './staging.js';

export type IfExists = 'number' | 'skip' | 'fail';

export interface PlaceOptions {
  /** An absolute path; it exists. */
  out: string;
  ifExists: IfExists;
  /** Whether permission bits are taken over from the sender; without it files are not executable. */
  modes: boolean;
  umask: number;
}

export interface Placed {
  /** What now lies in the user's folder, as named there. */
  paths: string[];
  /** Every file, in the manifest's order, to be called when staging is gone; null if some were skipped. */
  identify(): FileIdentity[] | null;
}

/** A name is tried with so many numbers behind it. */
export const NUMBERS = 99;
const ENTRIES_A_TURN = 200;

/**
 * Puts what was staged, all of it verified and synced, into the user's folder.
 *
 * 1. Nothing that is there is replaced: a file by a link, which fails where a name is taken, a folder by renaming onto
 *    an empty one that was made just now.
 * 2. A folder appears whole or not at all: it is built in staging, where nothing of anybody else's can be a link.
 * 3. Nothing is removed but what lies in staging.
 */
export async function place(
  manifest: Manifest,
  layout: Layout,
  staging: Staging,
  options: PlaceOptions,
): Promise<Placed> {
  const tree = path.join(staging.folder, 'tree');
  rmSync(tree, { recursive: true, force: true }); // of an attempt that was cut short
  mkdirSync(tree, { mode: 0o700 });
  const packed = packedBlocks(layout);
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  let loaded = -1;
  let file = 0;
  let count = 0;
  for (const entry of manifest.entries) {
    if (++count % ENTRIES_A_TURN === 0) await turn();
    const target = path.join(tree, ...localPath(entry.path));
    if (entry.folder) {
      attempt(target, () => mkdirSync(target, { mode: 0o700 }));
      continue;
    }
    const index = file++;
    if (entry.size >= BLOCK_BYTES) attempt(target, () => moveIn(staging.partOf(index), target));
    else {
      const block = packed.get(index);
      if (block !== undefined && block !== loaded) {
        staging.read(block, buffer);
        loaded = block;
      }
      const extent = block === undefined ? null : layout.extents(block).find((each) => each.file === index);
      const bytes = extent ? buffer.subarray(extent.at, extent.at + extent.length) : buffer.subarray(0, 0);
      attempt(target, () => writeNew(target, bytes));
    }
    finish(target, entry, options);
  }
  for (const entry of [...manifest.entries].reverse()) {
    if (entry.folder) finish(path.join(tree, ...localPath(entry.path)), entry, options);
  }
  return settle(manifest, tree, options);
}

/** A part stays where it is until all is in place, so that an attempt that was cut short finds it again. */
function moveIn(part: string, target: string): void {
  try {
    linkSync(part, target);
  } catch (err) {
    if (!NO_LINKS.includes((err as NodeJS.ErrnoException).code ?? '')) throw err;
    copyFileSync(part, target, constants.COPYFILE_EXCL);
  }
}

/** Of file systems without links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'];

function writeNew(target: string, bytes: Uint8Array): void {
  const fd = openSync(target, 'wx', 0o600);
  try {
    writeAll(fd, bytes, 0);
  } finally {
    closeSync(fd);
  }
}

function finish(
  target: string,
  { folder, mode, mtimeMs }: ManifestEntry,
  { modes, umask }: PlaceOptions,
): void {
  const usual = folder ? 0o777 : 0o666;
  // The owner can always read and tidy up what was received.
  const own = folder ? 0o700 : 0o600;
  attempt(target, () => {
    chmodSync(target, modes ? (mode & ~umask) | (folder ? 0o700 : 0o400) : (usual & ~umask) | own);
    utimesSync(target, mtimeMs / 1000, mtimeMs / 1000);
  });
}

function settle(manifest: Manifest, tree: string, options: PlaceOptions): Placed {
  const names = new Map<string, string>();
  for (const { name, folder } of manifest.roots) {
    const local = localPath(name)[0] as string;
    const placed = settleRoot(path.join(tree, local), local, folder, options);
    if (placed) names.set(local, placed);
  }
  syncFolder(options.out);
  const complete = names.size === manifest.roots.length;
  const fileAt = (name: string) => {
    const [root = '', ...rest] = localPath(name);
    return identify(path.join(options.out, names.get(root) as string, ...rest));
  };
  return {
    paths: [...names.values()].map((name) => path.join(options.out, name)),
    identify: () => (complete ? manifest.files.map((file) => fileAt(file.path)) : null),
  };
}

/** The name that it got; null if it was skipped. */
function settleRoot(
  from: string,
  name: string,
  folder: boolean,
  { out, ifExists }: PlaceOptions,
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
const fileInto = (from: string, target: string): boolean =>
  succeeds(target, () => {
    try {
      linkSync(from, target);
    } catch (err) {
      if (!NO_LINKS.includes((err as NodeJS.ErrnoException).code ?? '')) throw err;
      copyFileSync(from, target, constants.COPYFILE_EXCL);
    }
  }, ['EEXIST']);

/** False if the name is taken. A folder renamed onto one that is not empty fails, so nothing is ever replaced. */
function folderInto(from: string, target: string): boolean {
  if (!succeeds(target, () => mkdirSync(target, { mode: 0o700 }), ['EEXIST'])) return false;
  const taken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'];
  if (succeeds(target, () => renameSync(from, target), taken)) return true;
  // Some systems rename onto nothing that is there; on others somebody was faster, and then nothing is removed.
  if (!lstatSync(target).isDirectory() || readdirSync(target).length > 0) return false;
  rmdirSync(target);
  return !existsSync(target) && succeeds(target, () => renameSync(from, target), []);
}

/** False if it failed with one of these codes. */
const succeeds = (place: string, fn: () => void, but: readonly string[]): boolean =>
  attempt(
    place,
    () => {
      fn();
      return true;
    },
    but,
  ) ?? false;

/** `name (1).ext`, and the name itself for 0. */
export function numbered(name: string, number: number, folder: boolean): string {
  if (number === 0) return name;
  const extension = folder ? '' : path.extname(name);
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`;
}

/** Small files by the pack that they lie in. */
function packedBlocks(layout: Layout): Map<number, number> {
  const packed = new Map<number, number>();
  for (let block = layout.firstPack; block < layout.blockCount; block++)
    for (const { file } of layout.extents(block)) packed.set(file, block);
  return packed;
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  attempt(folder, () => {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}
