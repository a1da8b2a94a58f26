import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { ChatterError } from '../src/errors.js';

const MAX_BYTES = 64 * 1024;
const MAX_BACKUP_CHARACTERS = 16 * 1024 * 1024;

/** The first line of a file, or of standard input for `-`: how scripts hand over what no argument may hold. */
export async function readSecretFile(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : readFile(file);
  return content.slice(0, MAX_BYTES).split(/\r?\n/)[0] as string;
}

/** All of a file, of at most 16 MiB. Throws USAGE. */
export function readWholeFile(file: string): string {
  const content = readFile(file);
  if (content.length > MAX_BACKUP_CHARACTERS)
    throw new ChatterError('USAGE', { message: `${file} is too large.` });
  return content;
}

/** All of a file, or of standard input for `-`. */
export async function readTextFile(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : readFile(file);
  return content.slice(0, MAX_BYTES);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ChatterError('USAGE', { message: `${file} cannot be read.`, cause });
  }
}
