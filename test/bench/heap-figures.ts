import { renameSync, writeFileSync } from 'node:fs';
import { getHeapSpaceStatistics } from 'node:v8';

/** What the process holds in which this file was loaded first, with `--expose-gc --import`; in bytes. */
export interface HeapFigures {
  pid: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Everything that is dead was taken away just before. */
  collected: boolean;
  /** Resident, all of it. */
  rss: number;
  /** Where V8 puts what is new: how large it is follows from how much lives on, up to a bound, and most of it is dead. */
  young: number;
  /** Where it puts what has lived on, and how much of that is in use, dead or alive. */
  old: number;
  oldUsed: number;
  /** Outside of V8's heap. */
  external: number;
}

const EVERY_MS = 1_000;
const YOUNG = /^new_/;

/** Written beside and put in place, so that whoever reads never sees half of it. */
function write(file: string, collected: boolean): void {
  writeFileSync(`${file}.new`, JSON.stringify(figures(collected)));
  renameSync(`${file}.new`, file);
}

function figures(collected: boolean): HeapFigures {
  const { rss, external } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics();
  const sum = (isYoung: boolean, of: 'physical_space_size' | 'space_used_size') =>
    spaces
      .filter(({ space_name }) => YOUNG.test(space_name) === isYoung)
      .reduce((bytes, space) => bytes + space[of], 0);
  return {
    pid: process.pid,
    at: Date.now(),
    collected,
    rss,
    young: sum(true, 'physical_space_size'),
    old: sum(false, 'physical_space_size'),
    oldUsed: sum(false, 'space_used_size'),
    external,
  };
}

const file = process.env.HEAP_FIGURES;
if (file) {
  const timer = setInterval(() => write(file, false), EVERY_MS).unref();
  process.once('SIGUSR2', () => {
    clearInterval(timer);
    global.gc?.();
    write(file, true);
  });
}
