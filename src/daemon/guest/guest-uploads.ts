import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { ChatterError } from '../../errors.js';
import { gatePath, isRisky, localName } from '../../files/names.js';
import { attempt, checkRoom, diskError } from '../../files/staging.js';
import { LIMITS } from '../../limits.js';
import type { Multipart } from './multipart.js';

/** What a guest handed in at once. */
export interface GuestUpload {
  upload: string;
  names: string[];
  risky: string[];
  bytes: number;
  state: 'waiting' | 'accepted' | 'declined';
}

/**
 * What guests hand in, kept until somebody says yes or no.
 *
 * 1. A name passes the gate before anything is made; nothing is ever replaced.
 * 2. An upload that is cut short, or of which anything is refused, leaves nothing behind.
 * 3. What nobody has accepted goes when the page ends.
 */
export class GuestUploads {
  readonly list: GuestUpload[] = [];
  readonly #folder: string;
  #bytes = 0;

  /** `folder` is ours alone. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes a form's files; null where there were none. Throws what a guest is told. */
  async take(parts: AsyncIterable<Multipart>): Promise<GuestUpload | null> {
    if (this.list.filter(({ state }) => state === 'waiting').length >= LIMITS.guestUploadsWaiting)
      throw new ChatterError('FILES_LIMIT');
    const id = randomBytes(8).toString('hex');
    const folder = path.join(this.#waiting, id);
    attempt(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    const names: string[] = [];
    let file: FileHandle | null = null;
    let bytes = 0;
    try {
      for await (const part of parts) {
        if (part.type === 'part') {
          await file?.close();
          file = null;
          if (!part.filename) continue; // another field, or no file was chosen
          if (names.length >= LIMITS.guestUploadFiles) throw new ChatterError('FILES_LIMIT');
          const name = freeName(folder, gatedName(part.filename)); // Invariant 1
          names.push(name);
          file = await open(path.join(folder, name), 'wx', 0o600);
        } else if (file) {
          bytes += part.bytes.length;
          this.#bytes += part.bytes.length;
          if (this.#bytes > LIMITS.guestUploadBytes) throw new ChatterError('FILES_LIMIT');
          checkRoom(folder, part.bytes.length);
          await file.writeFile(part.bytes);
        }
      }
      await file?.close();
    } catch (err) {
      await file?.close().catch(() => {});
      rmSync(folder, { recursive: true, force: true }); // Invariant 2
      this.#bytes -= bytes;
      throw err instanceof ChatterError ? err : diskError(folder, err);
    }
    if (names.length === 0) {
      rmSync(folder, { recursive: true, force: true });
      return null;
    }
    const upload: GuestUpload = { upload: id, names, risky: names.filter(isRisky), bytes, state: 'waiting' };
    this.list.push(upload);
    return upload;
  }

  /** Where an accepted upload lies from now on, in a folder of that name. Throws FILE_NOT_FOUND. */
  accept(id: string, label: string): string {
    const upload = this.#get(id);
    const target = path.join(this.#folder, 'taken', id);
    attempt(target, () => mkdirSync(target, { recursive: true, mode: 0o700 }));
    const place = path.join(target, label);
    attempt(place, () => renameSync(path.join(this.#waiting, id), place));
    upload.state = 'accepted';
    return place;
  }

  decline(id: string): void {
    const upload = this.#get(id);
    rmSync(path.join(this.#waiting, id), { recursive: true, force: true });
    this.#bytes -= upload.bytes;
    upload.state = 'declined';
  }

  close(): void {
    rmSync(this.#waiting, { recursive: true, force: true }); // Invariant 3
  }

  get #waiting(): string {
    return path.join(this.#folder, 'waiting');
  }

  #get(id: string): GuestUpload {
    const upload = this.list.find((each) => each.upload === id && each.state === 'waiting');
    if (!upload) throw new ChatterError('FILE_NOT_FOUND');
    return upload;
  }
}

/** The one component of a name that a guest's browser sent. Throws FILE_NAME_UNSAFE. */
function gatedName(given: string): string {
  const components = gatePath(given.normalize('NFC'));
  if (components.length !== 1) throw new ChatterError('FILE_NAME_UNSAFE');
  return localName(components[0] as string, true);
}

/** `name (1).ext` where the name is taken: phones call every picture the same. */
function freeName(folder: string, name: string): string {
  const extension = path.extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 0; number <= LIMITS.guestUploadFiles; number++) {
    const free = number === 0 ? name : `${stem} (${number})${extension}`;
    if (!existsSync(path.join(folder, free))) return free;
  }
  throw new ChatterError('FILE_EXISTS');
}
