import { closeSync, openSync, writeSync } from 'node:fs';
import { ChatterError } from '../src/errors.js';

export interface PictureOutput {
  /** Resolves when the bytes are taken. Throws OUTPUT_FAILED. */
  write: (bytes: Uint8Array) => Promise<void>;
  close: () => void;
}

/** A new file, or with `-` standard output. Throws USAGE for a terminal and for a file that is there, and OUTPUT_FAILED. */
export function openPictureOutput(place: string): PictureOutput {
  if (place === '-') return standardOutput();
  let file: number;
  try {
    file = openSync(place, 'wx');
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw isThere
      ? new ChatterError('USAGE', { message: `${place} is there already; nothing was written.` })
      : new ChatterError('OUTPUT_FAILED', { message: `${place} cannot be written.`, cause });
  }
  return {
    write: async (bytes) => {
      try {
        for (let at = 0; at < bytes.byteLength; ) at += writeSync(file, bytes, at);
      } catch (cause) {
        throw new ChatterError('OUTPUT_FAILED', { cause });
      }
    },
    close: () => closeSync(file),
  };
}

function standardOutput(): PictureOutput {
  if (process.stdout.isTTY)
    throw new ChatterError('USAGE', { message: 'Pictures are no text: give --out FILE, or | and a player.' });
  return {
    // `main.ts` ends the process if it cannot be written, or if nobody reads it any more.
    write: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
    close: () => {},
  };
}
