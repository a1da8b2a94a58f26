import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Writes a small file whole or not at all, for its owner alone; on disk when it returns. Throws what `fs` throws. */
export function writeWhole(file: string, content: string): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      for (let rest = Buffer.from(content); rest.length > 0; ) rest = rest.subarray(writeSync(fd, rest));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
    syncFolder(path.dirname(file));
  } catch (err) {
    rmSync(temporary, { force: true });
    throw err;
  }
}

/** Without it a power cut may undo the renaming, however well the file itself was written. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
