import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import { type PeerId, peerId, publicKeyOf } from '../identity/peer-id.js';
import { Resource } from '../resource.js';
import { FileContent } from './file-content.js';
import type { Refusal } from './files-channel.js';
import { Giving } from './giving.js';
import type { HashCache } from './hash-cache.js';
import type { SharedPlaces } from './local-places.js';
import { Manifest } from './manifest.js';
import { Offers } from './offers.js';
import { type FilesPeer, PeerLink, type TakingHandlers } from './peer-link.js';
import { ProgressMeter } from './progress-meter.js';
import type { RateCap } from './rate-cap.js';
import { type Scanned, type ScanOptions, scan } from './scan.js';
import { Signatures, type Signer, type TransferId, transferId } from './signed.js';
import { removeStaging } from './staging.js';
import { type AcceptOptions, Taking } from './taking.js';
import { Transfer } from './transfer.js';
import type { StoredTransfer, TransferStore } from './transfer-store.js';
import { TransferTable } from './transfer-table.js';
import { type UploadEntry, uploadManifest, type Writer } from './upload.js';
import { Uploads } from './uploads.js';

export interface RoomFilesOptions {
  roomId: string;
  self: PeerId;
  signer: Signer;
  store: TransferStore;
  cache: HashCache;
  clock: Clock;
  /** Of the whole node, for all rooms and peers together. */
  uploadCap: RateCap;
  downloadCap: RateCap;
  /** True in a room whose offers are for those who were there when they were made. */
  live?: boolean;
  /** Of the person, whatever the node keeps for itself. */
  umask?: number;
}

export interface OfferRequest extends ScanOptions {
  /** Absolute paths. */
  paths: readonly string[];
  /** The only one that it is for; everybody in the room when left out. */
  to?: PeerId;
}

export interface UploadRequest {
  entries: readonly UploadEntry[];
  /** An absolute path. */
  folder: string;
  to?: PeerId;
}

export type FilesEvents = {
  /** This person offers something to everybody in the room. */
  given: [Transfer];
  /** Somebody offers something; its names, sizes and risks are known. */
  offered: [Transfer];
  /** Its state or its receivers have changed. */
  changed: [Transfer];
  progress: [Transfer];
  /** Somebody's offer cannot be taken, whatever one would say to it. */
  refused: [{ from: PeerId; code: ErrorCode }];
  /** Who sent what the author of a transfer has not signed. */
  liar: [{ transfer: Transfer; peer: PeerId }];
};

const PROGRESS_MS = 500;

/**
 * The transfers of one room: what we offer, what others offer to us, and what is handed on.
 *
 * 1. A transfer that is for one person is offered, told of and given to that one alone, and never handed on.
 * 2. Whoever has blocks of a transfer for the room gives them to whoever asks, while it is here and not withdrawn.
 */
export class RoomFiles extends Resource<FilesEvents> {
  readonly #o: RoomFilesOptions;
  readonly #signatures: Signatures;
  readonly #links = new Map<string, PeerLink>();
  readonly #table: TransferTable;
  readonly #offers: Offers;
  readonly #giving: Giving;
  readonly #taking: Taking;
  readonly #uploads: Uploads;
  #shared: SharedPlaces | null = null;

  constructor(options: RoomFilesOptions) {
    super();
    this.#o = options;
    const { roomId, self, store, live = false, umask = 0o022 } = options;
    const links = this.#links;
    const signatures = new Signatures(roomId);
    const table = new TransferTable({
      roomId,
      store,
      onChanged: (transfer) => this.emit('changed', transfer),
    });
    this.#signatures = signatures;
    this.#table = table;
    this.#giving = new Giving({ ...options, table, links, signatures });
    this.#taking = new Taking({
      ...options,
      table,
      links,
      signatures,
      umask,
      shared: {
        named: (name) => this.#shared?.named(name) ?? [],
        bigFiles: () => this.#shared?.bigFiles() ?? [],
      },
      onFresh: (transfer, blocks) =>
        this.#giving.toInterested(transfer, (peer) => peer.got(transfer.id, blocks)),
      onEnded: (transfer) => this.#giving.stop(transfer, 'unknown'),
      onLiar: (transfer, peer) => this.emit('liar', { transfer, peer }),
    });
    this.#uploads = new Uploads({
      ...options,
      table,
      giving: this.#giving,
      onCopied: (transfer) => this.emit('changed', transfer),
    });
    this.#offers = new Offers({
      self,
      signatures,
      table,
      live,
      onOffered: (transfer) => this.emit('offered', transfer),
      onRefused: (from, code) => this.emit('refused', { from, code }),
      onWithdrawn: (transfer) => this.#onWithdrawn(transfer),
      onAnswered: (transfer) => this.emit('changed', transfer),
      onInterest: (peer, transfer) => this.#taking.answers.showInterest(peer, transfer),
    });
  }

  get transfers(): Transfer[] {
    return this.#table.all;
  }

  /** True while something is on its way: the node stays for it. */
  get busy(): boolean {
    return this.#giving.busy || this.#taking.busy;
  }

  /** Blocks that are wanted are looked for in what is shared from here too. */
  lookIn(shared: SharedPlaces): void {
    this.#shared = shared;
  }

  /** From how many others blocks of this come. */
  sources(id: TransferId): number {
    return this.#taking.sources(id);
  }

  protected async _open(): Promise<void> {
    const meter = new ProgressMeter(this.#o.clock);
    this.defer(() => {
      for (const { server } of this.#links.values()) server.close();
      for (const transfer of this.#table.all) transfer.content?.close();
    });
    this.defer(() => this.#taking.close());
    this.defer(() => this.#giving.close());
    for (const stored of await this.#o.store.ofRoom(this.#o.roomId)) await this.#restore(stored);
    const timer = this.#o.clock.every(PROGRESS_MS, () => {
      const moved = meter.moved(this.#table.all);
      this.#taking.tellProgress(moved);
      for (const transfer of new Set([...moved, ...this.#uploads.moved()])) this.emit('progress', transfer);
    });
    this.defer(() => timer.cancel());
  }

  /** Offers files and folders. Throws as `scan` does. */
  async offer({ paths, to, ...options }: OfferRequest): Promise<{
    transfer: Transfer;
    skipped: Scanned['skipped'];
  }> {
    const scanned = await scan(paths, options);
    const transfer = await this.#offerScanned(scanned, paths, this.#sign(scanned.manifest, { to }));
    if (!to) this.emit('given', transfer);
    this.emit('changed', transfer);
    return { transfer, skipped: scanned.skipped };
  }

  /**
   * Offers what a program is going to hand over (`transfer.upload`): a copy of it comes into `folder`, made if it is
   * missing, and goes when it is withdrawn. Throws as `Manifest.of` does, DISK_FULL and DISK_FAILED.
   */
  async offerUpload({ entries, folder, to }: UploadRequest): Promise<Transfer> {
    const transfer = this.#sign(Manifest.of(uploadManifest(entries)), { to });
    const acceptance = this.#uploads.begin(transfer, folder);
    await this.#table.put(transfer, { acceptance });
    this.#publish(transfer);
    this.emit('changed', transfer);
    if (!to) this.emit('given', transfer);
    return transfer;
  }

  /** Takes the next bytes of an upload; see `Upload.write`. */
  uploaded(transfer: Transfer, writer: Writer, bytes: Uint8Array): Promise<void> {
    return this.#uploads.take(transfer, writer, bytes);
  }

  /** Makes what was asked for of a share ready to be fetched; nobody else is told of it. */
  lend(paths: readonly string[], scanned: Scanned): Promise<Transfer> {
    return this.#offerScanned(scanned, paths, this.#sign(scanned.manifest, { shared: true }));
  }

  /**
   * Takes an offer that was asked for: what `lend` made at this instance of its author's. Throws PEER_UNKNOWN if it is
   * gone, and what is wrong with its manifest.
   */
  async borrow(instance: string, offer: Uint8Array, signature: Uint8Array): Promise<Transfer> {
    const peer = this.#links.get(instance);
    if (!peer) throw new ChatterError('PEER_UNKNOWN');
    return this.#offers.take(peer, offer, signature);
  }

  /** This instance lends the same content as a transfer that is being fetched: blocks come from it too. */
  borrowAlso(transfer: Transfer, instance: string, offer: Uint8Array, signature: Uint8Array): void {
    const peer = this.#links.get(instance);
    const { transfer: twin, author, shared } = this.#signatures.readOffer(offer, signature).offer;
    if (peer && shared && peerId(author) === peer.id) this.#taking.alsoFrom(transfer, twin, peer);
  }

  /** Begins to fetch, or to fetch again. Throws TRANSFER_UNKNOWN, DISK_FULL, DISK_FAILED or FILE_EXISTS. */
  async accept(id: TransferId, options: AcceptOptions): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (transfer.mine || transfer.state === 'withdrawn') throw new ChatterError('TRANSFER_UNKNOWN');
    if (transfer.state === 'active' || transfer.state === 'done') return transfer;
    if (transfer.state === 'paused') return this.resume(id); // what has arrived is kept, where it is
    await this.#taking.accept(transfer, options);
    this.emit('changed', transfer);
    return transfer;
  }

  async decline(id: TransferId): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (transfer.mine || transfer.state === 'done') throw new ChatterError('TRANSFER_UNKNOWN');
    await this.#taking.stop(transfer, 'declined', 'TRANSFER_DECLINED', 'declined');
    return transfer;
  }

  /** Ends it here: what has arrived is removed. Of one's own it is the same as to withdraw it. */
  async cancel(id: TransferId): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (transfer.mine) return this.withdraw(id);
    if (transfer.state !== 'done')
      await this.#taking.stop(transfer, 'cancelled', 'TRANSFER_CANCELLED', 'cancelled');
    return transfer;
  }

  /** Takes an offer of one's own back: nobody gets more of it. What was received is handed on no more. */
  async withdraw(id: TransferId): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (!transfer.mine) {
      if (transfer.state !== 'done' && transfer.state !== 'active')
        throw new ChatterError('TRANSFER_UNKNOWN');
      transfer.withheld = true;
      this.#giving.stop(transfer, 'unknown');
      await this.#table.changed(transfer);
      return transfer;
    }
    transfer.state = 'withdrawn';
    this.#giving.stop(transfer, 'withdrawn');
    const signature = this.#signatures.withdrawal(id, this.#o.signer);
    for (const peer of this.#links.values())
      if (this.#table.isFor(transfer, peer.id)) peer.withdraw(id, signature);
    transfer.content?.close();
    await transfer.upload?.remove();
    await this.#table.changed(transfer);
    return transfer;
  }

  async pause(id: TransferId): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (transfer.state === 'active') this.#taking.pause(transfer);
    else if (transfer.state === 'serving') {
      transfer.state = 'paused';
      this.#giving.stop(transfer, 'paused');
    }
    await this.#table.changed(transfer);
    return transfer;
  }

  /** Goes on with a paused one, or one that waits for room on the disk or for consent. */
  async resume(id: TransferId): Promise<Transfer> {
    const transfer = this.#table.get(id);
    if (transfer.state !== 'paused') return transfer;
    if (transfer.mine) {
      transfer.state = 'serving';
      transfer.code = null;
      for (const peer of this.#links.values()) this.#offerTo(peer, transfer);
      this.#giving.begin(transfer);
    } else await this.#taking.resume(transfer);
    await this.#table.changed(transfer);
    return transfer;
  }

  /** Exchanges files with this peer until its session ends: the function given back is to be called then. */
  add(peer: FilesPeer): () => void {
    const link = new PeerLink(peer, {
      clock: this.#o.clock,
      uploadCap: this.#o.uploadCap,
      offers: this.#offers,
      giving: this.#giving,
      taking: this.#takingAndManifests(),
      onReset: (again) => {
        again.server.drop();
        this.#lost(again);
        this.#greet(again);
        this.#offers.resume(again);
      },
    });
    this.#links.set(link.key, link);
    queueMicrotask(() => {
      if (this.#links.get(link.key) === link) this.#greet(link, true);
    });
    return () => {
      if (this.#links.get(link.key) === link) this.#links.delete(link.key);
      link.server.close();
      this.#lost(link);
      this.#offers.dropAll(link);
    };
  }

  /** A refusal is of blocks or of a manifest: whoever waits for either hears it. */
  #takingAndManifests(): TakingHandlers {
    const { arrivals } = this.#taking;
    return {
      onHave: (...said) => arrivals.onHave(...said),
      onGot: (...said) => arrivals.onGot(...said),
      onPage: (...said) => arrivals.onPage(...said),
      onSealed: (...said) => arrivals.onSealed(...said),
      onBlock: (...said) => arrivals.onBlock(...said),
      onRefuse: (peer: PeerLink, id: TransferId, reason: Refusal) => {
        this.#offers.drop(peer, id);
        arrivals.onRefuse(peer, id, reason);
      },
    };
  }

  #greet(peer: PeerLink, isNew = false): void {
    if (!(isNew && this.#o.live)) for (const transfer of this.#table.all) this.#offerTo(peer, transfer);
    this.#taking.answers.greet(peer);
  }

  #lost(peer: PeerLink): void {
    this.#taking.gone(peer);
    for (const transfer of this.#table.all) transfer.interested.delete(peer.key);
  }

  /** Invariant 1. */
  #offerTo(peer: PeerLink, transfer: Transfer): void {
    const { signed, author, state } = transfer;
    if (signed.offer.shared || author === peer.id || !this.#table.isFor(transfer, peer.id)) return;
    if (transfer.isGiven && state !== 'active') peer.offer(transfer);
  }

  async #offerScanned({ files }: Scanned, paths: readonly string[], transfer: Transfer): Promise<Transfer> {
    transfer.paths = [...paths];
    transfer.content = new FileContent(transfer.layout, files);
    await this.#table.put(transfer, { files });
    this.#publish(transfer);
    return transfer;
  }

  #sign(manifest: Manifest, { to, shared = false }: { to?: PeerId; shared?: boolean }): Transfer {
    const { signer, clock, self } = this.#o;
    const offer = {
      transfer: transferId(randomBytes(16)),
      author: signer.publicKey,
      to: to ? publicKeyOf(to) : null,
      wall: Math.max(0, Math.round(clock.wall())),
      manifest: manifest.digest,
      manifestBytes: manifest.bytes.byteLength,
      entries: manifest.entries.length,
      totalBytes: manifest.totalBytes,
      shared,
    };
    return new Transfer(this.#signatures.offer(offer, signer), self, manifest, true);
  }

  #publish(transfer: Transfer): void {
    this.#table.add(transfer);
    for (const peer of this.#links.values()) this.#offerTo(peer, transfer);
    this.#giving.begin(transfer);
  }

  #onWithdrawn(transfer: Transfer): void {
    const { state } = transfer;
    if (state === 'declined' || state === 'cancelled') return;
    if (state === 'done') {
      // What was received is the receiver's; it is only handed on no more.
      transfer.withheld = true;
      this.#giving.stop(transfer, 'withdrawn');
      void this.#table.put(transfer);
      return;
    }
    void this.#taking.stop(transfer, 'withdrawn', 'TRANSFER_WITHDRAWN', null);
  }

  async #restore(stored: StoredTransfer): Promise<void> {
    const signed = this.#signatures.readOffer(stored.offer, stored.signature);
    const author = peerId(signed.offer.author);
    const mine = author === this.#o.self;
    const transfer = new Transfer(signed, author, Manifest.parse(stored.manifest), mine);
    const { state, code, paths, seal, withheld, files, acceptance } = stored;
    Object.assign(transfer, { state, code, paths, seal, withheld });
    for (const [page, known] of stored.pages) transfer.pages.set(page, known);
    this.#table.add(transfer);
    if (mine && acceptance) return this.#uploads.restore(transfer, acceptance.staging);
    if (files && (mine || state === 'done')) {
      transfer.content = new FileContent(transfer.layout, files);
      for (const page of transfer.pages.keys()) transfer.addPage(page);
      if (mine) this.#giving.begin(transfer);
      return;
    }
    if (mine || !acceptance) return;
    if (state === 'active' || state === 'paused') return this.#taking.restore(transfer, acceptance);
    removeStaging(acceptance.staging);
  }
}
