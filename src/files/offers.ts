import b4a from 'b4a';
import { ChatterError, ERRORS, type ErrorCode, ProtocolError } from '../errors.js';
import { type PeerId, peerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { blake3 } from './blake3.js';
import { Manifest } from './manifest.js';
import type { Answered, OfferHandlers, PeerLink } from './peer-link.js';
import type { Signatures, SignedOffer, TransferId } from './signed.js';
import { Transfer } from './transfer.js';
import type { TransferTable } from './transfer-table.js';

export interface OffersOptions {
  self: PeerId;
  signatures: Signatures;
  table: TransferTable;
  /** Only the author's own word counts, and only while one is there: a room without a past. */
  live: boolean;
  onOffered: (transfer: Transfer) => void;
  onRefused: (from: PeerId, code: ErrorCode) => void;
  onWithdrawn: (transfer: Transfer) => void;
  onAnswered: (transfer: Transfer) => void;
  onInterest: (peer: PeerLink, transfer: Transfer) => void;
}

type Waiting = (transfer: Transfer | ChatterError) => void;

/**
 * What others offer: their signed word first, then its manifest, from whoever said so.
 *
 * 1. An offer is shown when its manifest is here, whole, what was signed, and every name in it is safe.
 * 2. What one person alone is offered comes from its author alone; what lies in a share comes to who asked for it.
 */
export class Offers implements OfferHandlers {
  readonly #o: OffersOptions;
  readonly #waiting = new Map<TransferId, Waiting>();

  constructor(options: OffersOptions) {
    this.#o = options;
  }

  /** Takes the offer of something that was asked for, once its manifest has come. Rejects as the manifest deserves. */
  take(peer: PeerLink, bytes: Uint8Array, signature: Uint8Array): Promise<Transfer> {
    const signed = this.#o.signatures.readOffer(bytes, signature);
    const { transfer: id, author, shared } = signed.offer;
    if (!shared || peerId(author) !== peer.id) throw new ProtocolError('MESSAGE_UNEXPECTED');
    const known = this.#o.table.find(id);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (result) => (result instanceof Transfer ? resolve(result) : reject(result)));
      this.#fetch(peer, signed);
    });
  }

  onOffer(peer: PeerLink, bytes: Uint8Array, signature: Uint8Array): void {
    const { self, signatures, table, live } = this.#o;
    const signed = signatures.readOffer(bytes, signature);
    const { transfer: id, to, author, shared } = signed.offer;
    const from = peerId(author);
    if (shared || from === self) return;
    if (to && (peerId(to) !== self || from !== peer.id)) return; // Invariant 2
    if (live && from !== peer.id) return;
    const known = table.find(id);
    if (known) {
      if (!b4a.equals(known.signed.bytes, signed.bytes)) throw new ProtocolError('MESSAGE_UNEXPECTED');
      return this.#o.onInterest(peer, known);
    }
    const pending = table.all.filter(({ author: one, state }) => one === from && state === 'offered').length;
    if (peer.fetching.has(id) || peer.fetching.size + pending >= LIMITS.offersPerPeer) return;
    if (table.all.length >= LIMITS.offersPerRoom) return;
    this.#fetch(peer, signed);
  }

  onWantManifest(peer: PeerLink, id: TransferId, offset: number): void {
    const transfer = this.#o.table.sharedWith(id, peer.id);
    if (!transfer?.isGiven) return peer.refuse(id, 'unknown');
    peer.manifest(transfer, offset);
  }

  onManifest(peer: PeerLink, id: TransferId, offset: number, part: Uint8Array): void {
    const fetched = peer.fetching.get(id);
    if (!fetched) return;
    const { signed } = fetched;
    const total = signed.offer.manifestBytes;
    if (offset !== fetched.filled || part.byteLength === 0 || offset + part.byteLength > total) {
      this.drop(peer, id);
      return;
    }
    fetched.bytes = b4a.concat([fetched.bytes, part]);
    fetched.filled += part.byteLength;
    if (fetched.filled < total) return peer.wantManifest(id, fetched.filled);
    peer.fetching.delete(id);
    if (!this.#o.table.find(id)) this.#whole(peer, signed, fetched.bytes);
  }

  onWithdraw(id: TransferId, signature: Uint8Array): void {
    const transfer = this.#o.table.find(id);
    if (!transfer || transfer.mine || transfer.state === 'withdrawn') return;
    if (!this.#o.signatures.isWithdrawal(transfer.signed.offer, signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    this.#o.onWithdrawn(transfer);
  }

  onAnswer(peer: PeerLink, { id, answer, bytes, code }: Answered): void {
    const transfer = this.#o.table.sharedWith(id, peer.id);
    if (!transfer?.mine) return;
    const before = transfer.receivers.get(peer.id);
    if (before?.answer === 'done') return;
    transfer.receivers.set(peer.id, { answer, bytes, code: Object.hasOwn(ERRORS, code) ? code : '' });
    if (before?.answer !== answer && answer !== 'progress') this.#o.onAnswered(transfer);
  }

  /** Asks again for what this peer had begun to give, on another stream. */
  resume(peer: PeerLink): void {
    for (const [id, { filled }] of peer.fetching) peer.wantManifest(id, filled);
  }

  /** Nothing more of this manifest comes from this peer. */
  drop(peer: PeerLink, id: TransferId): void {
    if (peer.fetching.delete(id)) this.#settle(id, new ChatterError('FILE_NOT_FOUND'));
  }

  /** This peer is gone, with the manifests that it was to give. */
  dropAll(peer: PeerLink): void {
    for (const id of [...peer.fetching.keys()]) this.drop(peer, id);
  }

  #fetch(peer: PeerLink, signed: SignedOffer): void {
    const id = signed.offer.transfer;
    peer.fetching.set(id, { signed, bytes: new Uint8Array(0), filled: 0 });
    peer.wantManifest(id, 0);
  }

  #whole(peer: PeerLink, signed: SignedOffer, bytes: Uint8Array): void {
    const { table, onOffered, onRefused } = this.#o;
    const { transfer: id, author, entries, totalBytes, manifest: digest, shared } = signed.offer;
    if (!b4a.equals(blake3(bytes), digest)) throw new ProtocolError('MESSAGE_UNEXPECTED'); // Invariant 1
    let manifest: Manifest;
    try {
      manifest = Manifest.parse(bytes);
      if (manifest.entries.length !== entries || manifest.totalBytes !== totalBytes)
        throw new ProtocolError('MESSAGE_MALFORMED');
    } catch (err) {
      if (!(err instanceof ChatterError)) throw err;
      peer.answer({ id, answer: 'failed', bytes: 0, code: err.code });
      if (shared) this.#settle(id, err);
      else onRefused(peerId(author), err.code);
      return;
    }
    const transfer = new Transfer(signed, peerId(author), manifest, false);
    table.add(transfer);
    void table.put(transfer).then(() => {
      if (shared) this.#settle(id, transfer);
      else onOffered(transfer);
    });
  }

  #settle(id: TransferId, result: Transfer | ChatterError): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }
}
