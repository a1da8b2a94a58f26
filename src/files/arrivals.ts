import b4a from 'b4a';
import { ChatterError, ProtocolError } from '../errors.js';
import { DIGEST_BYTES } from './blake3.js';
import type { Refusal } from './files-channel.js';
import type { Incoming, IncomingTransfers } from './incoming.js';
import type { PeerLink, TakingHandlers } from './peer-link.js';
import type { Signatures, TransferId } from './signed.js';
import type { Page, Transfer } from './transfer.js';
import type { TransferTable } from './transfer-table.js';

export interface ArrivalsOptions {
  table: TransferTable;
  signatures: Signatures;
  incoming: IncomingTransfers;
  /** Somebody has more of it than before. */
  onHave: (incoming: Incoming) => void;
  onSealed: (transfer: Transfer) => void;
  /** Its author cannot give it. */
  onLost: (transfer: Transfer, err: ChatterError) => void;
}

/**
 * What others say and send of what is received here.
 *
 * 1. No block is taken from who was not asked for it, and nothing is heard of who has no part in it.
 * 2. Of pages and seals only what the author has signed counts.
 */
export class Arrivals implements TakingHandlers {
  readonly #o: ArrivalsOptions;

  constructor(options: ArrivalsOptions) {
    this.#o = options;
  }

  onHave(peer: PeerLink, id: TransferId, bits: Uint8Array): void {
    const incoming = this.#wanted(peer, id);
    if (!incoming) return;
    const fits = incoming.download.have(incoming.source(peer, id), bits);
    if (!fits && incoming.transfer.id === id) throw new ProtocolError('MESSAGE_MALFORMED');
    this.#o.onHave(incoming);
  }

  onGot(peer: PeerLink, id: TransferId, blocks: number[]): void {
    const incoming = this.#wanted(peer, id);
    incoming?.download.got(incoming.source(peer, id), blocks);
  }

  onPage(peer: PeerLink, id: TransferId, page: number, known: Page): void {
    const { table, signatures, incoming } = this.#o;
    const transfer = table.find(id);
    if (!transfer || transfer.mine || !peer.asked.has(id) || transfer.pages.has(page)) return;
    if (known.hashes.byteLength !== transfer.layout.pageBlocks(page) * DIGEST_BYTES)
      throw new ProtocolError('MESSAGE_MALFORMED');
    if (!signatures.isPage(transfer.signed.offer, page, known.hashes, known.signature))
      throw new ProtocolError('SIGNATURE_WRONG'); // Invariant 2
    transfer.pages.set(page, known);
    void table.putPage(transfer, page);
    incoming.get(id)?.download.pagesChanged();
  }

  onSealed(id: TransferId, root: Uint8Array, signature: Uint8Array): void {
    const transfer = this.#o.table.find(id);
    if (!transfer || transfer.mine || transfer.seal) return;
    if (!this.#o.signatures.isSeal(transfer.signed.offer, root, signature))
      throw new ProtocolError('SIGNATURE_WRONG'); // Invariant 2
    transfer.seal = { root: b4a.from(root), signature: b4a.from(signature) };
    this.#o.onSealed(transfer);
  }

  onBlock(
    peer: PeerLink,
    id: TransferId,
    block: number,
    offset: number,
    bytes: Uint8Array,
  ): void | Promise<void> {
    if (!peer.asked.has(id)) throw new ProtocolError('MESSAGE_UNEXPECTED'); // Invariant 1
    const incoming = this.#o.incoming.get(id) ?? this.#o.incoming.ofTwin(id);
    if (!incoming) return;
    if (peer.isLocal) incoming.near = true;
    return incoming.download.block(incoming.keyOf(peer, id), block, offset, bytes);
  }

  onRefuse(peer: PeerLink, id: TransferId, reason: Refusal): void {
    const { incoming: all, onLost } = this.#o;
    const incoming = all.get(id) ?? all.ofTwin(id);
    if (!incoming) return;
    incoming.download.gone(incoming.keyOf(peer, id));
    const { transfer } = incoming;
    if (transfer.id !== id || peer.id !== transfer.author) return;
    if (reason === 'changed') onLost(transfer, new ChatterError('FILE_CHANGED'));
    if (reason === 'unreadable') onLost(transfer, new ChatterError('FILE_UNREADABLE'));
  }

  /** What of this peer's can be used here: Invariant 1. */
  #wanted(peer: PeerLink, id: TransferId): Incoming | undefined {
    const { table, incoming } = this.#o;
    const twin = incoming.ofTwin(id);
    if (twin && peer.asked.has(id)) return twin;
    return table.sharedWith(id, peer.id) && incoming.get(id);
  }
}
