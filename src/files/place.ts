import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { storedJson } from '../storage/stored-json.js';
import { type FileIdentity, identify } from './file-content.js';
import { BLOCK_BYTES, type Layout } from './layout.js';
import { localPath, type Manifest, type ManifestEntry } from './manifest.js';
import { NO_LINKS, nodeAt, type PlacedNames, type RootNodes, settle } from './settle.js';
import { attempt, type Staging, writeAll } from './staging.js';
import { syncTree } from './sync-tree.js';
import type { Acceptance } from './transfer-store.js';

export interface PlaceOptions extends Pick<Acceptance, 'out' | 'ifExists' | 'modes'> {
  umask: number;
}

const ENTRIES_A_TURN = 200;

/**
 * Puts what was staged, all of it verified, into the user's folder.
 *
 * 1. A folder appears whole or not at all, and a file whole: all is built in staging, where nothing of anybody else's
 *    can be a link, and has reached the disk before it gets a name outside.
 * 2. However often this is cut short, by a kill or the loss of power, what it had done is found by the next attempt:
 *    `tree` is there when it is whole and synced, and `nodes` tells what of it has been moved out.
 * 3. Nothing is removed but what lies in staging.
 *
 * Throws FILE_EXISTS, DISK_FULL, DISK_FAILED.
 */
export async function place(
  manifest: Manifest,
  layout: Layout,
  staging: Staging,
  options: PlaceOptions,
): Promise<PlacedNames> {
  const tree = path.join(staging.folder, 'tree');
  const nodes = path.join(staging.folder, 'nodes');
  const before = existsSync(tree); // Invariant 2
  if (!before) await build(manifest, layout, staging, options, { tree, nodes });
  return settle(
    manifest,
    tree,
    before ? storedJson<RootNodes>(readFileSync(nodes, 'utf8'), {}) : null,
    options,
  );
}

/** Where a transfer lies, by the names that its roots got. */
export const placedPaths = (out: string, names: PlacedNames): string[] =>
  Object.values(names).map((name) => path.join(out, name));

/** Every file of it, in the manifest's order, as it is now; null if some were skipped, or are gone already. */
export function placedFiles(
  { roots, files }: Manifest,
  out: string,
  names: PlacedNames,
): FileIdentity[] | null {
  if (Object.keys(names).length < roots.length) return null;
  try {
    return files.map((file) => {
      const [root = '', ...rest] = localPath(file.path);
      return identify(path.join(out, names[root] as string, ...rest));
    });
  } catch {
    return null; // somebody took one away at once: it is theirs
  }
}

/** Makes the tree, under another name until it is whole and synced. */
async function build(
  manifest: Manifest,
  layout: Layout,
  staging: Staging,
  options: PlaceOptions,
  { tree, nodes }: { tree: string; nodes: string },
): Promise<void> {
  const fresh = `${tree}.new`;
  rmSync(fresh, { recursive: true, force: true }); // of an attempt that was cut short
  mkdirSync(fresh, { mode: 0o700 });
  const at = (entry: ManifestEntry) => path.join(fresh, ...localPath(entry.path));
  await fill(manifest, layout, staging, at);
  const folders = [fresh, ...manifest.entries.filter(({ folder }) => folder).map(at)];
  await syncTree(manifest.files.map(at), folders); // Invariant 1
  // The times of folders last: what is put into one changes its own.
  for (const entry of [...manifest.files, ...manifest.entries.filter(({ folder }) => folder).reverse()])
    finish(at(entry), entry, options);
  const found: RootNodes = {};
  for (const { name } of manifest.roots) {
    const [local = ''] = localPath(name);
    found[local] = nodeAt(path.join(fresh, local)) ?? '';
  }
  attempt(nodes, () => writeFileSync(nodes, JSON.stringify(found), { mode: 0o600 }));
  await syncTree([nodes], []);
  attempt(tree, () => renameSync(fresh, tree));
  await syncTree([], [staging.folder]); // Invariant 2
}

async function fill(
  { entries }: Manifest,
  layout: Layout,
  staging: Staging,
  at: (entry: ManifestEntry) => string,
): Promise<void> {
  const packed = packedBlocks(layout);
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  let loaded = -1;
  let file = 0;
  for (const [count, entry] of entries.entries()) {
    if (count % ENTRIES_A_TURN === 0) await turn();
    const target = at(entry);
    if (entry.folder) {
      attempt(target, () => mkdirSync(target, { mode: 0o700 }));
      continue;
    }
    const index = file++;
    if (entry.size >= BLOCK_BYTES) {
      attempt(target, () => moveIn(staging.partOf(index), target));
      continue;
    }
    const block = packed.get(index);
    if (block !== undefined && block !== loaded) {
      staging.read(block, buffer);
      loaded = block;
    }
    const extent = block === undefined ? null : layout.extents(block).find((each) => each.file === index);
    const bytes = extent ? buffer.subarray(extent.at, extent.at + extent.length) : buffer.subarray(0, 0);
    attempt(target, () => writeNew(target, bytes));
  }
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

/** Small files by the pack that they lie in. */
function packedBlocks(layout: Layout): Map<number, number> {
  const packed = new Map<number, number>();
  for (let block = layout.firstPack; block < layout.blockCount; block++)
    for (const { file } of layout.extents(block)) packed.set(file, block);
  return packed;
}
