import { realpathSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { blake3 } from './blake3.js';
import { FileContent, type FileIdentity } from './file-content.js';
import { hashPage, keepHashes } from './hash-ahead.js';
import type { HashCache } from './hash-cache.js';
import { Layout } from './layout.js';
import { type Scanned, scan } from './scan.js';
import type { StoredShare } from './share-store.js';
import { type SharedEntry, ShareTree } from './share-tree.js';
import { ShareWatch } from './share-watch.js';
import { contentRoot } from './signed.js';

export type ShareState = 'scanning' | 'ready' | 'gone';

export interface ShareOptions {
  cache: HashCache;
  clock: Clock;
  /** True while hashing would be in the way. */
  busy: () => boolean;
  /** What lies in it, or its state, has changed. */
  onChanged: () => void;
}

const WAIT_WHILE_BUSY_MS = 1_000;

/**
 * A file or folder that is shared with a room: what lies in it now, and the hashes of it.
 *
 * 1. Only what the last look found can be named from outside, and links are never followed to it.
 * 2. Hidden names are not in it.
 */
export class Share {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly #o: ShareOptions;
  readonly #exclude: readonly string[];
  readonly #watch: ShareWatch;
  #state: ShareState = 'scanning';
  #tree = new ShareTree([]);
  #digest: Uint8Array | null = null;
  #hashed = 0;
  #skipped: Scanned['skipped'] = [];
  #round = 0;
  #looking: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor({ id, path: place, exclude }: StoredShare, options: ShareOptions) {
    this.id = id;
    this.path = place;
    this.name = path.basename(place).normalize('NFC');
    this.#o = options;
    this.#exclude = exclude;
    this.#watch = new ShareWatch(options.clock, () => void this.look());
  }

  get state(): ShareState {
    return this.#state;
  }

  get tree(): ShareTree {
    return this.#tree;
  }

  get hashedBytes(): number {
    return this.#hashed;
  }

  /** What was left out at the last look. */
  get skipped(): Scanned['skipped'] {
    return this.#skipped;
  }

  /** Looks at what is there now; a second call meanwhile makes it look once more. Resolves when that is known. */
  look(): Promise<void> {
    if (this.#looking) this.#again = true;
    this.#looking ??= this.#lookUntilStill().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Where something in the tree lies on the disk. */
  placeOf(inTree: string): string {
    return path.join(this.path, ...inTree.split('/').slice(1));
  }

  /** What lies under a path of the tree, as it is on the disk now. Throws FILE_NOT_FOUND, FILE_UNREADABLE, FILES_LIMIT. */
  async scan(entry: SharedEntry): Promise<Scanned> {
    const found = this.placeOf(entry.path);
    // Invariant 1: a link that took the place of a folder on the way leads nowhere.
    if (realPath(found) !== found) throw new ChatterError('FILE_NOT_FOUND');
    return scan([found], { exclude: this.#exclude, hidden: false });
  }

  close(): void {
    this.#closed = true;
    this.#watch.close();
  }

  async #lookUntilStill(): Promise<void> {
    do {
      this.#again = false;
      await this.#lookOnce();
    } while (this.#again && !this.#closed);
  }

  async #lookOnce(): Promise<void> {
    let scanned: Scanned;
    try {
      scanned = await scan([this.path], { exclude: this.#exclude, hidden: false });
    } catch (err) {
      const wasGone = this.#state === 'gone';
      this.#state = 'gone';
      this.#tree = new ShareTree([]);
      this.#digest = null;
      this.#round++;
      if (!this.#closed) this.#watch.follow([this.path, path.dirname(this.path)]);
      if (!wasGone && !this.#closed) this.#o.onChanged();
      if (ChatterError.from(err).code === 'INTERNAL') throw err;
      return;
    }
    if (this.#closed) return;
    const folders = scanned.manifest.entries.filter(({ folder }) => folder);
    const places = folders.map(({ path: name }) => this.placeOf(name));
    this.#watch.follow(places.length > 0 ? places : [this.path]);
    const digest = digestOf(scanned);
    if (this.#digest && b4a.equals(this.#digest, digest)) return;
    this.#digest = digest;
    this.#skipped = scanned.skipped;
    this.#tree = new ShareTree(scanned.manifest.entries);
    this.#hashed = 0;
    this.#state = 'ready';
    this.#o.onChanged();
    void this.#hash(scanned.files, this.#tree, ++this.#round);
  }

  /** Hashes every file that is not known, one after the other, in what time is left. */
  async #hash(files: readonly FileIdentity[], tree: ShareTree, round: number): Promise<void> {
    const stopped = () => this.#closed || this.#round !== round;
    for (const [index, file] of files.entries()) {
      while (this.#o.busy() && !stopped())
        await new Promise<void>((resolve) => this.#o.clock.after(WAIT_WHILE_BUSY_MS, resolve));
      if (index % FILES_A_TURN === 0) await turn();
      if (stopped()) return;
      const hash = await hashFile(file, this.#o.cache, stopped);
      if (!hash || stopped()) continue;
      tree.setHash(index, hash);
      this.#hashed += file.size;
    }
    if (!stopped()) this.#o.onChanged();
  }
}

const FILES_A_TURN = 50;

/** Differs when a file is another one, even with the same name, size and time. */
const digestOf = ({ manifest, files }: Scanned): Uint8Array =>
  blake3(b4a.concat([manifest.digest, b4a.from(files.map(({ stamp }) => stamp).join('\n'))]));

/** The root of one file; null if it cannot be read as it was, or it was stopped. */
async function hashFile(
  file: FileIdentity,
  cache: HashCache,
  stopped: () => boolean,
): Promise<Uint8Array | null> {
  const layout = new Layout([file.size]);
  const content = new FileContent(layout, [file]);
  const pages = new Map<number, { hashes: Uint8Array; signature: Uint8Array }>();
  try {
    for (let page = 0; page < layout.pageCount; page++) {
      const hashes = await hashPage(layout, page, { content, files: [file], cache, stopped });
      if (!hashes) return null;
      pages.set(page, { hashes, signature: new Uint8Array(0) });
    }
  } catch (err) {
    if (ChatterError.from(err).code === 'INTERNAL') throw err;
    return null; // changed or gone: the next look sees it
  } finally {
    content.close();
  }
  keepHashes({ layout, pages }, [file], cache);
  return contentRoot(
    [file.size],
    [...pages.values()].map(({ hashes }) => hashes),
  );
}

function realPath(place: string): string | null {
  try {
    return realpathSync(place);
  } catch {
    return null;
  }
}
