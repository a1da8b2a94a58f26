import {
  closeSync,
  constants,
  fdatasync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  write as writeAsync,
} from 'node:fs';
import path from 'node:path';
import { ChatterError } from '../errors.js';
import { type Content, FileContent, type FileIdentity, identify, readAll } from './file-content.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE, type Layout } from './layout.js';
import type { ManifestEntry } from './manifest.js';
import { gatePath } from './names.js';
import { attempt, diskError, writeAll } from './staging.js';

const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;

/** A file or folder as a program names it whose bytes come later. */
export interface UploadEntry {
  /** Relative, with `/` between components. */
  path: string;
  /** Bytes; 0 for a folder. */
  size: number;
  /** Milliseconds since 1970. */
  mtimeMs: number;
  folder: boolean;
}

/** Who writes: whoever asked last. */
export type Writer = { readonly brand: 'Writer' };

/** The entries of a manifest: names in NFC, and every folder that only shows in a path. Names are gated later. */
export function uploadManifest(entries: readonly UploadEntry[]): ManifestEntry[] {
  const list = new Map<string, ManifestEntry>();
  const put = (entry: UploadEntry) => {
    const path = entry.path.normalize('NFC');
    const known = list.get(path);
    if (known?.folder && entry.folder) return;
    if (known) throw new ChatterError('FILE_NAME_UNSAFE', { message: 'Two of these files have one name.' });
    list.set(path, {
      ...entry,
      path,
      size: entry.folder ? 0 : entry.size,
      mode: entry.folder ? 0o755 : 0o644,
    });
  };
  for (const entry of entries) {
    const components = gatePath(entry.path.normalize('NFC'));
    for (let depth = 1; depth < components.length; depth++) {
      const parent = components.slice(0, depth).join('/');
      if (!list.has(parent)) put({ path: parent, size: 0, mtimeMs: entry.mtimeMs, folder: true });
    }
    put(entry);
  }
  return [...list.values()];
}

/**
 * Content that a program hands over byte by byte, written where others are served from: one file each in a folder of
 * ours, under its number. Bytes come in the order of the layout, so that whole pages can be hashed and given while the
 * rest is still on its way.
 *
 * 1. A byte is written once, at the place where the last one ended; two writers never write at once.
 * 2. No name in the folder is chosen by anybody else.
 */
export class Upload implements Content {
  readonly folder: string;
  readonly #layout: Layout;
  /** Files in the order in which their bytes come. */
  readonly #order: { file: number; size: number }[];
  /** Bytes that have come when a page is whole. */
  readonly #pageEnds: number[];
  /** Of those that are whole, by number. */
  readonly #files: FileIdentity[] = [];
  readonly #whole: FileContent;
  readonly #waiting = new Map<() => void, number>();
  #writing: Promise<void> = Promise.resolve();
  #writer: Writer | null = null;
  #next = 0;
  #fd: number | null = null;
  #filled = 0;
  #received = 0;
  #closed = false;

  /** `sizes` of the manifest's files. Finds what an earlier run has written. Throws DISK_FULL or DISK_FAILED. */
  constructor(folder: string, layout: Layout, sizes: readonly number[]) {
    this.folder = folder;
    this.#layout = layout;
    const files = sizes.map((size, file) => ({ file, size }));
    this.#order = [
      ...files.filter(({ size }) => size >= BLOCK_BYTES),
      ...files.filter(({ size }) => size < BLOCK_BYTES),
    ];
    this.#pageEnds = pageEnds(layout);
    this.#whole = new FileContent(layout, this.#files);
    attempt(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    this.#find();
  }

  /** Bytes that are here. */
  get received(): number {
    return this.#received;
  }

  /** Every file, in the manifest's order; null while some are not whole. */
  get files(): readonly FileIdentity[] | null {
    return this.#next === this.#order.length ? this.#files : null;
  }

  get writer(): Writer | null {
    return this.#writer;
  }

  /** Goes on at `offset`; whoever wrote before does not any more. Throws UPLOAD_OFFSET where it is another. */
  async begin(offset: number): Promise<Writer> {
    const writer: Writer = { brand: 'Writer' };
    this.#writer = writer;
    await this.#writing; // Invariant 1
    if (offset !== this.#received) throw new ChatterError('UPLOAD_OFFSET');
    return writer;
  }

  end(writer: Writer): void {
    if (this.#writer === writer) this.#writer = null;
  }

  /**
   * Resolves when these bytes, which may lie in several files, are written. Rejects with UPLOAD_OFFSET for another's
   * or more than was announced, DISK_FULL, DISK_FAILED, and CLOSED.
   */
  write(writer: Writer, bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#append(writer, bytes));
    return this.#writing;
  }

  ready(page: number): Promise<void> | undefined {
    const end = this.#pageEnds[page] as number;
    if (this.#received >= end || this.#closed) return undefined;
    return new Promise((resolve) => this.#waiting.set(resolve, end));
  }

  read(block: number, target: Uint8Array): void {
    const [extent] = this.#layout.extents(block);
    const { file = -1, offset = 0, at = 0, length = 0 } = extent ?? {};
    if (this.#files[file]) return this.#whole.read(block, target);
    const isOpen = this.#fd !== null && this.#order[this.#next]?.file === file;
    if (!isOpen || !readAll(this.#fd as number, target, at, length, offset))
      throw new ChatterError('FILE_UNREADABLE');
  }

  close(): void {
    this.#closed = true;
    this.#writer = null;
    this.#wake();
    this.#whole.close();
    // A descriptor that is written to by another thread must not become another file's.
    this.#writing = this.#writing
      .catch(() => {})
      .then(() => {
        if (this.#fd !== null) closeSync(this.#fd);
        this.#fd = null;
      });
  }

  /** Removes it with everything in it; the name is ours. */
  async remove(): Promise<void> {
    this.close();
    await this.#writing;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #append(writer: Writer, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      if (this.#closed) throw new ChatterError('CLOSED');
      const current = this.#order[this.#next];
      if (writer !== this.#writer || !current) throw new ChatterError('UPLOAD_OFFSET');
      const part = bytes.subarray(at, at + current.size - this.#filled);
      await this.#put(current, part);
      at += part.byteLength;
      this.#filled += part.byteLength;
      this.#received += part.byteLength;
      if (this.#filled === current.size) this.#finish();
    }
    this.#wake();
  }

  async #put({ file, size }: { file: number; size: number }, part: Uint8Array): Promise<void> {
    const place = this.#placeOf(file);
    this.#fd ??= attempt(place, () => openSync(place, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)) as number;
    const fd = this.#fd;
    // Small ones are many: they are not worth a turn of the event loop each.
    if (size < BLOCK_BYTES) return attempt(place, () => writeAll(fd, part, this.#filled));
    for (let done = 0; done < part.byteLength; ) {
      done += await new Promise<number>((resolve, reject) =>
        writeAsync(fd, part, done, part.byteLength - done, this.#filled + done, (err, count) =>
          err ? reject(diskError(place, err)) : resolve(count),
        ),
      );
    }
  }

  /** The file that is being written is whole, and those that are empty after it. */
  #finish(): void {
    const { file } = this.#order[this.#next] as { file: number };
    if (this.#fd !== null) {
      const fd = this.#fd;
      // What reaches the disk later changes nothing of what makes it the same file.
      if (this.#filled >= BLOCK_BYTES) fdatasync(fd, () => closeSync(fd));
      else closeSync(fd);
    }
    this.#fd = null;
    this.#filled = 0;
    this.#next++;
    this.#files[file] = identify(this.#placeOf(file));
    this.#finishEmpty();
  }

  #finishEmpty(): void {
    for (let next = this.#order[this.#next]; next?.size === 0; next = this.#order[this.#next]) {
      const place = this.#placeOf(next.file);
      attempt(place, () => closeSync(openSync(place, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)));
      this.#files[next.file] = identify(place);
      this.#next++;
    }
  }

  #find(): void {
    for (let next = this.#order[this.#next]; next; next = this.#order[this.#next]) {
      const place = this.#placeOf(next.file);
      const size = attempt(place, () => statSync(place).size, ['ENOENT']) ?? -1;
      if (next.size > 0 && size < next.size) {
        this.#filled = Math.max(0, size);
        this.#received += this.#filled;
        if (size > 0) this.#fd = attempt(place, () => openSync(place, O_RDWR | O_NOFOLLOW)) as number;
        return;
      }
      if (size < 0) return this.#finishEmpty();
      this.#received += next.size;
      this.#files[next.file] = identify(place);
      this.#next++;
    }
  }

  #wake(): void {
    for (const [resolve, end] of this.#waiting) {
      if (!this.#closed && this.#received < end) continue;
      this.#waiting.delete(resolve);
      resolve();
    }
  }

  #placeOf(file: number): string {
    return path.join(this.folder, String(file));
  }
}

function pageEnds(layout: Layout): number[] {
  const ends: number[] = [];
  let bytes = 0;
  for (let page = 0; page < layout.pageCount; page++) {
    for (let i = 0; i < layout.pageBlocks(page); i++) bytes += layout.blockBytes(page * BLOCKS_A_PAGE + i);
    ends.push(bytes);
  }
  return ends;
}
