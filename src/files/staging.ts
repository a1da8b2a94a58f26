import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  type StatsFs,
  statfsSync,
  statSync,
  write as writeAsync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { type Content, readAll } from './file-content.js';
import { BLOCK_BYTES, type Layout } from './layout.js';
import { STAGING_PREFIX } from './names.js';

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Written back while more arrives, so that the end has little to wait for. */
const WRITE_BACK_BYTES = 64 * 1024 * 1024;
/** A disk that takes longer for a block than this is written to beside the event loop, two blocks at a time. */
const SLOW_WRITE_MS = 4;
const WRITES_AT_ONCE = 2;
const OPEN_FILES = 32;

/**
 * What has arrived of a transfer, in a folder of ours beside the place where it will be (one file system, so that it
 * can be put there by a link). No name in it is a peer's; it is 0700 and its files 0600.
 */
export class Staging implements Content {
  readonly folder: string;
  readonly #layout: Layout;
  readonly #open = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #writing = 0;
  #slow = false;
  #unsynced = 0;
  #syncing = false;
  #closed = false;

  constructor(folder: string, layout: Layout) {
    this.folder = folder;
    this.#layout = layout;
  }

  /** A name for a new one beside the files in `out`. */
  static nameIn(out: string): string {
    return path.join(out, `${STAGING_PREFIX}${randomBytes(16).toString('hex')}`);
  }

  /** Makes the folder, or finds it as it was left. Throws DISK_FULL and DISK_FAILED. */
  create(): void {
    attempt(this.folder, () => mkdirSync(this.folder, { mode: 0o700 }), ['EEXIST']);
  }

  /** Resolves when a whole block is written. Rejects with DISK_FULL or DISK_FAILED. */
  write(block: number, bytes: Uint8Array): void | Promise<void> {
    const { fd, position } = this.#place(block);
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced >= WRITE_BACK_BYTES) this.#writeBack(fd);
    if (this.#slow) return this.#writeBeside(fd, bytes, position);
    const since = performance.now();
    attempt(this.folder, () => writeAll(fd, bytes, position));
    this.#slow = performance.now() - since > SLOW_WRITE_MS;
  }

  read(block: number, target: Uint8Array): void {
    const { fd, position } = this.#place(block);
    const length = this.#layout.blockBytes(block);
    if (!readAll(fd, target, 0, length, position)) throw new ChatterError('FILE_UNREADABLE');
  }

  /** The staged file of a big file. */
  partOf(file: number): string {
    return path.join(this.folder, `${file}.part`);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  remove(): void {
    this.close();
    removeStaging(this.folder);
  }

  #place(block: number): { fd: number; position: number } {
    if (block >= this.#layout.firstPack) {
      return { fd: this.#fd('pack'), position: (block - this.#layout.firstPack) * BLOCK_BYTES };
    }
    const [extent] = this.#layout.extents(block);
    const { file, offset } = extent as { file: number; offset: number };
    return { fd: this.#fd(`${file}.part`), position: offset };
  }

  #fd(name: string): number {
    if (this.#closed) throw new ChatterError('CLOSED');
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    if (this.#open.size >= OPEN_FILES) {
      const [oldest, fd] = this.#open.entries().next().value as [string, number];
      if (this.#writing === 0) {
        this.#open.delete(oldest);
        attempt(this.folder, () => fsyncSync(fd));
        closeSync(fd);
      }
    }
    const file = path.join(this.folder, name);
    const fd = attempt(file, () => openStaged(file)) as number;
    this.#open.set(name, fd);
    return fd;
  }

  /** `bytes` is kept until they are written. */
  async #writeBeside(fd: number, bytes: Uint8Array, position: number): Promise<void> {
    while (this.#writing >= WRITES_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) throw new ChatterError('CLOSED');
    this.#writing++;
    const since = performance.now();
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        done += await new Promise<number>((resolve, reject) =>
          writeAsync(fd, bytes, done, bytes.byteLength - done, position + done, (err, count) =>
            err ? reject(diskError(this.folder, err)) : resolve(count),
          ),
        );
      }
    } finally {
      this.#writing--;
      this.#slow = performance.now() - since > SLOW_WRITE_MS;
      this.#waiting.shift()?.();
    }
  }

  #writeBack(fd: number): void {
    if (this.#syncing) return;
    this.#unsynced = 0;
    this.#syncing = true;
    fdatasync(fd, () => {
      this.#syncing = false; // a failure shows again when all is synced at the end
    });
  }
}

function openStaged(file: string): number {
  try {
    return openSync(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err;
  }
  try {
    return openSync(file, O_RDWR | O_NOFOLLOW);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EACCES') throw err;
    chmodSync(file, 0o600); // it was on its way to its place, and has the rights that it was to have there
    return openSync(file, O_RDWR | O_NOFOLLOW);
  }
}

/**
 * Removes what was staged; the name is ours, never a peer's. What a disk does not let go, which may be away or
 * read-only just now, is removed at another start.
 */
export function removeStaging(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    return; // the start finds it by its transfer
  }
}

/** Writes may be short. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
  }
}

/** Makes a folder where there is none, and looks whether `bytes` more fit. Throws DISK_FULL, DISK_FAILED. */
export function prepareFolder(folder: string, bytes: number): void {
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  if (!attempt(folder, () => statSync(folder))?.isDirectory())
    throw new ChatterError('DISK_FAILED', { message: `${folder} is no folder.` });
  checkRoom(folder, bytes);
}

/** Throws DISK_FULL if `bytes` more would leave the disk of `folder` less than its reserve. */
export function checkRoom(folder: string, bytes: number): void {
  const disk = attempt(folder, () => statfsSync(folder)) as StatsFs;
  // A twentieth of the disk stays free, a gigabyte at least, but of a small disk a tenth.
  const size = disk.blocks * disk.bsize;
  const reserve = Math.min(Math.max(LIMITS.diskReserveBytes, size / 20), size / 10);
  if (disk.bavail * disk.bsize - reserve < bytes) {
    throw new ChatterError('DISK_FULL', { message: `There is not enough room in ${folder}.` });
  }
}

/** Runs `fn`; what the file system refuses becomes DISK_FULL or DISK_FAILED. Codes in `but` are no failure. */
export function attempt<T>(place: string, fn: () => T, but: readonly string[] = []): T | undefined {
  try {
    return fn();
  } catch (err) {
    if (but.includes((err as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw diskError(place, err);
  }
}

export function diskError(place: string, err: unknown): ChatterError {
  if (err instanceof ChatterError) return err;
  const { code = '' } = err as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ChatterError('DISK_FULL', {
      message: `There is no room left in ${path.dirname(place)}.`,
      cause: err,
    });
  const why = CAUSES[code] ?? 'it cannot be written';
  return new ChatterError('DISK_FAILED', { message: `${place}: ${why}.`, cause: err });
}

const CAUSES: Record<string, string> = {
  EACCES: 'you are not allowed to write there',
  EPERM: 'you are not allowed to write there',
  EROFS: 'the disk is read-only',
  ENOENT: 'the folder is gone',
  ENOTDIR: 'a part of this path is a file',
  EFBIG: 'the file is larger than this disk or account takes',
  ENAMETOOLONG: 'the name is too long for this disk',
};
