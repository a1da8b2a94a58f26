import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { FileContent } from './file-content.js';
import { HashAhead } from './hash-ahead.js';
import type { HashCache } from './hash-cache.js';
import { BLOCKS_A_PAGE } from './layout.js';
import type { GivingHandlers, PeerLink } from './peer-link.js';
import type { Signatures, Signer, TransferId } from './signed.js';
import type { Transfer } from './transfer.js';
import type { TransferTable } from './transfer-table.js';

export interface GivingOptions {
  table: TransferTable;
  links: ReadonlyMap<string, PeerLink>;
  signatures: Signatures;
  signer: Signer;
  cache: HashCache;
  clock: Clock;
}

/** So long after the last request something is still on its way. */
const BUSY_MS = 10_000;

/**
 * What others get from here: one's own, and what was received.
 *
 * 1. Only who has a part in a transfer hears of it (`TransferTable.isFor`); the others hear that it is unknown.
 * 2. What changed after it was offered is given no more, and everybody who waits for it is told.
 */
export class Giving implements GivingHandlers {
  readonly #o: GivingOptions;
  readonly #hashing = new Map<TransferId, HashAhead>();
  #servedAt = Number.NEGATIVE_INFINITY;

  constructor(options: GivingOptions) {
    this.#o = options;
  }

  /** True while somebody is being given something. */
  get busy(): boolean {
    return this.#o.clock.now() - this.#servedAt < BUSY_MS;
  }

  /** Begins to hash what is offered here, or goes on with it. */
  begin(transfer: Transfer): void {
    const { id, content } = transfer;
    if (transfer.state !== 'serving' || transfer.seal || this.#hashing.has(id)) return;
    if (!content) return;
    const hashing = new HashAhead({
      ...this.#o,
      transfer,
      content,
      files: content instanceof FileContent ? content.files : null,
      onBlocks: (blocks) => this.toInterested(transfer, (peer) => peer.got(id, blocks)),
      onSealed: () => this.toInterested(transfer, (peer) => peer.sealed(transfer)),
      onFailed: (err) => this.onUnreadable(transfer, err),
    });
    this.#hashing.set(id, hashing);
    void hashing.run().finally(() => {
      if (this.#hashing.get(id) === hashing) this.#hashing.delete(id);
    });
  }

  /** Gives nothing of it until `begin`; who waits for it is told why. */
  stop(transfer: Transfer, reason: 'paused' | 'withdrawn' | 'unknown'): void {
    this.#hashing.get(transfer.id)?.stop();
    this.#hashing.delete(transfer.id);
    for (const peer of this.#o.links.values()) peer.server.drop(transfer);
    if (transfer.content instanceof FileContent) transfer.content.close();
    this.toInterested(transfer, (peer) => peer.refuse(transfer.id, reason));
  }

  toInterested(transfer: Transfer, fn: (peer: PeerLink) => void): void {
    for (const peer of this.#o.links.values()) if (transfer.interested.has(peer.key)) fn(peer);
  }

  close(): void {
    for (const hashing of this.#hashing.values()) hashing.stop();
    this.#hashing.clear();
  }

  onInterest(peer: PeerLink, id: TransferId, on: boolean): void {
    const transfer = this.#o.table.sharedWith(id, peer.id);
    if (!transfer) return on ? peer.refuse(id, 'unknown') : undefined; // Invariant 1
    if (!on) {
      transfer.interested.delete(peer.key);
      peer.server.drop(transfer);
      if (transfer.interested.size === 0 && transfer.content instanceof FileContent) transfer.content.close();
      return;
    }
    transfer.interested.add(peer.key);
    if (transfer.state === 'withdrawn') return peer.refuse(id, 'withdrawn');
    if (transfer.state === 'paused' && transfer.mine) return peer.refuse(id, 'paused');
    if (transfer.state === 'failed' && transfer.mine) return peer.refuse(id, 'changed');
    if (!transfer.isGiven || !transfer.content) return;
    peer.sealed(transfer);
    peer.have(transfer);
    if (transfer.mine) this.begin(transfer);
  }

  onWantPage(peer: PeerLink, id: TransferId, page: number): void {
    const transfer = this.#o.table.sharedWith(id, peer.id);
    const known = transfer?.pages.get(page);
    if (transfer?.isGiven && known) peer.page(id, page, known);
  }

  onRequest(peer: PeerLink, id: TransferId, blocks: number[]): void {
    const transfer = this.#o.table.sharedWith(id, peer.id);
    if (!transfer?.content || !transfer.isGiven) return peer.refuse(id, 'unknown');
    this.#servedAt = this.#o.clock.now();
    peer.server.add(transfer, blocks);
    this.#hashing.get(id)?.want(Math.floor(Math.max(0, ...blocks) / BLOCKS_A_PAGE));
  }

  onRelease(peer: PeerLink, id: TransferId, blocks: number[]): void {
    const transfer = this.#o.table.find(id);
    if (transfer) peer.server.release(transfer, blocks);
  }

  onUnreadable(transfer: Transfer, err: unknown): void {
    if (transfer.state === 'failed') return;
    const { code } = ChatterError.from(err);
    transfer.content?.close();
    if (!transfer.mine) {
      transfer.content = null; // what was received was changed here: others have it
      this.toInterested(transfer, (peer) => peer.refuse(transfer.id, 'unknown'));
      return;
    }
    transfer.state = 'failed';
    transfer.code = code;
    const reason = code === 'FILE_CHANGED' ? 'changed' : 'unreadable';
    this.toInterested(transfer, (peer) => peer.refuse(transfer.id, reason)); // Invariant 2
    void this.#o.table.changed(transfer);
  }
}
