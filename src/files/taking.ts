import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode, ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { arrive, arrived } from './arrive.js';
import { DIGEST_BYTES } from './blake3.js';
import { Download } from './download.js';
import type { Answer, Refusal } from './files-channel.js';
import { FreshBlocks } from './fresh-blocks.js';
import { rootOf } from './hash-ahead.js';
import type { HashCache } from './hash-cache.js';
import { LocalBlocks } from './local-blocks.js';
import { localPlaces, type SharedPlaces } from './local-places.js';
import type { PeerLink, TakingHandlers } from './peer-link.js';
import type { RateCap } from './rate-cap.js';
import { recover } from './recover.js';
import type { Signatures, TransferId } from './signed.js';
import { attempt, checkRoom, removeStaging, Staging } from './staging.js';
import type { Page, Transfer, TransferState } from './transfer.js';
import type { Acceptance, IfExists } from './transfer-store.js';
import type { TransferTable } from './transfer-table.js';

export interface AcceptOptions {
  /** An absolute path; made if it is missing. */
  out: string;
  ifExists?: IfExists;
  modes?: boolean;
  /** A rule takes it, no person has looked at it. Default false. */
  unasked?: boolean;
}

export interface TakingOptions {
  table: TransferTable;
  links: ReadonlyMap<string, PeerLink>;
  signatures: Signatures;
  clock: Clock;
  downloadCap: RateCap;
  cache: HashCache;
  shared: SharedPlaces;
  umask: number;
  /** Tells those who wait for it here what has come. */
  onFresh: (transfer: Transfer, blocks: number[]) => void;
  /** It was ended here: nothing of it is given any more. */
  onEnded: (transfer: Transfer) => void;
  onLiar: (transfer: Transfer, peer: PeerId) => void;
}

interface Incoming {
  readonly transfer: Transfer;
  readonly download: Download;
  readonly staging: Staging;
  readonly local: LocalBlocks;
  readonly acceptance: Acceptance;
  /** Others' transfers of the same content: their blocks are looked at as this one's. */
  readonly twins: Set<TransferId>;
  finishing: boolean;
  /** Something of it came over a near path. */
  near: boolean;
}

/** A transfer that came over a near path asks before so much more comes over the Internet. */
const ASKS_ABOVE_BYTES = 1e9;
const LOOK_EVERY_MS = 1_000;

/**
 * What is being received in one room.
 *
 * 1. Nothing is written before somebody here has accepted, and no block is taken from who was not asked for it.
 * 2. It is done when every block is here, is what the author signed, and lies in its place.
 * 3. What the disk does not take, or would come by a way that was not agreed to, waits with everything that has come.
 */
export class Taking implements TakingHandlers {
  readonly #o: TakingOptions;
  readonly #incoming = new Map<TransferId, Incoming>();
  readonly #twins = new Map<TransferId, Incoming>();
  /** What a disk did not give back at the start: it may be another time. */
  readonly #unread = new Map<TransferId, Acceptance>();
  readonly #fresh: FreshBlocks;
  readonly #salt = randomBytes(4).readUInt32LE(0);
  readonly #timer;
  #closed = false;

  constructor(options: TakingOptions) {
    this.#o = options;
    this.#fresh = new FreshBlocks(options.clock, (id, blocks) => {
      const transfer = options.table.find(id);
      if (transfer) options.onFresh(transfer, blocks);
    });
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => {
      for (const incoming of this.#incoming.values()) this.#checkPath(incoming);
    });
  }

  /** True while something is on its way to here. */
  get busy(): boolean {
    return [...this.#incoming.values()].some(({ download, finishing }) => finishing || download.sources > 0);
  }

  /** From how many others blocks of this come. */
  sources(id: TransferId): number {
    return this.#incoming.get(id)?.download.sources ?? 0;
  }

  /** Begins to fetch. Throws DISK_FULL, DISK_FAILED. */
  async accept(
    transfer: Transfer,
    { out, ifExists = 'number', modes = false, unasked = false }: AcceptOptions,
  ): Promise<void> {
    attempt(out, () => mkdirSync(out, { recursive: true }));
    if (!attempt(out, () => statSync(out))?.isDirectory())
      throw new ChatterError('DISK_FAILED', { message: `${out} is no folder.` });
    checkRoom(out, transfer.layout.totalBytes);
    const acceptance: Acceptance = { out, ifExists, modes, unasked, staging: Staging.nameIn(out) };
    transfer.state = 'active';
    transfer.code = null;
    // Written down first: whatever lies in the user's folder from here on is known.
    await this.#o.table.put(transfer, { acceptance });
    this.#begin(transfer, acceptance);
    this.#answer(transfer, 'accepted');
  }

  /** Goes on with what is in staging from before; what the disk really kept is looked at first. */
  async restore(transfer: Transfer, acceptance: Acceptance): Promise<void> {
    try {
      if (acceptance.placed) {
        for (const page of transfer.pages.keys()) transfer.addPage(page);
        return await arrived(transfer, acceptance, this.#o.table);
      }
      await recover(transfer, acceptance);
      this.#begin(transfer, acceptance);
      if (transfer.state === 'paused') this.#incoming.get(transfer.id)?.download.pause();
    } catch (err) {
      const { code } = ChatterError.from(err);
      const isDisk = code === 'DISK_FULL' || code === 'DISK_FAILED';
      transfer.state = isDisk ? 'paused' : 'failed'; // Invariant 3
      transfer.code = code;
      if (isDisk) this.#unread.set(transfer.id, acceptance);
      await this.#o.table.put(transfer);
    }
  }

  /** The same content is to be had from this peer under another id too. */
  alsoFrom(transfer: Transfer, twin: TransferId, peer: PeerLink): void {
    const incoming = this.#incoming.get(transfer.id);
    if (!incoming || twin === transfer.id) return;
    incoming.twins.add(twin);
    this.#twins.set(twin, incoming);
    peer.showInterest(twin);
  }

  pause(transfer: Transfer): void {
    transfer.state = 'paused';
    this.#incoming.get(transfer.id)?.download.pause();
    this.#answer(transfer, 'paused');
  }

  /** Throws DISK_FULL if there is still no room for the rest, DISK_FAILED if the disk does not give what it has. */
  async resume(transfer: Transfer): Promise<void> {
    const unread = this.#unread.get(transfer.id);
    if (unread) {
      await recover(transfer, unread);
      this.#unread.delete(transfer.id);
      this.#begin(transfer, unread);
    }
    const incoming = this.#incoming.get(transfer.id);
    if (!incoming) return;
    const { acceptance, download } = incoming;
    checkRoom(acceptance.out, transfer.layout.totalBytes - transfer.bytes);
    if (transfer.code === 'PATH_COSTLY') {
      acceptance.anyPath = true;
      await this.#o.table.put(transfer, { acceptance });
    }
    this.#goOn(transfer, download);
  }

  /** Says again what is wanted, and how it stands, to a peer that is new or on another stream. */
  greet(peer: PeerLink): void {
    for (const transfer of this.#o.table.all) {
      if (transfer.mine) continue;
      if (transfer.author === peer.id) this.#answerTo(peer, transfer, answerOf(transfer));
      this.showInterest(peer, transfer);
    }
  }

  showInterest(peer: PeerLink, transfer: Transfer): void {
    if (transfer.mine || transfer.state !== 'active' || !this.#o.table.isFor(transfer, peer.id)) return;
    peer.showInterest(transfer.id);
  }

  /** Nothing comes from this peer any more. */
  gone(peer: PeerLink): void {
    for (const { download, twins } of this.#incoming.values()) {
      download.gone(peer.key);
      for (const twin of twins) download.gone(twinKey(peer, twin));
    }
  }

  /** Ends it here for good; what has arrived is removed. */
  async stop(
    transfer: Transfer,
    state: TransferState,
    code: ErrorCode,
    answer: Answer | null,
  ): Promise<void> {
    const incoming = this.#incoming.get(transfer.id);
    transfer.state = state;
    transfer.code = code;
    incoming?.download.pause();
    if (incoming) this.#forget(incoming);
    this.#o.onEnded(transfer);
    transfer.content = null;
    const unread = this.#unread.get(transfer.id);
    this.#unread.delete(transfer.id);
    if (unread) removeStaging(unread.staging);
    incoming?.staging.remove();
    if (answer) this.#answer(transfer, answer);
    await this.#o.table.changed(transfer);
  }

  /** Tells the authors of what comes how far it is. */
  tellProgress(moved: readonly Transfer[]): void {
    for (const transfer of moved) if (transfer.state === 'active') this.#answer(transfer, 'progress');
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#fresh.close();
    for (const { download, staging, local } of this.#incoming.values()) {
      local.close();
      download.end();
      staging.close();
    }
  }

  onHave(peer: PeerLink, id: TransferId, bits: Uint8Array): void {
    const incoming = this.#wanted(peer, id);
    if (!incoming) return;
    const fits = incoming.download.have(this.#source(peer, id, incoming), bits);
    if (!fits && incoming.transfer.id === id) throw new ProtocolError('MESSAGE_MALFORMED');
    this.#checkPath(incoming);
  }

  onGot(peer: PeerLink, id: TransferId, blocks: number[]): void {
    const incoming = this.#wanted(peer, id);
    incoming?.download.got(this.#source(peer, id, incoming), blocks);
  }

  onPage(peer: PeerLink, id: TransferId, page: number, known: Page): void {
    const transfer = this.#o.table.find(id);
    if (!transfer || transfer.mine || !peer.asked.has(id) || transfer.pages.has(page)) return;
    if (known.hashes.byteLength !== transfer.layout.pageBlocks(page) * DIGEST_BYTES)
      throw new ProtocolError('MESSAGE_MALFORMED');
    if (!this.#o.signatures.isPage(transfer.signed.offer, page, known.hashes, known.signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    transfer.pages.set(page, known);
    void this.#o.table.putPage(transfer, page);
    this.#incoming.get(id)?.download.pagesChanged();
  }

  onSealed(id: TransferId, root: Uint8Array, signature: Uint8Array): void {
    const transfer = this.#o.table.find(id);
    if (!transfer || transfer.mine || transfer.seal) return;
    if (!this.#o.signatures.isSeal(transfer.signed.offer, root, signature))
      throw new ProtocolError('SIGNATURE_WRONG');
    transfer.seal = { root: b4a.from(root), signature: b4a.from(signature) };
    this.#finishIfWhole(transfer);
  }

  onBlock(
    peer: PeerLink,
    id: TransferId,
    block: number,
    offset: number,
    bytes: Uint8Array,
  ): void | Promise<void> {
    if (!peer.asked.has(id)) throw new ProtocolError('MESSAGE_UNEXPECTED'); // Invariant 1
    const incoming = this.#incoming.get(id) ?? this.#twins.get(id);
    if (!incoming) return;
    if (peer.isLocal) incoming.near = true;
    return incoming.download.block(keyOf(peer, id, incoming), block, offset, bytes);
  }

  onRefuse(peer: PeerLink, id: TransferId, reason: Refusal): void {
    const twin = this.#twins.get(id);
    if (twin) return twin.download.gone(twinKey(peer, id));
    const incoming = this.#incoming.get(id);
    if (!incoming) return;
    incoming.download.gone(peer.key);
    if (peer.id !== incoming.transfer.author) return;
    if (reason === 'changed') void this.#fail(incoming.transfer, new ChatterError('FILE_CHANGED'));
    if (reason === 'unreadable') void this.#fail(incoming.transfer, new ChatterError('FILE_UNREADABLE'));
  }

  #begin(transfer: Transfer, acceptance: Acceptance): void {
    const staging = new Staging(acceptance.staging, transfer.layout);
    staging.create();
    transfer.content = staging;
    const local = new LocalBlocks({
      transfer,
      places: () => localPlaces(transfer, acceptance, this.#o),
      keep: async (block, bytes) => {
        await download.keep(block, bytes);
        transfer.reused += bytes.byteLength;
      },
      onSearched: () => download.pump(),
      onFailed: (err) => void this.#interrupt(transfer, err),
    });
    const download = new Download({
      transfer,
      staging,
      clock: this.#o.clock,
      cap: this.#o.downloadCap,
      salt: this.#salt,
      onBlock: (block) => {
        transfer.count(block);
        if (transfer.interested.size > 0) this.#fresh.add(transfer.id, block);
      },
      searched: (page) => local.searched(page),
      onLiar: (key) => this.#onLiar(transfer, key),
      onComplete: () => this.#finishIfWhole(transfer),
      onFailed: (err) => void this.#interrupt(transfer, err),
    });
    this.#incoming.set(transfer.id, {
      transfer,
      download,
      staging,
      local,
      acceptance,
      twins: new Set(),
      finishing: false,
      near: false,
    });
    for (const peer of this.#o.links.values()) this.showInterest(peer, transfer);
    this.#finishIfWhole(transfer);
  }

  #goOn(transfer: Transfer, download: Download): void {
    transfer.state = 'active';
    transfer.code = null;
    download.paused = false;
    for (const peer of this.#o.links.values()) this.showInterest(peer, transfer);
    download.pump();
    this.#finishIfWhole(transfer);
    this.#answer(transfer, 'accepted');
  }

  /** What of this peer's can be used here; it has a part in it. */
  #wanted(peer: PeerLink, id: TransferId): Incoming | undefined {
    const twin = this.#twins.get(id);
    if (twin && peer.asked.has(id)) return twin;
    return this.#o.table.sharedWith(id, peer.id) && this.#incoming.get(id);
  }

  #source(peer: PeerLink, id: TransferId, incoming: Incoming) {
    const isTwin = incoming.transfer.id !== id;
    return { ...peer.source(id), key: keyOf(peer, id, incoming), blocksOnly: isTwin };
  }

  /** Invariant 3: near to far asks; back near it goes on by itself. */
  #checkPath({ transfer, download, acceptance, near, finishing }: Incoming): void {
    if (!near || finishing || acceptance.anyPath) return;
    const keys = download.sourceKeys;
    const someNear = [...this.#o.links.values()].some(
      (peer) => peer.isLocal && keys.some((key) => key.startsWith(peer.key)),
    );
    if (transfer.state === 'active' && keys.length > 0 && !someNear) {
      if (transfer.layout.totalBytes - transfer.bytes > ASKS_ABOVE_BYTES)
        void this.#interrupt(transfer, new ChatterError('PATH_COSTLY'));
    } else if (transfer.state === 'paused' && transfer.code === 'PATH_COSTLY' && someNear) {
      this.#goOn(transfer, download);
      void this.#o.table.changed(transfer);
    }
  }

  #onLiar(transfer: Transfer, key: string): void {
    const peer = this.#o.links.get(key);
    if (!peer) return; // a twin was not what it looked like: nobody has lied
    this.#o.onLiar(transfer, peer.id);
    if (peer.id === transfer.author && this.sources(transfer.id) === 0)
      void this.#fail(transfer, new ChatterError('FILE_UNVERIFIED'));
  }

  #finishIfWhole(transfer: Transfer): void {
    const incoming = this.#incoming.get(transfer.id);
    if (!incoming || incoming.finishing || transfer.state !== 'active') return;
    const { layout, seal, have } = transfer;
    if (!have.full || (layout.blockCount > 0 && !seal)) return;
    if (seal && !b4a.equals(rootOf(transfer), seal.root))
      return void this.#fail(transfer, new ChatterError('FILE_UNVERIFIED'));
    incoming.finishing = true;
    void this.#finish(incoming).catch((err: unknown) => this.#interrupt(transfer, err));
  }

  /** Invariant 2. */
  async #finish(incoming: Incoming): Promise<void> {
    const { transfer, staging, acceptance, download } = incoming;
    download.pause();
    const stopped = () => this.#closed || this.#incoming.get(transfer.id) !== incoming;
    if (!(await arrive(transfer, acceptance, staging, { ...this.#o, stopped }))) return;
    this.#forget(incoming);
    this.#answer(transfer, 'done');
    await this.#o.table.changed(transfer);
  }

  /** Invariant 3. */
  async #interrupt(transfer: Transfer, err: unknown): Promise<void> {
    const incoming = this.#incoming.get(transfer.id);
    if (this.#closed || !incoming || transfer.state !== 'active') return;
    const { code } = ChatterError.from(err);
    if (code === 'FILE_EXISTS') return this.#fail(transfer, err);
    incoming.finishing = false;
    transfer.code = code;
    this.pause(transfer);
    await this.#o.table.changed(transfer);
  }

  #fail(transfer: Transfer, err: unknown): Promise<void> {
    return this.stop(transfer, 'failed', ChatterError.from(err).code, 'failed');
  }

  /** Nothing more of it is wanted. */
  #forget({ transfer, download, local, twins }: Incoming): void {
    local.close();
    download.end();
    this.#incoming.delete(transfer.id);
    for (const twin of twins) this.#twins.delete(twin);
    for (const peer of this.#o.links.values())
      for (const id of [transfer.id, ...twins]) peer.loseInterest(id);
  }

  #answer(transfer: Transfer, answer: Answer): void {
    for (const peer of this.#o.links.values())
      if (peer.id === transfer.author) this.#answerTo(peer, transfer, answer);
  }

  #answerTo(peer: PeerLink, { id, bytes, code }: Transfer, answer: Answer | null): void {
    if (answer) peer.answer({ id, answer, bytes, code: code ?? '' });
  }
}

const twinKey = (peer: PeerLink, twin: TransferId): string => `${peer.key} ${twin}`;

const keyOf = (peer: PeerLink, id: TransferId, { transfer }: Incoming): string =>
  transfer.id === id ? peer.key : twinKey(peer, id);

/** What an author who comes back is told; null where nobody has decided. */
function answerOf({ state }: Transfer): Answer | null {
  if (state === 'active') return 'accepted';
  const told = ['done', 'declined', 'cancelled', 'failed', 'paused'] as const;
  return told.find((answer) => answer === state) ?? null;
}
