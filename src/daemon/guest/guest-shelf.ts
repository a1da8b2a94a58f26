import { randomBytes } from 'node:crypto';
import { ChatterError } from '../../errors.js';
import { FileContent } from '../../files/file-content.js';
import { Layout } from '../../files/layout.js';
import { localPath } from '../../files/manifest.js';
import { fileBytes, isHere } from '../../files/read-file.js';
import { scan } from '../../files/scan.js';
import type { Transfer } from '../../files/transfer.js';
import { LIMITS } from '../../limits.js';

/** One file that guests can download. */
export interface ShelfFile {
  id: string;
  name: string;
  size: number;
  mtimeMs: number;
  read(start: number, end: number): Iterable<Uint8Array>;
}

/** What lies ready for guests. Each file is read where it lies, unchanged since it was put here or not at all. */
export class GuestShelf {
  readonly #files: ShelfFile[] = [];
  readonly #contents: FileContent[] = [];

  get files(): readonly ShelfFile[] {
    return this.#files;
  }

  find(id: string): ShelfFile | null {
    return this.#files.find((file) => file.id === id) ?? null;
  }

  remove(id: string): void {
    const at = this.#files.findIndex((file) => file.id === id);
    if (at < 0) throw new ChatterError('FILE_NOT_FOUND');
    this.#files.splice(at, 1);
  }

  /** Throws as `scan` does, and FILES_LIMIT. */
  async putPaths(paths: readonly string[]): Promise<void> {
    const { manifest, files } = await scan(paths, { hidden: false });
    const layout = new Layout(manifest.files.map(({ size }) => size));
    const content = new FileContent(layout, files);
    this.#contents.push(content);
    for (const [file, entry] of manifest.files.entries())
      this.#put(entry, (start, end) => fileBytes({ layout, content, manifest }, file, start, end));
  }

  /** Of a transfer what is here. Throws FILE_NOT_FOUND where that is nothing. */
  putTransfer(transfer: Transfer): void {
    const { manifest, layout } = transfer;
    const here = [...manifest.files.entries()].filter(([file]) => isHere(transfer, file));
    if (here.length === 0) throw new ChatterError('FILE_NOT_FOUND');
    for (const [file, entry] of here)
      this.#put(entry, (start, end) => {
        const { content } = transfer;
        if (!content) throw new ChatterError('FILE_NOT_FOUND');
        return fileBytes({ layout, content, manifest }, file, start, end);
      });
  }

  close(): void {
    for (const content of this.#contents) content.close();
    this.#files.length = 0;
  }

  #put(
    { path, size, mtimeMs }: { path: string; size: number; mtimeMs: number },
    read: ShelfFile['read'],
  ): void {
    if (this.#files.length >= LIMITS.guestShelfFiles) throw new ChatterError('FILES_LIMIT');
    this.#files.push({
      id: randomBytes(8).toString('hex'),
      name: localPath(path).at(-1) ?? '_',
      size,
      mtimeMs,
      read,
    });
  }
}
