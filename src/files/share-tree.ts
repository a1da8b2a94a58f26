import b4a from 'b4a';
import { encodeAll, fixed, list, record, text, uint } from '../protocol/codec.js';
import { blake3, DIGEST_BYTES } from './blake3.js';
import type { ManifestEntry } from './manifest.js';
import { pathMatcher } from './wildcard.js';

/** A file or folder of a share, as others see it. */
export interface SharedEntry {
  /** With `/` between components; the first is the share's name. */
  readonly path: string;
  readonly folder: boolean;
  /** Bytes, of a folder all that is in it. */
  readonly size: number;
  /** 1 for a file; how many there are in a folder. */
  readonly files: number;
  readonly mtimeMs: number;
  /** Names the content, 32 bytes; null while it has not been hashed. */
  readonly hash: Uint8Array | null;
}

interface Node {
  entry: ManifestEntry;
  size: number;
  files: number;
  hash: Uint8Array | null;
  children: Node[];
}

/** What lies in one share, as a tree that can be listed and searched. */
export class ShareTree {
  readonly #nodes = new Map<string, Node>();
  readonly #files: Node[] = [];
  readonly #root: Node | null = null;

  /** `entries` of a scan: a folder comes before what is in it, the root first. */
  constructor(entries: readonly ManifestEntry[]) {
    for (const entry of entries) {
      const node: Node = { entry, size: entry.size, files: entry.folder ? 0 : 1, hash: null, children: [] };
      this.#nodes.set(entry.path, node);
      this.#root ??= node;
      if (!entry.folder) this.#files.push(node);
      for (let parent = parentOf(entry.path); parent; parent = parentOf(parent)) {
        const above = this.#nodes.get(parent);
        if (!above) break;
        if (parent === parentOf(entry.path)) above.children.push(node);
        above.size += entry.size;
        above.files += node.files;
      }
    }
  }

  get root(): SharedEntry | null {
    return this.#root && shown(this.#root);
  }

  /** A file's content has been hashed; `index` among the files of the scan. */
  setHash(index: number, hash: Uint8Array): void {
    const node = this.#files[index];
    if (node) node.hash = hash;
  }

  find(path: string): SharedEntry | null {
    const node = this.#nodes.get(path);
    return node ? shown(node) : null;
  }

  /** What lies directly in a folder. */
  children(path: string): SharedEntry[] {
    return (this.#nodes.get(path)?.children ?? []).map(shown);
  }

  /** Every file and folder of this very name. */
  named(name: string): SharedEntry[] {
    const [end, found] = [`/${name}`, [] as SharedEntry[]];
    for (const [path, node] of this.#nodes) if (path === name || path.endsWith(end)) found.push(shown(node));
    return found;
  }

  /** Files of so many bytes or more. */
  bigFiles(bytes: number): { path: string; size: number }[] {
    return this.#files
      .filter(({ size }) => size >= bytes)
      .map(({ entry, size }) => ({ path: entry.path, size }));
  }

  /** Every file and folder whose name or path fits, at most `limit`. */
  match(pattern: string, limit: number): SharedEntry[] {
    const fits = pathMatcher(pattern);
    const found: SharedEntry[] = [];
    for (const [path, node] of this.#nodes) {
      if (!fits(path)) continue;
      found.push(shown(node));
      if (found.length >= limit) break;
    }
    return found;
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const shown = (node: Node): SharedEntry => ({
  path: node.entry.path,
  folder: node.entry.folder,
  size: node.size,
  files: node.files,
  mtimeMs: node.entry.mtimeMs,
  hash: hashOf(node),
});

const folderCodec = list(
  record<{ name: string; kind: number; hash: Uint8Array }>({
    name: text(4096),
    kind: uint(1),
    hash: fixed(DIGEST_BYTES),
  }),
  2 ** 32,
);

/** Of a folder the names and hashes of what is in it; null while one of them is. */
function hashOf(node: Node): Uint8Array | null {
  if (!node.entry.folder || node.hash) return node.hash;
  const inside: { name: string; kind: number; hash: Uint8Array }[] = [];
  for (const child of node.children) {
    const hash = hashOf(child);
    if (!hash) return null;
    const name = child.entry.path.slice(node.entry.path.length + 1);
    inside.push({ name, kind: child.entry.folder ? 1 : 0, hash });
  }
  node.hash = blake3(b4a.concat([b4a.from('chatter/shares/1/folder\0'), encodeAll(folderCodec, inside)]));
  return node.hash;
}
