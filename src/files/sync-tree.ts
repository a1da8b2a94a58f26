import { execFile } from 'node:child_process';
import { closeSync, fdatasync, fsync, openSync } from 'node:fs';
import path from 'node:path';
import { attempt, diskError } from './staging.js';

/**
 * From so many files on their whole file system is written back at once where that can be done: each one for itself
 * waits for the journal, and 10,000 take ten times as long.
 */
const MANY = 32;
/** As many as the threads that Node has for files. */
const AT_ONCE = 4;
/** Windows wants to write to what it syncs; elsewhere a file may be read-only by then. */
const FOR_FILES = process.platform === 'win32' ? 'r+' : 'r';

/**
 * Files and folders survive the loss of power from here on, with all that was written to them. Of `folders` the first
 * holds everything else. Rejects with DISK_FULL or DISK_FAILED.
 */
export async function syncTree(files: readonly string[], folders: readonly string[]): Promise<void> {
  const [top] = folders;
  if (top !== undefined && files.length > MANY && (await syncFileSystem(top))) return;
  await inTurns(files, (file) => syncOne(file, FOR_FILES, fdatasync));
  await syncFolders(folders);
}

/** Names that were put into folders, or taken out, stay so. */
export async function syncFolders(folders: readonly string[]): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  await inTurns(folders, (folder) => syncOne(folder, 'r', fsync));
}

/** False where there is no such command, or it fails. */
async function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return new Promise((resolve) => execFile('sync', ['-f', folder], (err) => resolve(err === null)));
}

async function syncOne(place: string, flags: string, sync: typeof fsync): Promise<void> {
  const fd = attempt(place, () => openSync(place, flags)) as number;
  try {
    await new Promise<void>((resolve, reject) =>
      sync(fd, (err) => (err ? reject(diskError(path.dirname(place), err)) : resolve())),
    );
  } finally {
    closeSync(fd);
  }
}

async function inTurns(places: readonly string[], sync: (place: string) => Promise<void>): Promise<void> {
  const left = places.values();
  const work = async () => {
    for (const place of left) await sync(place);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
