import { ChatterError, ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { decodeAll, encodeAll, list, record, text, uint } from '../protocol/codec.js';
import { blake3 } from './blake3.js';
import { fits } from './layout.js';
import { collisionKey, gatePath, localName } from './names.js';

/** A file or folder of a transfer, as its sender has it. */
export interface ManifestEntry {
  /** Relative, with `/` between components, NFC. The first component is what was named when it was sent. */
  readonly path: string;
  readonly folder: boolean;
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /** The nine permission bits. */
  readonly mode: number;
}

interface WireEntry {
  path: string;
  folder: number;
  size: number;
  mtimeMs: number;
  mode: number;
}

const LATEST_MS = 8.64e15;

const entries = list(
  record<WireEntry>({
    path: text(LIMITS.filePathBytes),
    folder: uint(1),
    size: uint(LIMITS.fileBytes),
    mtimeMs: uint(LATEST_MS),
    mode: uint(0o777),
  }),
  LIMITS.fileEntries,
);

/** What is in a transfer; folders come before what is in them. */
export class Manifest {
  readonly entries: readonly ManifestEntry[];
  /** As it goes over the wire and is signed for by its digest. */
  readonly bytes: Uint8Array;
  /** 32 bytes. */
  readonly digest: Uint8Array;

  private constructor(list: readonly ManifestEntry[], bytes: Uint8Array) {
    this.entries = list;
    this.bytes = bytes;
    this.digest = blake3(bytes);
  }

  /** Throws FILE_NAME_UNSAFE for a name that no receiver would take, FILES_LIMIT for too much. */
  static of(list: readonly ManifestEntry[]): Manifest {
    check(list);
    const wire = list.map((entry) => ({
      ...entry,
      folder: entry.folder ? 1 : 0,
      mtimeMs: Math.min(Math.max(Math.round(entry.mtimeMs), 0), LATEST_MS),
      mode: entry.mode & 0o777,
    }));
    const bytes = encodeAll(entries, wire);
    if (bytes.byteLength > LIMITS.manifestBytes) throw new ChatterError('FILES_LIMIT');
    return new Manifest(list, bytes);
  }

  /** What a peer sent. Throws ProtocolError for what cannot be read, FILE_NAME_UNSAFE for what must not be written. */
  static parse(bytes: Uint8Array): Manifest {
    if (bytes.byteLength > LIMITS.manifestBytes) throw new ProtocolError('MESSAGE_TOO_LARGE');
    const list = decodeAll(entries, bytes).map((entry) => ({ ...entry, folder: entry.folder === 1 }));
    check(list);
    return new Manifest(list, bytes);
  }

  get files(): ManifestEntry[] {
    return this.entries.filter(({ folder }) => !folder);
  }

  get totalBytes(): number {
    return this.entries.reduce((sum, { size }) => sum + size, 0);
  }

  /** What was named when it was sent: files and folders that lie side by side. */
  get roots(): { name: string; folder: boolean; size: number }[] {
    const roots = new Map<string, { name: string; folder: boolean; size: number }>();
    for (const { path, folder, size } of this.entries) {
      const [name = ''] = path.split('/');
      const root = roots.get(name) ?? { name, folder: folder || path.includes('/'), size: 0 };
      root.size += size;
      roots.set(name, root);
    }
    return [...roots.values()];
  }
}

/** The components under which an entry is kept. */
export const localPath = (path: string): string[] =>
  gatePath(path).map((component, depth) => localName(component, depth === 0));

function check(list: readonly ManifestEntry[]): void {
  if (list.length === 0 || list.length > LIMITS.fileEntries) throw new ChatterError('FILES_LIMIT');
  if (!fits(list.map(({ size }) => size))) throw new ChatterError('FILES_LIMIT');
  const kinds = new Map<string, boolean>();
  for (const { path, folder, size } of list) {
    const components = localPath(path);
    const key = collisionKey(components);
    const parent = collisionKey(components.slice(0, -1));
    if (kinds.has(key)) throw twice(path);
    // A folder comes before what is in it, so nothing can be a file and a folder.
    if (parent !== '' && kinds.get(parent) !== true) throw new ChatterError('FILE_NAME_UNSAFE');
    if (folder && size !== 0) throw new ChatterError('FILE_NAME_UNSAFE');
    kinds.set(key, folder);
  }
}

const twice = (path: string) =>
  new ChatterError('FILE_NAME_UNSAFE', {
    message: `Two files of this transfer have names that are one on some systems: ${JSON.stringify(path.slice(0, 100)).replace(/[^\x20-\x7e]/gu, '?')}`,
  });
