import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Result } from './api.js';

/**
 * The folders directly in a folder of this computer, the home folder if none is named, so that a face without a file
 * dialog can let somebody choose one. Hidden ones are left out. Rejects with API_BAD_REQUEST for a path that is not
 * absolute, FILE_NOT_FOUND, FILE_UNREADABLE.
 */
export async function foldersIn(place: string = homedir()): Promise<Result<'folders'>> {
  if (!path.isAbsolute(place))
    throw new ChatterError('API_BAD_REQUEST', { message: 'Give the whole path, from the root of the disk.' });
  const folder = path.resolve(place);
  const parent = path.dirname(folder);
  const entries = await read(folder);
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b));
  return {
    path: folder,
    parent: parent === folder ? null : parent,
    folders: names.slice(0, LIMITS.foundEntries).map((name) => ({ name, path: path.join(folder, name) })),
    more: names.length > LIMITS.foundEntries,
  };
}

async function read(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ChatterError('FILE_NOT_FOUND', { message: `There is no folder ${folder}.`, cause });
    throw new ChatterError('FILE_UNREADABLE', { message: `${folder} cannot be looked into.`, cause });
  }
}
