import { mkdirSync, rmSync } from 'node:fs';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Giving } from './giving.js';
import type { TransferId } from './signed.js';
import { attempt, checkRoom, Staging } from './staging.js';
import type { Transfer } from './transfer.js';
import type { Acceptance } from './transfer-store.js';
import type { TransferTable } from './transfer-table.js';
import { Upload, type Writer } from './upload.js';

export interface UploadsOptions {
  table: TransferTable;
  giving: Giving;
  clock: Clock;
  onCopied: (transfer: Transfer) => void;
}

/** Copies of what programs hand over: begun, gone on with, and given up when nobody goes on with them. */
export class Uploads {
  readonly #o: UploadsOptions;
  /** Those that are not whole, with when they last moved. */
  readonly #copied = new Map<TransferId, { at: number; bytes: number }>();

  constructor(options: UploadsOptions) {
    this.#o = options;
  }

  /** Makes room for a transfer of one's own in `folder`, made if it is missing. Throws DISK_FULL and DISK_FAILED. */
  begin(transfer: Transfer, folder: string): Acceptance {
    attempt(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    checkRoom(folder, transfer.layout.totalBytes);
    const staging = Staging.nameIn(folder);
    this.#serve(transfer, staging);
    return { out: folder, staging, ifExists: 'number', modes: false };
  }

  /** Takes the next bytes; see `Upload.write`. */
  async take(transfer: Transfer, writer: Writer, bytes: Uint8Array): Promise<void> {
    const { upload } = transfer;
    if (!upload) throw new ChatterError('TRANSFER_UNKNOWN');
    await upload.write(writer, bytes);
    if (!upload.files) return;
    await this.#o.table.put(transfer, { files: upload.files });
    this.#o.onCopied(transfer);
  }

  /** Goes on with what an earlier run has left. */
  restore(transfer: Transfer, folder: string): void {
    if (transfer.state !== 'serving' && transfer.state !== 'paused')
      return rmSync(folder, { recursive: true, force: true }); // a name of ours
    this.#serve(transfer, folder);
    for (const page of transfer.pages.keys()) transfer.addPage(page);
    this.#o.giving.begin(transfer);
  }

  /** Those that have moved since the last look; one that nobody goes on with is given up. */
  moved(): Transfer[] {
    const now = this.#o.clock.now();
    return this.#o.table.all.filter((transfer) => {
      const { upload, id } = transfer;
      const before = this.#copied.get(id);
      if (!upload || !before) return false;
      if (upload.files !== null || transfer.state === 'withdrawn' || transfer.state === 'failed') {
        this.#copied.delete(id);
        return false;
      }
      const { received: bytes } = upload;
      if (bytes !== before.bytes || upload.writer) this.#copied.set(id, { at: now, bytes });
      if (bytes !== before.bytes) return true;
      if (now - before.at >= LIMITS.uploadIdleMs) {
        this.#o.giving.onUnreadable(transfer, new ChatterError('UPLOAD_LOST'));
        void upload.remove();
      }
      return false;
    });
  }

  #serve(transfer: Transfer, folder: string): void {
    const sizes = transfer.manifest.files.map(({ size }) => size);
    transfer.upload = new Upload(folder, transfer.layout, sizes);
    transfer.content = transfer.upload;
    this.#copied.set(transfer.id, { at: this.#o.clock.now(), bytes: transfer.upload.received });
  }
}
