import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { ChatterError } from '../src/errors.js';

const MAX_BYTES = 64 * 1024;

/** The first line of a file, or of standard input for `-`: how scripts hand over what no argument may hold. */
export async function readSecretFile(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : readFile(file);
  return content.slice(0, MAX_BYTES).split(/\r?\n/)[0] as string;
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
