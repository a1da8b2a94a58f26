import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import type { Storage, Value } from '../storage/database.js';
import { blake3 } from './blake3.js';
import type { FileIdentity } from './file-content.js';
import { BLOCK_BYTES, type Extent, type Layout } from './layout.js';

/** Rows are written so many at a time, each time one wait for the disk. */
const ROWS_AT_ONCE = 250;
const WRITE_AFTER_MS = 500;
const DAY_MS = 24 * 60 * 60_000;
/** What nobody has asked for in so long is forgotten. */
const LIFE_DAYS = 90;

/** Hashes of a big file are kept for stretches of 256 MiB: one row each. */
const CHUNK_BLOCKS = 1024;

/** Blocks whose hashes are kept together: a stretch of one big file, or a pack. */
export interface Chunk {
  /** Indices among the layout's files. */
  readonly files: readonly number[];
  /** Which stretch of a big file. */
  readonly part: number;
  /** Number of its first block in the layout, and how many there are. */
  readonly first: number;
  readonly count: number;
}

/** The chunk that holds this block. */
export function chunkAt(layout: Layout, block: number): Chunk {
  const extents = layout.extents(block);
  const [{ file, offset }] = extents as readonly [Extent];
  if (block >= layout.firstPack) {
    return { files: extents.map((each) => each.file), part: 0, first: block, count: 1 };
  }
  const inFile = offset / BLOCK_BYTES;
  const part = Math.floor(inFile / CHUNK_BLOCKS);
  const first = block - inFile + part * CHUNK_BLOCKS;
  const count = Math.min(CHUNK_BLOCKS, Math.ceil(layout.sizeOf(file) / BLOCK_BYTES) - part * CHUNK_BLOCKS);
  return { files: [file], part, first, count };
}

/**
 * Hashes of blocks of files as they were identified (path, size, times, inode), so that what was hashed once is not
 * read again to be offered or shared once more. It only saves work: who is given a block checks it all the same.
 */
export class HashCache {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #unwritten = new Map<string, { key: Uint8Array; hashes: Uint8Array }>();
  #timer: Timer | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  static async load(storage: Storage, clock: Clock): Promise<HashCache> {
    await storage.migrate('filehash', [
      'CREATE TABLE filehash_chunk (key BLOB PRIMARY KEY, hashes BLOB NOT NULL, day INTEGER NOT NULL) STRICT',
    ]);
    const cache = new HashCache(storage, clock);
    await storage.run('DELETE FROM filehash_chunk WHERE day < ?', [cache.#today - LIFE_DAYS]);
    return cache;
  }

  /** The hashes of a chunk of these files; null if they are not known, or not as they are now. */
  async find(files: readonly FileIdentity[], chunk: Chunk): Promise<Uint8Array | null> {
    const key = keyOf(files, chunk);
    const fresh = this.#unwritten.get(b4a.toString(key, 'hex'));
    if (fresh) return fresh.hashes;
    const [row] = await this.#storage.all('SELECT hashes, day FROM filehash_chunk WHERE key = ?', [key]);
    if (!row) return null;
    if (Number(row.day) < this.#today - LIFE_DAYS / 2) this.#put(key, row.hashes as Uint8Array);
    return row.hashes as Uint8Array;
  }

  /** Keeps them; they are on disk a little later. */
  keep(files: readonly FileIdentity[], chunk: Chunk, hashes: Uint8Array): void {
    this.#put(keyOf(files, chunk), hashes);
  }

  /** Resolves when all that was kept is on disk. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  get #today(): number {
    return Math.floor(this.#clock.wall() / DAY_MS);
  }

  #put(key: Uint8Array, hashes: Uint8Array): void {
    this.#unwritten.set(b4a.toString(key, 'hex'), { key, hashes });
    if (this.#unwritten.size >= ROWS_AT_ONCE) void this.flush().catch(() => this.#unwritten.clear());
    else
      this.#timer ??= this.#clock.after(WRITE_AFTER_MS, () => {
        void this.flush().catch(() => this.#unwritten.clear()); // a cache that cannot be written is none
      });
  }

  async #write(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const rows = [...this.#unwritten].slice(0, ROWS_AT_ONCE);
      const values: Value[] = rows.flatMap(([, { key, hashes }]) => [key, hashes, this.#today]);
      await this.#storage.run(
        // What is there already is not written again: sharing once more waits for no disk.
        `INSERT INTO filehash_chunk VALUES ${rows.map(() => '(?, ?, ?)').join(', ')}
         ON CONFLICT DO UPDATE SET hashes = excluded.hashes, day = excluded.day
         WHERE day <> excluded.day OR hashes <> excluded.hashes`,
        values,
        { synced: false },
      );
      for (const [name] of rows) this.#unwritten.delete(name);
    }
  }
}

function keyOf(files: readonly FileIdentity[], { files: indices, part }: Chunk): Uint8Array {
  const identities = indices.map((index) => {
    const { path, size, stamp } = files[index] as FileIdentity;
    return [path, size, stamp];
  });
  return blake3(b4a.from(JSON.stringify([part, identities])));
}
