import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { arrive, arrived } from '../../src/files/arrive.js';
import { Manifest } from '../../src/files/manifest.js';
import { STAGING_PREFIX } from '../../src/files/names.js';
import { Signatures, transferId } from '../../src/files/signed.js';
import { Staging } from '../../src/files/staging.js';
import { Transfer } from '../../src/files/transfer.js';
import type { Acceptance, TransferStore } from '../../src/files/transfer-store.js';
import { TransferTable } from '../../src/files/transfer-table.js';
import { peerId } from '../../src/identity/peer-id.js';
import { RecordedDisk } from '../support/recorded-disk.js';

const BLOCK = 256 * 1024;
const signer = { publicKey: new Uint8Array(32).fill(1), sign: () => new Uint8Array(64) };

/** A folder with small files and a big one, beside a small and a big file: what they hold, by name. */
function contents(small: number): Map<string, Buffer | null> {
  const files = new Map<string, Buffer | null>([
    ['album', null],
    ['album/empty', null],
    ['album/in', null],
    ['album/in/big', randomBytes(BLOCK + 77)],
    ['note', randomBytes(300)],
    ['nothing', Buffer.alloc(0)],
    ['film', randomBytes(2 * BLOCK)],
  ]);
  for (let i = 0; i < small; i++) files.set(`album/in/${i}`, randomBytes(100 + i));
  return files;
}

/** Everything was received into staging; `restart` is what the node finds when it starts again. */
class Received {
  readonly out: string;
  readonly transfer: Transfer;
  /** As the database has it. */
  stored: Acceptance;
  readonly #table: TransferTable;
  readonly #onPut: () => void;

  constructor(out: string, files: Map<string, Buffer | null>, onPut: () => void = () => {}) {
    this.out = out;
    this.#onPut = onPut;
    const manifest = Manifest.of(
      [...files].map(([name, content]) => ({
        path: name,
        folder: content === null,
        size: content?.byteLength ?? 0,
        mtimeMs: 1_600_000_000_000,
        mode: 0o644,
      })),
    );
    const offer = new Signatures('00').offer(
      {
        transfer: transferId(randomBytes(16)),
        author: signer.publicKey,
        to: null,
        wall: 0,
        manifest: manifest.digest,
        manifestBytes: manifest.bytes.byteLength,
        entries: manifest.entries.length,
        totalBytes: manifest.totalBytes,
        shared: false,
      },
      signer,
    );
    this.transfer = new Transfer(offer, peerId(signer.publicKey), manifest, false);
    this.stored = { out, ifExists: 'number', modes: false, staging: Staging.nameIn(out) };
    const put = async (
      _room: string,
      _transfer: Transfer,
      { acceptance }: { acceptance?: Acceptance } = {},
    ) => {
      this.stored = acceptance ?? this.stored;
      this.#onPut();
    };
    this.#table = new TransferTable({
      roomId: '00',
      store: { put } as unknown as TransferStore,
      onChanged: () => {},
    });
  }

  /** Writes what was received of these files. */
  async stage(files: Map<string, Buffer | null>): Promise<this> {
    const { layout, manifest } = this.transfer;
    const plain = manifest.files.map(({ path: name }) => files.get(name) as Buffer);
    const staging = new Staging(this.stored.staging, layout);
    staging.create();
    for (let block = 0; block < layout.blockCount; block++) {
      const bytes = Buffer.alloc(layout.blockBytes(block));
      for (const { file, offset, at, length } of layout.extents(block))
        bytes.set((plain[file] as Buffer).subarray(offset, offset + length), at);
      await staging.write(block, bytes);
    }
    staging.close();
    return this;
  }

  /** As a node does when every block is here, at first or after a start. */
  async arrive(): Promise<void> {
    if (this.stored.placed) return arrived(this.transfer, this.stored, this.#table);
    const staging = new Staging(this.stored.staging, this.transfer.layout);
    const options = { table: this.#table, umask: 0o022, stopped: () => false };
    await arrive(this.transfer, this.stored, staging, options).finally(() => staging.close());
  }
}

/** Files and folders outside of staging, by their names in `out`. */
function outside(out: string, under = ''): string[] {
  return readdirSync(path.join(out, under), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(STAGING_PREFIX))
    .flatMap((entry) => {
      const name = path.posix.join(under, entry.name);
      return entry.isDirectory() ? [name, ...outside(out, name)] : [name];
    });
}

/** What is there and is not what was sent. */
const wrong = (out: string, files: Map<string, Buffer | null>): string[] =>
  outside(out).filter((name) => {
    const content = files.get(name);
    if (content === undefined) return true;
    const place = path.join(out, name);
    return content === null ? !lstatSync(place).isDirectory() : !readFileSync(place).equals(content);
  });

for (const [small, how] of [
  [3, 'each file for itself'],
  [40, 'their file system at once'],
] as const) {
  const files = contents(small);
  const all = [...files.keys()].sort();

  t.test(`nothing has a name outside before it is on the disk (few files: ${small})`, async (t) => {
    const out = t.testdir({});
    const lost: string[] = [];
    let [placedWhile, removedWhile] = ['never', 'never'];
    const disk: RecordedDisk = new RecordedDisk(out, {
      onDone: (operation) => {
        for (const name of outside(out))
          if (disk.isDirty(path.join(out, name))) lost.push(`${name} after ${operation}`);
        if (operation.startsWith('rmSync') && !operation.endsWith('.new') && removedWhile === 'never')
          removedWhile = received.stored.placed ? 'said so' : 'not said';
      },
    });
    const received = new Received(out, files, () => {
      if (placedWhile === 'never') placedWhile = disk.isDirty(out) ? 'not synced' : 'synced';
    });
    await received.stage(files);
    t.ok(await disk.run(() => received.arrive()));
    t.same(lost, [], 'a loss of power takes nothing of what has a name');
    t.equal(placedWhile, 'synced', 'names are on the disk before the database says that they are');
    t.equal(removedWhile, 'said so', 'and the database says so before staging goes');
    t.same(outside(out).sort(), all);
    t.ok(
      disk.operations.some((each) => each.startsWith(small > 32 ? 'sync ' : 'fdatasync ')),
      how,
    );
  });

  t.test(`killed before any operation or in the middle of it, it is whole in the end (${how})`, async (t) => {
    const base = t.testdir({});
    const whole = path.join(base, 'whole');
    mkdirSync(whole);
    const { operations } = await (async () => {
      const received = await new Received(whole, files).stage(files);
      const disk = new RecordedDisk(whole);
      await disk.run(() => received.arrive());
      return disk;
    })();
    t.comment(`${operations.length} operations`);
    const bad: string[] = [];
    for (const torn of [false, true])
      for (const [endAt, operation] of operations.entries()) {
        if (torn && !operation.startsWith('write')) continue;
        const out = path.join(base, 'out');
        mkdirSync(out);
        const received = await new Received(out, files).stage(files);
        const disk = new RecordedDisk(out, { endAt, torn });
        const toItsEnd = await disk.run(() => received.arrive());
        const where = `${disk.operations[endAt]}${torn ? ', torn' : ''}`;
        if (toItsEnd) bad.push(`not ended at ${where}`);
        const seen = wrong(out, files);
        if (seen.length > 0) bad.push(`after ${where}: ${seen.join()}`);
        await received.arrive();
        const names = readdirSync(out).sort().join();
        if (names !== 'album,film,note,nothing') bad.push(`started again after ${where}: ${names}`);
        if (outside(out).sort().join() !== all.join() || wrong(out, files).length > 0)
          bad.push(`started again after ${where}: ${wrong(out, files).join()}`);
        rmSync(out, { recursive: true });
      }
    t.same(bad, []);
  });
}
