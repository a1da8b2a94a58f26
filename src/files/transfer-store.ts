import { rmSync } from 'node:fs';
import type { ErrorCode } from '../errors.js';
import type { Storage } from '../storage/database.js';
import { storedJson } from '../storage/stored-json.js';
import type { FileIdentity } from './file-content.js';
import type { TransferId } from './signed.js';
import type { Page, Transfer, TransferState } from './transfer.js';

/** What becomes of a name that is taken. */
export type IfExists = 'number' | 'skip' | 'fail';

/** Where a transfer is put, and how. */
export interface Acceptance {
  /** An absolute path. */
  out: string;
  ifExists: IfExists;
  modes: boolean;
  /** Absolute path of the staging folder. */
  staging: string;
  /** A rule took it, no person. */
  unasked?: boolean;
  /** It may come by any way; otherwise, once it has come over a near one, a far one is asked about. */
  anyPath?: boolean;
  /** Names that its roots got in `out`, by their local ones: it lies in its place, and what was staged may go. */
  placed?: Record<string, string>;
}

/** What outlives the node of a transfer. */
export interface StoredTransfer {
  offer: Uint8Array;
  signature: Uint8Array;
  manifest: Uint8Array;
  state: TransferState;
  code: ErrorCode | null;
  acceptance: Acceptance | null;
  files: FileIdentity[] | null;
  paths: string[];
  withheld: boolean;
  seal: { root: Uint8Array; signature: Uint8Array } | null;
  pages: Map<number, Page>;
}

/** The transfers of a data folder, on disk. */
export class TransferStore {
  readonly #storage: Storage;

  private constructor(storage: Storage) {
    this.#storage = storage;
  }

  static async load(storage: Storage): Promise<TransferStore> {
    await storage.migrate('file', [
      `CREATE TABLE file_transfer (
         id TEXT PRIMARY KEY, room TEXT NOT NULL, offer BLOB NOT NULL, signature BLOB NOT NULL,
         manifest BLOB NOT NULL, state TEXT NOT NULL, code TEXT, acceptance TEXT, files TEXT, paths TEXT NOT NULL,
         seal_root BLOB, seal_signature BLOB
       ) STRICT`,
      `CREATE TABLE file_page (
         transfer TEXT NOT NULL, page INTEGER NOT NULL, hashes BLOB NOT NULL, signature BLOB NOT NULL,
         PRIMARY KEY (transfer, page)
       ) STRICT`,
      'ALTER TABLE file_transfer ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0',
    ]);
    return new TransferStore(storage);
  }

  async ofRoom(room: string): Promise<StoredTransfer[]> {
    const rows = await this.#storage.all('SELECT * FROM file_transfer WHERE room = ? ORDER BY rowid', [room]);
    const stored: StoredTransfer[] = [];
    for (const row of rows) {
      const pages = await this.#storage.all('SELECT * FROM file_page WHERE transfer = ?', [String(row.id)]);
      stored.push({
        offer: row.offer as Uint8Array,
        signature: row.signature as Uint8Array,
        manifest: row.manifest as Uint8Array,
        state: row.state as TransferState,
        code: row.code as ErrorCode | null,
        acceptance: parse(row.acceptance) as Acceptance | null,
        files: parse(row.files) as FileIdentity[] | null,
        paths: parse(row.paths) as string[],
        withheld: row.withheld === 1,
        seal: row.seal_root
          ? { root: row.seal_root as Uint8Array, signature: row.seal_signature as Uint8Array }
          : null,
        pages: new Map(
          pages.map(({ page, hashes, signature }) => [
            Number(page),
            { hashes: hashes as Uint8Array, signature: signature as Uint8Array },
          ]),
        ),
      });
    }
    return stored;
  }

  /** `acceptance` and `files` stay as they were where they are left out. */
  async put(
    room: string,
    transfer: Transfer,
    { acceptance, files }: { acceptance?: Acceptance; files?: readonly FileIdentity[] } = {},
  ): Promise<void> {
    const { signed, manifest, state, code, paths, seal } = transfer;
    await this.#storage.run(
      `INSERT INTO file_transfer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET state = excluded.state, code = excluded.code, paths = excluded.paths,
         acceptance = coalesce(excluded.acceptance, acceptance), files = coalesce(excluded.files, files),
         seal_root = excluded.seal_root, seal_signature = excluded.seal_signature, withheld = excluded.withheld`,
      [
        transfer.id,
        room,
        signed.bytes,
        signed.signature,
        manifest.bytes,
        state,
        code,
        acceptance ? JSON.stringify(acceptance) : null,
        files ? JSON.stringify(files) : null,
        JSON.stringify(paths),
        seal?.root ?? null,
        seal?.signature ?? null,
        transfer.withheld ? 1 : 0,
      ],
    );
  }

  async remove(id: TransferId): Promise<void> {
    await this.#storage.run('DELETE FROM file_page WHERE transfer = ?', [id]);
    await this.#storage.run('DELETE FROM file_transfer WHERE id = ?', [id]);
  }

  /** Removes all transfers of a room, and the folders in which unfinished ones and copies lie. */
  async forget(room: string): Promise<void> {
    for (const { acceptance } of await this.ofRoom(room))
      if (acceptance) rmSync(acceptance.staging, { recursive: true, force: true }); // a name of ours
    await this.#storage.batch([
      ['DELETE FROM file_page WHERE transfer IN (SELECT id FROM file_transfer WHERE room = ?)', [room]],
      ['DELETE FROM file_transfer WHERE room = ?', [room]],
    ]);
  }

  /** What a loss of power takes of them is hashed or asked for once more. */
  async putPage(id: TransferId, page: number, { hashes, signature }: Page): Promise<void> {
    await this.#storage.run(
      'INSERT OR REPLACE INTO file_page VALUES (?, ?, ?, ?)',
      [id, page, hashes, signature],
      { synced: false },
    );
  }
}

const parse = (json: unknown): unknown => (typeof json === 'string' ? storedJson<unknown>(json, null) : null);
