import { ChatterError } from '../errors.js';
import { type PeerId, peerId } from '../identity/peer-id.js';
import type { FileIdentity } from './file-content.js';
import type { TransferId } from './signed.js';
import type { Transfer } from './transfer.js';
import type { Acceptance, TransferStore } from './transfer-store.js';

export interface TransferTableOptions {
  roomId: string;
  store: TransferStore;
  onChanged: (transfer: Transfer) => void;
}

/**
 * The transfers of one room, in memory and on disk.
 *
 * 1. What is for one person is theirs and its author's: nobody else is told of it or given any of it (`isFor`).
 */
export class TransferTable {
  readonly #o: TransferTableOptions;
  readonly #transfers = new Map<TransferId, Transfer>();

  constructor(options: TransferTableOptions) {
    this.#o = options;
  }

  get all(): Transfer[] {
    return [...this.#transfers.values()];
  }

  find(id: TransferId): Transfer | undefined {
    return this.#transfers.get(id);
  }

  /** Throws TRANSFER_UNKNOWN. */
  get(id: TransferId): Transfer {
    const transfer = this.#transfers.get(id);
    if (!transfer) throw new ChatterError('TRANSFER_UNKNOWN');
    return transfer;
  }

  add(transfer: Transfer): void {
    this.#transfers.set(transfer.id, transfer);
  }

  remove(transfer: Transfer): Promise<void> {
    this.#transfers.delete(transfer.id);
    return this.#o.store.remove(transfer.id);
  }

  /** Whether this peer may hear of it, be given some of it, or give some of it: Invariant 1. */
  isFor({ mine, signed, author }: Transfer, peer: PeerId): boolean {
    const { to } = signed.offer;
    return to === null || (mine ? peerId(to) === peer : author === peer);
  }

  /** The transfer of this id, if this peer has a part in it. */
  sharedWith(id: TransferId, peer: PeerId): Transfer | undefined {
    const transfer = this.#transfers.get(id);
    return transfer && this.isFor(transfer, peer) ? transfer : undefined;
  }

  /** Writes it down; `acceptance` and `files` stay as they were where they are left out. */
  put(
    transfer: Transfer,
    more: { acceptance?: Acceptance; files?: readonly FileIdentity[] } = {},
  ): Promise<void> {
    return this.#o.store.put(this.#o.roomId, transfer, more);
  }

  putPage(transfer: Transfer, page: number): Promise<void> {
    const known = transfer.pages.get(page);
    return known ? this.#o.store.putPage(transfer.id, page, known) : Promise.resolve();
  }

  /** Writes it down and tells. */
  async changed(transfer: Transfer): Promise<void> {
    await this.put(transfer);
    this.#o.onChanged(transfer);
  }
}
