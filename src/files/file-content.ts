import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { ChatterError } from '../errors.js';
import type { Layout } from './layout.js';

/** A file as it was when it was looked at; anything else under its path is another file. Numbers as text: 64 bits. */
export interface FileIdentity {
  readonly path: string;
  readonly size: number;
  readonly stamp: string;
}

/** Where blocks of a transfer can be read from. */
export interface Content {
  /** Puts a whole block at the start of `target`. Throws FILE_CHANGED or FILE_UNREADABLE. */
  read(block: number, target: Uint8Array): void;
  /** Where it is still coming: resolves when all blocks of a page can be read, or it is closed. */
  ready?(page: number): Promise<void> | undefined;
  close(): void;
}

const OPEN_FILES = 32;
// Where a system lacks one it is undefined, which counts as 0.
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What makes a file the same one: device, inode, size and both times. Throws if it is no plain file. */
export function identify(path: string): FileIdentity {
  const stat = lstatSync(path, { bigint: true });
  if (!stat.isFile()) throw new ChatterError('FILE_UNREADABLE', { message: `${path} is not a plain file.` });
  return { path, size: Number(stat.size), stamp: stampOf(stat) };
}

type Stat = { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint };

const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: Stat) => `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;

/**
 * Blocks from files that somebody may write to meanwhile.
 *
 * 1. A block comes from exactly the files that were identified, unchanged before and after it was read, or not at all.
 * 2. At most `OPEN_FILES` are open; a link, pipe or device that took a file's place is never opened or waited for.
 */
export class FileContent implements Content {
  /** In the order of the layout. */
  readonly files: readonly FileIdentity[];
  readonly #layout: Layout;
  readonly #open = new Map<number, number>();

  /** `files` in the order of the layout's sizes. */
  constructor(layout: Layout, files: readonly FileIdentity[]) {
    this.#layout = layout;
    this.files = files;
  }

  read(block: number, target: Uint8Array): void {
    for (const { file, offset, at, length } of this.#layout.extents(block)) {
      const identity = this.files[file] as FileIdentity;
      const fd = this.#descriptor(file, identity);
      const whole = readAll(fd, target, at, length, offset);
      if (!whole || !isSame(fd, identity)) throw changed(identity); // Invariant 1
      if (block >= this.#layout.firstPack) this.#close(file); // read once and small: others need the room
    }
  }

  close(): void {
    for (const file of [...this.#open.keys()]) this.#close(file);
  }

  #descriptor(file: number, identity: FileIdentity): number {
    const open = this.#open.get(file);
    if (open !== undefined) {
      if (!isSame(open, identity)) throw changed(identity);
      return open;
    }
    if (this.#open.size >= OPEN_FILES) this.#close(this.#open.keys().next().value as number);
    let fd: number;
    try {
      fd = openSync(identity.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (cause) {
      throw (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? changed(identity)
        : new ChatterError('FILE_UNREADABLE', { message: `${identity.path} cannot be read.`, cause });
    }
    this.#open.set(file, fd);
    if (!isSame(fd, identity)) throw changed(identity);
    return fd;
  }

  #close(file: number): void {
    const fd = this.#open.get(file);
    this.#open.delete(file);
    if (fd !== undefined) closeSync(fd);
  }
}

const isSame = (fd: number, { stamp }: FileIdentity): boolean =>
  stampOf(fstatSync(fd, { bigint: true })) === stamp;

/** False if the file ends before `length` bytes. */
export function readAll(fd: number, target: Uint8Array, at: number, length: number, offset: number): boolean {
  for (let done = 0; done < length; ) {
    const count = readSync(fd, target, at + done, length - done, offset + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

const changed = ({ path }: FileIdentity) =>
  new ChatterError('FILE_CHANGED', { message: `${path} was changed after it had been offered.` });
