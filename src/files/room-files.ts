import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { ChatterError, ERRORS, type ErrorCode, ProtocolError } from '../errors.js';
import { type PeerId, peerId, publicKeyOf } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { OpenChannel, SessionChannel } from '../protocol/session-channel.js';
import { Resource } from '../resource.js';
import { TokenBucket } from '../token-bucket.js';
import { blake3, DIGEST_BYTES } from './blake3.js';
import { BlockServer } from './block-server.js';
import { Download } from './download.js';
import { FileContent } from './file-content.js';
import {
  ANSWERS,
  type Answer,
  filesChannel,
  MANIFEST_PART_BYTES,
  REFUSALS,
  type Refusal,
} from './files-channel.js';
import { hashAt, hashPage } from './hash-ahead.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import { Manifest } from './manifest.js';
import { type IfExists, place } from './place.js';
import { type Scanned, type ScanOptions, scan } from './scan.js';
import {
  contentRoot,
  Signatures,
  type SignedOffer,
  type Signer,
  type TransferId,
  transferBytes,
  transferId,
} from './signed.js';
import { attempt, checkRoom, Staging } from './staging.js';
import { Transfer } from './transfer.js';
import type { Acceptance, StoredTransfer, TransferStore } from './transfer-store.js';
import { Upload, type UploadEntry, uploadManifest, type Writer } from './upload.js';

/** A member to exchange files with: what files need of a room session. */
export interface FilesPeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
}

export interface RoomFilesOptions {
  roomId: string;
  self: PeerId;
  signer: Signer;
  store: TransferStore;
  clock: Clock;
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

export interface AcceptOptions {
  /** An absolute path; made if it is missing. */
  out: string;
  ifExists?: IfExists;
  modes?: boolean;
}

export type FilesEvents = {
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

type Channel = SessionChannel<typeof filesChannel.messages>;

interface PeerState {
  id: PeerId;
  key: string;
  channel: Channel;
  server: BlockServer;
  /** Manifests that are being fetched from it. */
  fetching: Map<TransferId, { signed: SignedOffer; bytes: Uint8Array; filled: number }>;
  /** Transfers of which it was asked for something. */
  asked: Set<TransferId>;
}

interface Incoming {
  download: Download;
  staging: Staging;
  acceptance: Acceptance;
  finishing: boolean;
}

const PROGRESS_MS = 500;
const GOT_MS = 50;
/** Hashing goes on until it is so far ahead of what was asked for: 1 GiB. */
const PAGES_AHEAD = 4;

/**
 * The transfers of one room: what we offer, what others offer to us, and what is handed on.
 *
 * 1. A transfer that is for one person is offered, told of and given to that one alone, and never handed on.
 * 2. Nothing is written before somebody here has accepted, and no block is taken from who was not asked for it.
 * 3. Whoever has blocks of a transfer for the room gives them to whoever asks, while it is here and not withdrawn.
 */
export class RoomFiles extends Resource<FilesEvents> {
  readonly #o: RoomFilesOptions;
  readonly #signatures: Signatures;
  readonly #transfers = new Map<TransferId, Transfer>();
  readonly #incoming = new Map<TransferId, Incoming>();
  readonly #peers = new Map<string, PeerState>();
  readonly #hashing = new Set<TransferId>();
  readonly #wanted = new Map<TransferId, number>();
  readonly #wake = new Map<TransferId, () => void>();
  readonly #fresh = new Map<TransferId, number[]>();
  readonly #copied = new Map<TransferId, { at: number; bytes: number }>();
  readonly #rates = new Map<TransferId, { at: number; bytes: number }>();
  readonly #salt = randomBytes(4).readUInt32LE(0);
  #gotTimer: Timer | null = null;
  #servedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RoomFilesOptions) {
    super();
    this.#o = options;
    this.#signatures = new Signatures(options.roomId);
  }

  get transfers(): Transfer[] {
    return [...this.#transfers.values()];
  }

  /** True while something is on its way: the node stays for it. */
  get busy(): boolean {
    if (this.#o.clock.now() - this.#servedAt < BUSY_MS) return true;
    return [...this.#incoming.values()].some(({ download, finishing }) => finishing || download.sources > 0);
  }

  /** From how many others blocks of this come. */
  sources(id: TransferId): number {
    return this.#incoming.get(id)?.download.sources ?? 0;
  }

  protected async _open(): Promise<void> {
    for (const stored of await this.#o.store.ofRoom(this.#o.roomId)) await this.#restore(stored);
    const timer = this.#o.clock.every(PROGRESS_MS, () => this.#tellProgress());
    this.defer(() => timer.cancel());
    this.defer(() => this.#gotTimer?.cancel());
    this.defer(() => {
      for (const wake of this.#wake.values()) wake();
      for (const { download, staging } of this.#incoming.values()) {
        download.end();
        staging.close();
      }
      for (const transfer of this.#transfers.values()) transfer.content?.close();
      for (const { server } of this.#peers.values()) server.close();
    });
  }

  /** Offers files and folders. Throws as `scan` does. */
  async offer(request: OfferRequest): Promise<{ transfer: Transfer; skipped: Scanned['skipped'] }> {
    const { manifest, files, skipped } = await scan(request.paths, request);
    const transfer = this.#sign(manifest, request.to);
    transfer.paths = [...request.paths];
    transfer.content = new FileContent(transfer.layout, files);
    await this.#o.store.put(this.#o.roomId, transfer, { files });
    this.#publish(transfer);
    return { transfer, skipped };
  }

  /**
   * Offers what a program is going to hand over (`transfer.upload`): a copy of it comes into `folder`, made if it is
   * missing, and goes when it is withdrawn. Throws as `Manifest.of` does, DISK_FULL and DISK_FAILED.
   */
  async offerUpload({ entries, folder, to }: UploadRequest): Promise<Transfer> {
    const transfer = this.#sign(Manifest.of(uploadManifest(entries)), to);
    attempt(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    checkRoom(folder, transfer.layout.totalBytes);
    const staging = Staging.nameIn(folder);
    this.#serveUpload(transfer, staging);
    const acceptance: Acceptance = { out: folder, staging, ifExists: 'number', modes: false };
    await this.#o.store.put(this.#o.roomId, transfer, { acceptance });
    this.#publish(transfer);
    this.emit('changed', transfer);
    return transfer;
  }

  /** Takes the next bytes of an upload; see `Upload.write`. */
  async uploaded(transfer: Transfer, writer: Writer, bytes: Uint8Array): Promise<void> {
    const { upload } = transfer;
    if (!upload) throw new ChatterError('TRANSFER_UNKNOWN');
    await upload.write(writer, bytes);
    if (upload.files) await this.#uploadWhole(transfer, upload);
  }

  async #uploadWhole(transfer: Transfer, { files }: Upload): Promise<void> {
    await this.#o.store.put(this.#o.roomId, transfer, { files: files ?? undefined });
    this.emit('changed', transfer);
  }

  #serveUpload(transfer: Transfer, folder: string): void {
    const sizes = transfer.manifest.files.map(({ size }) => size);
    transfer.upload = new Upload(folder, transfer.layout, sizes);
    transfer.content = transfer.upload;
    this.#copied.set(transfer.id, { at: this.#o.clock.now(), bytes: transfer.upload.received });
  }

  #sign(manifest: Manifest, to: PeerId | undefined): Transfer {
    const { signer, clock, self } = this.#o;
    const signed = this.#signatures.offer(
      {
        transfer: transferId(randomBytes(16)),
        author: signer.publicKey,
        to: to ? publicKeyOf(to) : null,
        wall: Math.max(0, Math.round(clock.wall())),
        manifest: manifest.digest,
        manifestBytes: manifest.bytes.byteLength,
        entries: manifest.entries.length,
        totalBytes: manifest.totalBytes,
      },
      signer,
    );
    return new Transfer(signed, self, manifest, true);
  }

  #publish(transfer: Transfer): void {
    this.#transfers.set(transfer.id, transfer);
    for (const peer of this.#peers.values()) this.#offerTo(peer, transfer);
    void this.#hashAhead(transfer);
  }

  /** Begins to fetch, or to fetch again. Throws TRANSFER_UNKNOWN, DISK_FULL, DISK_FAILED or FILE_EXISTS. */
  async accept(id: TransferId, options: AcceptOptions): Promise<Transfer> {
    const transfer = this.#get(id);
    if (transfer.mine || transfer.state === 'withdrawn') throw new ChatterError('TRANSFER_UNKNOWN');
    if (transfer.state === 'active' || transfer.state === 'done') return transfer;
    if (transfer.state === 'paused') return this.resume(id); // what has arrived is kept, where it is
    const { out, ifExists = 'number', modes = false } = options;
    attempt(out, () => mkdirSync(out, { recursive: true }));
    if (!attempt(out, () => statSync(out))?.isDirectory())
      throw new ChatterError('DISK_FAILED', { message: `${out} is no folder.` });
    checkRoom(out, transfer.layout.totalBytes);
    const acceptance = { out, ifExists, modes, staging: Staging.nameIn(out) };
    transfer.state = 'active';
    transfer.code = null;
    // Written down first: whatever lies in the user's folder from here on is known.
    await this.#o.store.put(this.#o.roomId, transfer, { acceptance });
    await this.#begin(transfer, acceptance);
    this.#answer(transfer, 'accepted');
    this.emit('changed', transfer);
    return transfer;
  }

  decline(id: TransferId): Promise<Transfer> {
    const transfer = this.#get(id);
    if (transfer.mine || transfer.state === 'done') throw new ChatterError('TRANSFER_UNKNOWN');
    return this.#stop(transfer, 'declined', 'TRANSFER_DECLINED', 'declined');
  }

  /** Ends it here: what has arrived is removed. Of one's own it is the same as to withdraw it. */
  cancel(id: TransferId): Promise<Transfer> {
    const transfer = this.#get(id);
    if (transfer.mine) return this.withdraw(id);
    if (transfer.state === 'done') return Promise.resolve(transfer);
    return this.#stop(transfer, 'cancelled', 'TRANSFER_CANCELLED', 'cancelled');
  }

  /** Takes an offer of one's own back: nobody gets more of it. */
  async withdraw(id: TransferId): Promise<Transfer> {
    const transfer = this.#get(id);
    if (!transfer.mine) throw new ChatterError('TRANSFER_UNKNOWN');
    transfer.state = 'withdrawn';
    const signature = this.#signatures.withdrawal(id, this.#o.signer);
    for (const peer of this.#peers.values()) {
      peer.server.drop(transfer);
      if (this.#isFor(transfer, peer.id))
        peer.channel.send('withdraw', { transfer: transferBytes(id), signature });
    }
    transfer.content?.close();
    await transfer.upload?.remove();
    await this.#changed(transfer);
    return transfer;
  }

  async pause(id: TransferId): Promise<Transfer> {
    const transfer = this.#get(id);
    if (transfer.state === 'active') {
      transfer.state = 'paused';
      this.#incoming.get(id)?.download.pause();
      this.#answer(transfer, 'paused');
    } else if (transfer.state === 'serving') {
      transfer.state = 'paused';
      for (const peer of this.#peers.values()) {
        peer.server.drop(transfer);
        if (transfer.interested.has(peer.key)) this.#refuse(peer, id, 'paused');
      }
    }
    await this.#changed(transfer);
    return transfer;
  }

  /** Goes on with a paused one, or one that failed for want of room. */
  async resume(id: TransferId): Promise<Transfer> {
    const transfer = this.#get(id);
    if (transfer.state !== 'paused') return transfer;
    const waiting = this.#incoming.get(id);
    if (waiting) checkRoom(waiting.acceptance.out, transfer.layout.totalBytes - transfer.bytes);
    transfer.code = null;
    if (transfer.mine) {
      transfer.state = 'serving';
      for (const peer of this.#peers.values()) this.#offerTo(peer, transfer);
      void this.#hashAhead(transfer);
    } else {
      transfer.state = 'active';
      const incoming = this.#incoming.get(id);
      if (incoming) {
        incoming.download.paused = false;
        for (const peer of this.#peers.values()) this.#showInterest(peer, transfer);
        incoming.download.pump();
        this.#finishIfWhole(transfer);
      }
      this.#answer(transfer, 'accepted');
    }
    await this.#changed(transfer);
    return transfer;
  }

  /** Exchanges files with this peer until its session ends: the function given back is to be called then. */
  add(peer: FilesPeer): () => void {
    const allowance = new TokenBucket(this.#o.clock, {
      perSecond: LIMITS.fileMessagesPerSecond,
      burst: LIMITS.fileMessagesBurst,
    });
    const bounded =
      <T>(fn: (value: T) => void) =>
      (value: T) => {
        if (!allowance.take()) throw new ProtocolError('MESSAGE_FLOOD');
        fn(value);
      };
    const channel = peer.open(
      filesChannel,
      {
        offer: bounded(({ offer, signature }) => this.#onOffer(state, offer, signature)),
        withdraw: bounded(({ transfer, signature }) => this.#onWithdraw(transfer, signature)),
        answer: bounded((answer) => this.#onAnswer(state, answer)),
        interest: bounded(({ transfer, on }) => this.#onInterest(state, transferId(transfer), on === 1)),
        have: ({ transfer, bits }) => {
          const incoming = this.#incoming.get(transferId(transfer));
          if (
            incoming &&
            this.#mayCome(transferId(transfer), state.id) &&
            !incoming.download.have(this.#source(state, transferId(transfer)), bits)
          )
            throw new ProtocolError('MESSAGE_MALFORMED');
        },
        got: bounded(({ transfer, blocks }) => {
          const id = transferId(transfer);
          if (this.#mayCome(id, state.id))
            this.#incoming.get(id)?.download.got(this.#source(state, id), blocks);
        }),
        wantManifest: bounded(({ transfer, offset }) =>
          this.#onWantManifest(state, transferId(transfer), offset),
        ),
        manifest: ({ transfer, offset, bytes }) =>
          this.#onManifest(state, transferId(transfer), offset, bytes),
        wantPage: bounded(({ transfer, page }) => this.#onWantPage(state, transferId(transfer), page)),
        page: ({ transfer, page, hashes, signature }) =>
          this.#onPage(state, transferId(transfer), page, {
            hashes: b4a.from(hashes),
            signature: b4a.from(signature),
          }),
        sealed: bounded(({ transfer, root, signature }) =>
          this.#onSealed(transferId(transfer), root, signature),
        ),
        request: bounded(({ transfer, blocks }) => this.#onRequest(state, transferId(transfer), blocks)),
        release: bounded(({ transfer, blocks }) => {
          const known = this.#transfers.get(transferId(transfer));
          if (known) state.server.release(known, blocks);
        }),
        block: ({ transfer, block, offset, bytes }) => {
          const id = transferId(transfer);
          if (!state.asked.has(id)) throw new ProtocolError('MESSAGE_UNEXPECTED'); // Invariant 2
          return this.#incoming.get(id)?.download.block(state.key, block, offset, bytes as Uint8Array);
        },
        refuse: bounded(({ transfer, reason }) =>
          this.#onRefuse(state, transferId(transfer), REFUSALS[reason] as Refusal),
        ),
      },
      {
        onReset: () => {
          state.server.drop();
          this.#forgetSource(state);
          this.#greet(state);
        },
      },
    );
    const state: PeerState = {
      id: peer.id,
      key: peer.instance,
      channel,
      server: new BlockServer(channel, null, (transfer, err) => this.#serveFailed(transfer, err)),
      fetching: new Map(),
      asked: new Set(),
    };
    this.#peers.set(state.key, state);
    queueMicrotask(() => {
      if (this.#peers.get(state.key) === state) this.#greet(state, true);
    });
    return () => {
      if (this.#peers.get(state.key) === state) this.#peers.delete(state.key);
      state.server.close();
      this.#forgetSource(state);
    };
  }

  #greet(peer: PeerState, isNew = false): void {
    for (const transfer of this.#transfers.values()) {
      if (!(isNew && this.#o.live)) this.#offerTo(peer, transfer);
      if (transfer.author === peer.id && !transfer.mine) this.#answerTo(peer, transfer, answerOf(transfer));
      this.#showInterest(peer, transfer);
    }
    for (const [id, { filled }] of peer.fetching)
      peer.channel.send('wantManifest', { transfer: transferBytes(id), offset: filled });
  }

  #offerTo(peer: PeerState, transfer: Transfer): void {
    if (!this.#isFor(transfer, peer.id) || transfer.author === peer.id) return;
    if (!(transfer.state === 'serving' || transfer.state === 'done')) return;
    const { bytes, signature } = transfer.signed;
    peer.channel.send('offer', { offer: bytes, signature });
  }

  /** Invariant 1. */
  #isFor({ mine, signed, author }: Transfer, peer: PeerId): boolean {
    const { to } = signed.offer;
    return to === null || (mine ? peerId(to) === peer : author === peer);
  }

  #mayCome(id: TransferId, peer: PeerId): boolean {
    const transfer = this.#transfers.get(id);
    return transfer !== undefined && this.#isFor(transfer, peer);
  }

  #onOffer(peer: PeerState, bytes: Uint8Array, signature: Uint8Array): void {
    const signed = this.#signatures.readOffer(bytes, signature);
    const { transfer, to, author } = signed.offer;
    const from = peerId(author);
    if (from === this.#o.self || (to && (peerId(to) !== this.#o.self || from !== peer.id))) return;
    if (this.#o.live && from !== peer.id) return;
    const known = this.#transfers.get(transfer);
    if (known) {
      if (!b4a.equals(known.signed.bytes, signed.bytes)) throw new ProtocolError('MESSAGE_UNEXPECTED');
      return this.#showInterest(peer, known);
    }
    const ofAuthor = this.transfers.filter(
      ({ author: one, state }) => one === from && state === 'offered',
    ).length;
    if (peer.fetching.has(transfer) || peer.fetching.size + ofAuthor >= LIMITS.offersPerPeer) return;
    if (this.#transfers.size >= LIMITS.offersPerRoom) return;
    peer.fetching.set(transfer, { signed, bytes: new Uint8Array(0), filled: 0 });
    peer.channel.send('wantManifest', { transfer: transferBytes(transfer), offset: 0 });
  }

  #onWantManifest(peer: PeerState, id: TransferId, offset: number): void {
    const transfer = this.#transfers.get(id);
    if (!transfer || !this.#isFor(transfer, peer.id) || !isHad(transfer))
      return this.#refuse(peer, id, 'unknown');
    const bytes = transfer.manifest.bytes.subarray(offset, offset + MANIFEST_PART_BYTES);
    void peer.channel.sendBulk('manifest', { transfer: transferBytes(id), offset, bytes });
  }

  #onManifest(peer: PeerState, id: TransferId, offset: number, part: Uint8Array): void {
    const fetched = peer.fetching.get(id);
    if (!fetched) return;
    const { signed } = fetched;
    const total = signed.offer.manifestBytes;
    if (offset !== fetched.filled || part.byteLength === 0 || offset + part.byteLength > total) {
      peer.fetching.delete(id);
      return;
    }
    fetched.bytes = b4a.concat([fetched.bytes, part]);
    fetched.filled += part.byteLength;
    if (fetched.filled < total) {
      peer.channel.send('wantManifest', { transfer: transferBytes(id), offset: fetched.filled });
      return;
    }
    peer.fetching.delete(id);
    if (this.#transfers.has(id)) return;
    const author = peerId(signed.offer.author);
    if (!b4a.equals(blake3(fetched.bytes), signed.offer.manifest))
      throw new ProtocolError('MESSAGE_UNEXPECTED');
    let manifest: Manifest;
    try {
      manifest = Manifest.parse(fetched.bytes);
      const { entries, totalBytes } = signed.offer;
      if (manifest.entries.length !== entries || manifest.totalBytes !== totalBytes)
        throw new ProtocolError('MESSAGE_MALFORMED');
    } catch (err) {
      if (!(err instanceof ChatterError)) throw err;
      this.#sendAnswer(peer, id, 'failed', 0, err.code);
      this.emit('refused', { from: author, code: err.code });
      return;
    }
    const transfer = new Transfer(signed, author, manifest, false);
    this.#transfers.set(id, transfer);
    void this.#o.store.put(this.#o.roomId, transfer).then(() => this.emit('offered', transfer));
  }

  #onWithdraw(id: Uint8Array, signature: Uint8Array): void {
    const transfer = this.#transfers.get(transferId(id));
    if (!transfer || transfer.mine || transfer.state === 'withdrawn') return;
    if (!this.#signatures.isWithdrawal(transfer.signed.offer, signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    const { state } = transfer;
    if (state === 'declined' || state === 'cancelled') return;
    if (state === 'done') {
      // What was received is the receiver's; it is only handed on no more.
      transfer.content?.close();
      transfer.content = null;
      return;
    }
    void this.#stop(transfer, 'withdrawn', 'TRANSFER_WITHDRAWN', null);
  }

  #onAnswer(
    peer: PeerState,
    {
      transfer: id,
      answer,
      bytes,
      code,
    }: { transfer: Uint8Array; answer: number; bytes: number; code: string },
  ): void {
    const transfer = this.#transfers.get(transferId(id));
    if (!transfer?.mine || !this.#isFor(transfer, peer.id)) return;
    const said = ANSWERS[answer] as Answer;
    const before = transfer.receivers.get(peer.id);
    if (before?.answer === 'done') return;
    transfer.receivers.set(peer.id, { answer: said, bytes, code: Object.hasOwn(ERRORS, code) ? code : '' });
    if (before?.answer !== said && said !== 'progress') this.emit('changed', transfer);
  }

  #showInterest(peer: PeerState, transfer: Transfer): void {
    if (transfer.state !== 'active' || !this.#isFor(transfer, peer.id)) return;
    peer.asked.add(transfer.id);
    peer.channel.send('interest', { transfer: transferBytes(transfer.id), on: 1 });
  }

  #onInterest(peer: PeerState, id: TransferId, on: boolean): void {
    const transfer = this.#transfers.get(id);
    if (!transfer || !this.#isFor(transfer, peer.id))
      return on ? this.#refuse(peer, id, 'unknown') : undefined;
    if (!on) {
      transfer.interested.delete(peer.key);
      peer.server.drop(transfer);
      return;
    }
    transfer.interested.add(peer.key);
    if (transfer.state === 'withdrawn') return this.#refuse(peer, id, 'withdrawn');
    if (transfer.state === 'paused' && transfer.mine) return this.#refuse(peer, id, 'paused');
    if (transfer.state === 'failed' && transfer.mine) return this.#refuse(peer, id, 'changed');
    this.#tellHave(peer, transfer);
    void this.#hashAhead(transfer);
  }

  #tellHave(peer: PeerState, transfer: Transfer): void {
    if (!isHad(transfer) || !transfer.content) return;
    const { have, seal, id } = transfer;
    if (seal) peer.channel.send('sealed', { transfer: transferBytes(id), ...seal });
    if (have.count === 0) return;
    void peer.channel.sendBulk('have', {
      transfer: transferBytes(id),
      bits: have.full ? new Uint8Array(0) : new Uint8Array(have.bytes),
    });
  }

  #onWantPage(peer: PeerState, id: TransferId, page: number): void {
    const transfer = this.#transfers.get(id);
    const known = transfer?.pages.get(page);
    if (!transfer || !known || !this.#isFor(transfer, peer.id)) return;
    void peer.channel.sendBulk('page', { transfer: transferBytes(id), page, ...known });
  }

  #onPage(
    peer: PeerState,
    id: TransferId,
    page: number,
    known: { hashes: Uint8Array; signature: Uint8Array },
  ): void {
    const transfer = this.#transfers.get(id);
    if (!transfer || transfer.mine || !peer.asked.has(id) || transfer.pages.has(page)) return;
    if (known.hashes.byteLength !== transfer.layout.pageBlocks(page) * DIGEST_BYTES)
      throw new ProtocolError('MESSAGE_MALFORMED');
    if (!this.#signatures.isPage(transfer.signed.offer, page, known.hashes, known.signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    transfer.pages.set(page, known);
    void this.#o.store.putPage(id, page, known);
    this.#incoming.get(id)?.download.pagesChanged();
  }

  #onSealed(id: TransferId, root: Uint8Array, signature: Uint8Array): void {
    const transfer = this.#transfers.get(id);
    if (!transfer || transfer.mine || transfer.seal) return;
    if (!this.#signatures.isSeal(transfer.signed.offer, root, signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    transfer.seal = { root: b4a.from(root), signature: b4a.from(signature) };
    this.#finishIfWhole(transfer);
  }

  #onRequest(peer: PeerState, id: TransferId, blocks: number[]): void {
    const transfer = this.#transfers.get(id);
    if (!transfer || !this.#isFor(transfer, peer.id) || !transfer.content || !isHad(transfer))
      return this.#refuse(peer, id, 'unknown');
    this.#servedAt = this.#o.clock.now();
    peer.server.add(transfer, blocks);
    const furthest = Math.floor(Math.max(0, ...blocks) / BLOCKS_A_PAGE);
    if (furthest > (this.#wanted.get(id) ?? -1)) {
      this.#wanted.set(id, furthest);
      this.#wake.get(id)?.();
    }
  }

  #onRefuse(peer: PeerState, id: TransferId, reason: Refusal): void {
    const transfer = this.#transfers.get(id);
    const incoming = this.#incoming.get(id);
    peer.fetching.delete(id);
    if (!transfer || !incoming) return;
    incoming.download.gone(peer.key);
    if (peer.id !== transfer.author) return;
    if (reason === 'changed') void this.#fail(transfer, new ChatterError('FILE_CHANGED'));
    if (reason === 'unreadable') void this.#fail(transfer, new ChatterError('FILE_UNREADABLE'));
  }

  #refuse(peer: PeerState, id: TransferId, reason: Refusal): void {
    peer.channel.send('refuse', { transfer: transferBytes(id), reason: REFUSALS.indexOf(reason) });
  }

  #source(peer: PeerState, id: TransferId) {
    const transfer = transferBytes(id);
    return {
      key: peer.key,
      request: (blocks: number[]) => void peer.channel.send('request', { transfer, blocks }),
      release: (blocks: number[]) => void peer.channel.send('release', { transfer, blocks }),
      wantPage: (page: number) => void peer.channel.send('wantPage', { transfer, page }),
    };
  }

  #forgetSource(peer: PeerState): void {
    for (const { download } of this.#incoming.values()) download.gone(peer.key);
    for (const transfer of this.#transfers.values()) transfer.interested.delete(peer.key);
  }

  /** Hashes what is ours, page by page, some way ahead of what is asked for, and seals it at the end. */
  async #hashAhead(transfer: Transfer): Promise<void> {
    const { id, layout, content, pages } = transfer;
    if (!transfer.mine || transfer.seal || this.#hashing.has(id) || !content) return;
    this.#hashing.add(id);
    const stopped = () => this.closing || transfer.state !== 'serving';
    try {
      for (let page = 0; page < layout.pageCount; page++) {
        if (pages.has(page)) continue;
        while (page > (this.#wanted.get(id) ?? -1) + PAGES_AHEAD && !stopped())
          await new Promise<void>((resolve) => this.#wake.set(id, resolve));
        await content.ready?.(page);
        const hashes = stopped() ? null : await hashPage(layout, content, page, stopped);
        if (!hashes) return;
        const signature = this.#signatures.page(id, page, hashes, this.#o.signer);
        pages.set(page, { hashes, signature });
        await this.#o.store.putPage(id, page, { hashes, signature });
        const blocks = Array.from({ length: layout.pageBlocks(page) }, (_, i) => page * BLOCKS_A_PAGE + i);
        for (const block of blocks) transfer.have.add(block);
        this.#toInterested(transfer, (peer) =>
          peer.channel.send('got', { transfer: transferBytes(id), blocks }),
        );
      }
      const root = contentRoot(
        transfer.manifest.files.map(({ size }) => size),
        [...Array(layout.pageCount).keys()].map((page) => pages.get(page)!.hashes),
      );
      transfer.seal = { root, signature: this.#signatures.seal(id, root, this.#o.signer) };
      await this.#o.store.put(this.#o.roomId, transfer);
      this.#toInterested(transfer, (peer) =>
        peer.channel.send('sealed', { transfer: transferBytes(id), ...transfer.seal! }),
      );
    } catch (err) {
      this.#serveFailed(transfer, err);
    } finally {
      this.#hashing.delete(id);
    }
  }

  #toInterested(transfer: Transfer, fn: (peer: PeerState) => void): void {
    for (const peer of this.#peers.values()) if (transfer.interested.has(peer.key)) fn(peer);
  }

  /** What is here cannot be given any more: changed, gone or unreadable. */
  #serveFailed(transfer: Transfer, err: unknown): void {
    if (this.closing || transfer.state === 'failed') return;
    const { code } = ChatterError.from(err);
    transfer.content?.close();
    if (transfer.mine) {
      transfer.state = 'failed';
      transfer.code = code;
      this.#toInterested(transfer, (peer) =>
        this.#refuse(peer, transfer.id, code === 'FILE_CHANGED' ? 'changed' : 'unreadable'),
      );
      void this.#changed(transfer);
    } else {
      transfer.content = null; // what was received was changed here: others have it
      this.#toInterested(transfer, (peer) => this.#refuse(peer, transfer.id, 'unknown'));
    }
  }

  async #begin(transfer: Transfer, acceptance: Acceptance): Promise<void> {
    const staging = new Staging(acceptance.staging, transfer.layout);
    staging.create();
    transfer.content = staging;
    const download = new Download({
      transfer,
      staging,
      clock: this.#o.clock,
      salt: this.#salt,
      onBlock: (block) => this.#onBlock(transfer, block),
      onLiar: (key) => this.#onLiar(transfer, key),
      onComplete: () => this.#finishIfWhole(transfer),
      onFailed: (err) => void this.#interrupt(transfer, err),
    });
    this.#incoming.set(transfer.id, { download, staging, acceptance, finishing: false });
    for (const peer of this.#peers.values()) this.#showInterest(peer, transfer);
    this.#finishIfWhole(transfer);
  }

  #onBlock(transfer: Transfer, block: number): void {
    transfer.count(block);
    if (transfer.interested.size === 0) return;
    const fresh = this.#fresh.get(transfer.id) ?? [];
    fresh.push(block);
    this.#fresh.set(transfer.id, fresh);
    this.#gotTimer ??= this.#o.clock.after(GOT_MS, () => {
      this.#gotTimer = null;
      for (const [id, blocks] of this.#fresh) {
        const known = this.#transfers.get(id);
        if (!known) continue;
        for (let i = 0; i < blocks.length; i += 1024)
          this.#toInterested(known, (peer) =>
            peer.channel.send('got', { transfer: transferBytes(id), blocks: blocks.slice(i, i + 1024) }),
          );
      }
      this.#fresh.clear();
    });
  }

  #onLiar(transfer: Transfer, key: string): void {
    const peer = this.#peers.get(key);
    if (!peer) return;
    this.emit('liar', { transfer, peer: peer.id });
    if (peer.id === transfer.author && this.sources(transfer.id) === 0)
      void this.#fail(transfer, new ChatterError('FILE_UNVERIFIED'));
  }

  #finishIfWhole(transfer: Transfer): void {
    const incoming = this.#incoming.get(transfer.id);
    if (!incoming || incoming.finishing || transfer.state !== 'active') return;
    const { layout, seal, pages, have } = transfer;
    if (!have.full || (layout.blockCount > 0 && !seal)) return;
    if (seal) {
      const hashes = [...Array(layout.pageCount).keys()].map((page) => pages.get(page)!.hashes);
      const root = contentRoot(
        transfer.manifest.files.map(({ size }) => size),
        hashes,
      );
      if (!b4a.equals(root, seal.root)) return void this.#fail(transfer, new ChatterError('FILE_UNVERIFIED'));
    }
    incoming.finishing = true;
    void this.#finish(transfer, incoming).catch((err: unknown) => this.#interrupt(transfer, err));
  }

  async #finish(transfer: Transfer, { staging, acceptance, download }: Incoming): Promise<void> {
    download.pause();
    await staging.sync();
    const placed = await place(transfer.manifest, transfer.layout, staging, {
      ...acceptance,
      umask: this.#o.umask ?? 0o022,
    });
    if (this.closing) return;
    download.end();
    this.#incoming.delete(transfer.id);
    staging.remove();
    const files = placed.identify();
    transfer.paths = placed.paths;
    transfer.content = files && new FileContent(transfer.layout, files);
    transfer.state = 'done';
    await this.#o.store.put(this.#o.roomId, transfer, { files: files ?? undefined });
    this.#answer(transfer, 'done');
    this.#loseInterest(transfer);
    this.emit('changed', transfer);
  }

  /** The disk does not take more: it waits for somebody to make room, with everything that has arrived. */
  async #interrupt(transfer: Transfer, err: unknown): Promise<void> {
    const incoming = this.#incoming.get(transfer.id);
    if (this.closing || !incoming || transfer.state !== 'active') return;
    const { code } = ChatterError.from(err);
    if (code === 'FILE_EXISTS') return this.#fail(transfer, err);
    incoming.finishing = false;
    incoming.download.pause();
    transfer.state = 'paused';
    transfer.code = code;
    this.#answer(transfer, 'paused');
    await this.#changed(transfer);
  }

  async #fail(transfer: Transfer, err: unknown): Promise<void> {
    const { code } = ChatterError.from(err);
    await this.#stop(transfer, 'failed', code, 'failed');
  }

  /** Ends it here for good; what has arrived is removed. */
  async #stop(
    transfer: Transfer,
    state: Transfer['state'],
    code: ErrorCode,
    answer: Answer | null,
  ): Promise<Transfer> {
    const incoming = this.#incoming.get(transfer.id);
    this.#incoming.delete(transfer.id);
    transfer.state = state;
    transfer.code = code;
    incoming?.download.pause();
    incoming?.download.end();
    this.#loseInterest(transfer);
    for (const { server } of this.#peers.values()) server.drop(transfer);
    transfer.content = null;
    incoming?.staging.remove();
    if (answer) this.#answer(transfer, answer);
    await this.#changed(transfer);
    return transfer;
  }

  #loseInterest(transfer: Transfer): void {
    for (const peer of this.#peers.values())
      if (peer.asked.has(transfer.id))
        peer.channel.send('interest', { transfer: transferBytes(transfer.id), on: 0 });
  }

  async #changed(transfer: Transfer): Promise<void> {
    await this.#o.store.put(this.#o.roomId, transfer);
    this.emit('changed', transfer);
  }

  #answer(transfer: Transfer, answer: Answer): void {
    for (const peer of this.#peers.values())
      if (peer.id === transfer.author) this.#answerTo(peer, transfer, answer);
  }

  #answerTo(peer: PeerState, transfer: Transfer, answer: Answer | null): void {
    if (answer) this.#sendAnswer(peer, transfer.id, answer, transfer.bytes, transfer.code ?? '');
  }

  #sendAnswer(peer: PeerState, id: TransferId, answer: Answer, bytes: number, code: string): void {
    peer.channel.send('answer', {
      transfer: transferBytes(id),
      answer: ANSWERS.indexOf(answer),
      bytes,
      code,
    });
  }

  #tellProgress(): void {
    const now = this.#o.clock.now();
    for (const transfer of this.#transfers.values()) {
      this.#tellCopied(transfer, now);
      const sent = transfer.mine ? transfer.given : transfer.bytes;
      const before = this.#rates.get(transfer.id);
      if (before?.bytes === sent) continue;
      this.#rates.set(transfer.id, { at: now, bytes: sent });
      if (!before) {
        if (sent > 0) this.emit('progress', transfer);
        continue;
      }
      const rate = ((sent - before.bytes) * 1000) / (now - before.at);
      transfer.bytesPerSecond = transfer.bytesPerSecond === 0 ? rate : (transfer.bytesPerSecond + rate) / 2;
      if (transfer.state === 'active') this.#answer(transfer, 'progress');
      this.emit('progress', transfer);
    }
  }

  /** Says how far a copy has come, and gives up one that nobody goes on with. */
  #tellCopied(transfer: Transfer, now: number): void {
    const { upload, id } = transfer;
    const before = this.#copied.get(id);
    if (!upload || !before) return;
    const isOver = upload.files !== null || transfer.state === 'withdrawn' || transfer.state === 'failed';
    if (isOver) return void this.#copied.delete(id);
    const { received: bytes } = upload;
    if (bytes !== before.bytes || upload.writer) this.#copied.set(id, { at: now, bytes });
    if (bytes !== before.bytes) this.emit('progress', transfer);
    else if (now - before.at >= LIMITS.uploadIdleMs) {
      this.#serveFailed(transfer, new ChatterError('UPLOAD_LOST'));
      void upload.remove();
    }
  }

  async #restore(stored: StoredTransfer): Promise<void> {
    const signed = this.#signatures.readOffer(stored.offer, stored.signature);
    const author = peerId(signed.offer.author);
    const mine = author === this.#o.self;
    const transfer = new Transfer(signed, author, Manifest.parse(stored.manifest), mine);
    Object.assign(transfer, {
      state: stored.state,
      code: stored.code,
      paths: stored.paths,
      seal: stored.seal,
    });
    for (const [page, known] of stored.pages) transfer.pages.set(page, known);
    this.#transfers.set(transfer.id, transfer);
    if (mine && stored.acceptance) return this.#restoreUpload(transfer, stored.acceptance.staging);
    if (stored.files && (mine || transfer.state === 'done')) {
      transfer.content = new FileContent(transfer.layout, stored.files);
      haveHashed(transfer);
      if (mine) void this.#hashAhead(transfer);
      return;
    }
    if (mine || !stored.acceptance) return;
    if (transfer.state !== 'active' && transfer.state !== 'paused') {
      rmSync(stored.acceptance.staging, { recursive: true, force: true }); // a name of ours
      return;
    }
    await this.#restoreDownload(transfer, stored.acceptance);
  }

  #restoreUpload(transfer: Transfer, folder: string): void {
    if (transfer.state !== 'serving' && transfer.state !== 'paused')
      return rmSync(folder, { recursive: true, force: true }); // a name of ours
    this.#serveUpload(transfer, folder);
    haveHashed(transfer);
    void this.#hashAhead(transfer);
  }

  /** What a disk really kept is seen by hashing it; nothing that was written down before is trusted. */
  async #restoreDownload(transfer: Transfer, acceptance: Acceptance): Promise<void> {
    const { layout, pages } = transfer;
    try {
      const staging = new Staging(acceptance.staging, layout);
      staging.create();
      const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
      for (const [page, { hashes }] of pages) {
        for (let i = 0; i < layout.pageBlocks(page); i++) {
          if (i % 8 === 0) await turn();
          const block = page * BLOCKS_A_PAGE + i;
          const bytes = buffer.subarray(0, layout.blockBytes(block));
          if (isThere(staging, block, bytes) && b4a.equals(blake3(bytes), hashAt(hashes, block))) {
            transfer.have.add(block);
            transfer.count(block);
          }
        }
      }
      staging.close();
      await this.#begin(transfer, acceptance);
      if (transfer.state === 'paused') this.#incoming.get(transfer.id)?.download.pause();
    } catch (err) {
      transfer.state = 'failed';
      transfer.code = ChatterError.from(err).code;
      await this.#o.store.put(this.#o.roomId, transfer);
    }
  }

  #get(id: TransferId): Transfer {
    const transfer = this.#transfers.get(id);
    if (!transfer) throw new ChatterError('TRANSFER_UNKNOWN');
    return transfer;
  }
}

const BUSY_MS = 10_000;

/** Whether others may have it from here. */
const isHad = ({ state }: Transfer): boolean => state === 'serving' || state === 'active' || state === 'done';

/** Whatever was hashed before is here. */
function haveHashed({ pages, layout, have }: Transfer): void {
  for (const page of pages.keys())
    for (let i = 0; i < layout.pageBlocks(page); i++) have.add(page * BLOCKS_A_PAGE + i);
}

/** What an author who comes back is told; null where nobody has decided. */
function answerOf({ state }: Transfer): Answer | null {
  if (state === 'active') return 'accepted';
  if (
    state === 'done' ||
    state === 'declined' ||
    state === 'cancelled' ||
    state === 'failed' ||
    state === 'paused'
  )
    return state;
  return null;
}

function isThere(staging: Staging, block: number, bytes: Uint8Array): boolean {
  try {
    staging.read(block, bytes);
    return true;
  } catch (err) {
    if (ChatterError.from(err).code === 'FILE_UNREADABLE') return false;
    throw err;
  }
}
