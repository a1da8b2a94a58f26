import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { LIMITS } from '../limits.js';

/**
 * Appends lines to a file, for its owner alone. Over `LIMITS.logFileBytes`, or when its first line is older than
 * `LIMITS.logFileMs`, it begins anew and one old file is kept; the old one goes when it is as old. Never throws: a full
 * disk must not end the node for want of a log line.
 */
export function logFile(file: string, wall: () => number): (line: string) => void {
  const old = `${file}.1`;
  attempt(() => chmodSync(file, 0o600));
  attempt(() => {
    if (wall() - statSync(old).mtimeMs > LIMITS.logFileMs) rmSync(old);
  });
  let bytes = sizeOf(file);
  let begun = bytes > 0 ? firstTime(file) : wall();
  return (line) =>
    attempt(() => {
      const now = wall();
      if (bytes > LIMITS.logFileBytes || now - begun > LIMITS.logFileMs) {
        renameSync(file, old);
        bytes = 0;
        begun = now;
      }
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
      bytes += line.length + 1;
    });
}

function attempt(fn: () => void): void {
  try {
    fn();
  } catch {
    // There is nowhere to say so.
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** Milliseconds since 1970 by the first line; 0, which is too old, where there is none to be read. */
function firstTime(file: string): number {
  const head = Buffer.alloc(24);
  attempt(() => {
    const fd = openSync(file, 'r');
    try {
      readSync(fd, head);
    } finally {
      closeSync(fd);
    }
  });
  return Date.parse(head.toString('latin1')) || 0;
}
