import { existsSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { EarlierVersion } from './earlier-version.js';
import { FileContent, type FileIdentity, identify } from './file-content.js';
import type { HashCache } from './hash-cache.js';
import { localPath, type Manifest } from './manifest.js';
import { NUMBERS, numbered } from './settle.js';
import { FileShelf, type Shelf, TransferShelf } from './shelf.js';
import type { Transfer } from './transfer.js';
import type { Acceptance } from './transfer-store.js';
import type { TransferTable } from './transfer-table.js';

/** What is shared with a room from here, as far as blocks are looked for in it. */
export interface SharedPlaces {
  /** Absolute paths of all that bears this name. */
  named(name: string): readonly string[];
  /** Files that have blocks of their own. */
  bigFiles(): Iterable<{ place: string; size: number }>;
}

export interface LocalPlacesOptions {
  table: TransferTable;
  cache: HashCache;
  shared: SharedPlaces;
}

export interface LocalPlaces {
  /** Where blocks can be found by their hashes. */
  readonly shelves: readonly Shelf[];
  /** Where they are looked for by the names of their files. */
  readonly versions: readonly EarlierVersion[];
}

type Files = readonly (FileIdentity | null)[];

const MOST_VERSIONS = 4;
/** Shared files whose hashes are looked up; the likely ones come first. */
const MOST_FILES = 2048;
const FILES_A_TURN = 200;

/**
 * Where on this disk blocks of a transfer may lie already. Whoever gives a transfer sees which of its blocks nobody asks
 * for, and could offer guesses to learn what lies here. So nothing else is looked at than
 *
 * 1. what those it is for can have from here anyway: what is shared with the room, transfers for all of it, and for a
 *    transfer to one person alone those between the two;
 * 2. files of the same names in the folder that it is put in, if a person has said yes to it: that tells no more than
 *    whether a file of that name is what the other one has already.
 */
export async function localPlaces(
  transfer: Transfer,
  { out, unasked }: Pick<Acceptance, 'out' | 'unasked'>,
  { table, cache, shared }: LocalPlacesOptions,
): Promise<LocalPlaces> {
  const { manifest, layout } = transfer;
  const versions: EarlierVersion[] = [];
  const put = (files: Files) => {
    const version = new EarlierVersion(layout, files);
    const isNew = !versions.some((other) => version.isLike(other)); // one without any file is like every other
    if (isNew && files.some(Boolean) && versions.length < MOST_VERSIONS) versions.push(version);
  };
  if (!unasked) for (const placeOf of placedBefore(out, manifest)) put(await identified(manifest, placeOf)); // Rule 2
  const others = table.all.filter((other) => other !== transfer && isOpen(table, other, transfer));
  for (const other of [...others].reverse()) put(filesOf(manifest, other));
  const [root = '', ...more] = manifest.roots.map(({ name }) => name);
  for (const place of more.length === 0 ? shared.named(root) : [])
    put(await identified(manifest, (name) => path.join(place, ...name.split('/').slice(1))));
  const files = await likely(manifest, shared);
  const shelves = [
    ...others.filter(({ content }) => content).map((other) => new TransferShelf(other)),
    ...files.map((file) => new FileShelf(file, cache)),
  ];
  return { shelves, versions };
}

/** Rule 1. */
function isOpen(table: TransferTable, other: Transfer, { signed, author }: Transfer): boolean {
  return other.signed.offer.to === null || (signed.offer.to !== null && table.isFor(other, author));
}

/** Where a file of the manifest was put, each time that it was put into this folder: the last time first. */
function placedBefore(out: string, { roots }: Manifest): ((name: string) => string)[] {
  const times: ((name: string) => string)[] = [];
  for (let number = 0; number <= NUMBERS; number++) {
    const names = new Map<string, string>();
    for (const { name, folder } of roots) {
      const [local = ''] = localPath(name);
      names.set(local, path.join(out, numbered(local, number, folder)));
    }
    const isSome = [...names.values()].some((place) => existsSync(place));
    if (number > 0 && !isSome) break;
    times.unshift((name) => {
      const [root = '', ...rest] = localPath(name);
      return path.join(names.get(root) as string, ...rest);
    });
  }
  return times.slice(0, MOST_VERSIONS);
}

/** The files that lie in these places now. */
async function identified({ files }: Manifest, placeOf: (name: string) => string): Promise<Files> {
  const found: (FileIdentity | null)[] = [];
  for (const { path: name, size } of files) {
    if (found.length % FILES_A_TURN === 0) await turn();
    found.push(size === 0 ? null : plain(placeOf(name)));
  }
  return found;
}

/** The files of another transfer that bear the same names. */
function filesOf({ files }: Manifest, { manifest, content }: Transfer): Files {
  if (!(content instanceof FileContent)) return [];
  const byName = new Map(manifest.files.map(({ path: name }, i) => [name, content.files[i] ?? null]));
  return files.map(({ path: name }) => byName.get(name) ?? null);
}

/** Shared files that have blocks of their own: first those of a size or a name that is among the wanted ones. */
async function likely({ files }: Manifest, shared: SharedPlaces): Promise<FileIdentity[]> {
  const sizes = new Set(files.map(({ size }) => size));
  const names = new Set(files.map(({ path: name }) => path.posix.basename(name)));
  const first: string[] = [];
  const rest: string[] = [];
  for (const { place, size } of shared.bigFiles())
    (sizes.has(size) || names.has(path.basename(place)) ? first : rest).push(place);
  const found: FileIdentity[] = [];
  for (const [i, place] of [...first, ...rest].slice(0, MOST_FILES).entries()) {
    if (i % FILES_A_TURN === 0) await turn();
    const file = plain(place);
    if (file) found.push(file);
  }
  return found;
}

/** Null where no plain file lies. */
function plain(place: string): FileIdentity | null {
  try {
    return identify(place);
  } catch {
    return null;
  }
}
