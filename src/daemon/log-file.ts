import { appendFileSync, renameSync, statSync } from 'node:fs';
import { LIMITS } from '../limits.js';

/** Appends lines to a file; over `LIMITS.logFileBytes` it begins anew and one old file is kept. Never throws. */
export function logFile(file: string): (line: string) => void {
  let bytes = sizeOf(file);
  return (line) => {
    try {
      if (bytes > LIMITS.logFileBytes) {
        renameSync(file, `${file}.1`);
        bytes = 0;
      }
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
      bytes += line.length + 1;
    } catch {
      // A full disk must not end the node for want of a log line.
    }
  };
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
