import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';

/** Layout of the log that SQLite writes ahead: https://sqlite.org/fileformat2.html#the_write_ahead_log */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** SQLite's usual size: nothing here sets another. */
const PAGE_BYTES = 4096;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;
/** The header's first word where sums are of big-endian words. */
const BIG_ENDIAN = 0x377f0683;
/** Bytes of a database's header that say whether a log goes with it: 2 with one, 1 without. */
const JOURNAL_BYTES_AT = 18;
const MAGIC = 'SQLite format 3\0';

type Sum = readonly [number, number];

/** A page as it was written. */
interface Frame {
  readonly page: number;
  /** Pages of the whole database where a transaction ends here; otherwise 0. */
  readonly pages: number;
  /** Its sum, and the salt of this log, are right. */
  readonly isSound: boolean;
  /** Where the page begins. */
  readonly at: number;
}

interface ReadLog {
  readonly bytes: Buffer;
  readonly frames: readonly Frame[];
  readonly isHeaderSound: boolean;
}

/**
 * Whether the disk has changed a log that was written ahead, so that SQLite would pass over all that was written after:
 * it takes what is wrong for the end. A log that only ends too early, as after a crash, is none of that.
 */
export function isLogBroken(database: string): boolean {
  const log = readLog(database);
  if (!log) return false;
  const last = log.frames.findLastIndex(({ isSound }) => isSound);
  return last >= 0 && (!log.isHeaderSound || log.frames.slice(0, last).some(({ isSound }) => !isSound));
}

/**
 * Brings a log into its database up to the last transaction that ended, and removes it, so that the file can be read by
 * itself. Pages that the disk has changed are taken as they are: whoever reads them has to look at each row.
 */
export function absorbLog(database: string): void {
  const log = readLog(database);
  const last = log?.frames.findLastIndex(({ isSound, pages }) => isSound && pages > 0) ?? -1;
  const pages = log?.frames[last]?.pages ?? 0;
  const fd = openSync(database, 'r+');
  try {
    for (const { page, at } of log?.frames.slice(0, last + 1) ?? [])
      if (page >= 1 && page <= pages)
        writeSync(fd, log?.bytes as Buffer, at, PAGE_BYTES, (page - 1) * PAGE_BYTES);
    if (pages > 0) ftruncateSync(fd, pages * PAGE_BYTES);
    if (isDatabase(database)) writeSync(fd, Buffer.from([1, 1]), 0, 2, JOURNAL_BYTES_AT);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true });
}

function isDatabase(file: string): boolean {
  return readFileSync(file).subarray(0, MAGIC.length).toString('latin1') === MAGIC;
}

/** Null where there is none, or nothing in it. */
function readLog(database: string): ReadLog | null {
  const file = `${database}-wal`;
  if (!existsSync(file)) return null;
  const bytes = readFileSync(file);
  if (bytes.length < HEADER_BYTES + FRAME_BYTES) return null;
  const isBig = bytes.readUInt32BE(0) === BIG_ENDIAN;
  const log = readFrames(bytes, !isBig);
  // Nothing is sound in it where the word that says how to sum was changed.
  return log.frames.some(({ isSound }) => isSound) ? log : readFrames(bytes, isBig);
}

function readFrames(bytes: Buffer, isLittle: boolean): ReadLog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sum = (from: number, to: number, [a, b]: Sum): Sum => {
    for (let i = from; i < to; i += 8) {
      a = (a + view.getUint32(i, isLittle) + b) >>> 0;
      b = (b + view.getUint32(i + 4, isLittle) + a) >>> 0;
    }
    return [a, b];
  };
  const sumAt = (at: number): Sum => [view.getUint32(at), view.getUint32(at + 4)];
  const saltAt = (at: number) => view.getBigUint64(at);
  const headerSum = sum(0, 24, [0, 0]);
  const isHeaderSound = isSame(headerSum, sumAt(24));
  const salt = isHeaderSound ? saltAt(16) : saltAt(HEADER_BYTES + 8);
  const frames: Frame[] = [];
  // A sum goes on from the one before, as it is written or, where that was changed, as it should be.
  let before: Sum[] = isHeaderSound ? [headerSum] : [sumAt(24), headerSum];
  for (let at = HEADER_BYTES; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
    const written = sumAt(at + 16);
    const page = at + FRAME_HEADER_BYTES;
    const sums = before.map((from) => sum(page, page + PAGE_BYTES, sum(at, at + 8, from)));
    const isRight = sums.some((each) => isSame(each, written));
    frames.push({
      page: view.getUint32(at),
      pages: view.getUint32(at + 4),
      isSound: isRight && saltAt(at + 8) === salt,
      at: page,
    });
    before = isRight ? [written] : [written, sums[0] as Sum];
  }
  return { bytes, frames, isHeaderSound };
}

const isSame = (a: Sum, b: Sum): boolean => a[0] === b[0] && a[1] === b[1];
