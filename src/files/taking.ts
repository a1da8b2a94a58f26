import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { Answers } from './answers.js';
import { Arrivals } from './arrivals.js';
import { arrive, arrived, isComplete, isWhatWasSealed } from './arrive.js';
import type { Download } from './download.js';
import type { Answer } from './files-channel.js';
import { FreshBlocks } from './fresh-blocks.js';
import type { HashCache } from './hash-cache.js';
import { Incoming, IncomingTransfers } from './incoming.js';
import type { SharedPlaces } from './local-places.js';
import type { PeerLink } from './peer-link.js';
import type { RateCap } from './rate-cap.js';
import { recover } from './recover.js';
import type { Signatures, TransferId } from './signed.js';
import { checkRoom, prepareFolder, removeStaging, Staging } from './staging.js';
import type { Transfer, TransferState } from './transfer.js';
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

const LOOK_EVERY_MS = 1_000;

/**
 * What is being received in one room.
 *
 * 1. Nothing is written before somebody here has accepted.
 * 2. It is done when every block is here, is what the author signed, and lies in its place.
 * 3. What the disk does not take, or would come by a way that was not agreed to, waits with everything that has come.
 */
export class Taking {
  /** Hears what others say of it. */
  readonly arrivals: Arrivals;
  /** Says how it stands, and what is wanted. */
  readonly answers: Answers;
  readonly #o: TakingOptions;
  readonly #incoming = new IncomingTransfers();
  /** What a disk did not give back at the start: it may be another time. */
  readonly #unread = new Map<TransferId, Acceptance>();
  readonly #fresh: FreshBlocks;
  readonly #salt = randomBytes(4).readUInt32LE(0);
  readonly #timer;
  #closed = false;

  constructor(options: TakingOptions) {
    this.#o = options;
    this.answers = new Answers(options.table, options.links);
    this.#fresh = new FreshBlocks(options.clock, (id, blocks) => {
      const transfer = options.table.find(id);
      if (transfer) options.onFresh(transfer, blocks);
    });
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => {
      for (const incoming of this.#incoming) this.#checkPath(incoming);
    });
    this.arrivals = new Arrivals({
      ...options,
      incoming: this.#incoming,
      onHave: (incoming) => this.#checkPath(incoming),
      onSealed: (transfer) => this.#finishIfWhole(transfer),
      onLost: (transfer, err) => void this.#fail(transfer, err),
    });
  }

  /** True while something is on its way to here. */
  get busy(): boolean {
    return [...this.#incoming].some(({ download, finishing }) => finishing || download.sources > 0);
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
    prepareFolder(out, transfer.layout.totalBytes);
    const acceptance: Acceptance = { out, ifExists, modes, unasked, staging: Staging.nameIn(out) };
    transfer.state = 'active';
    transfer.code = null;
    // Written down first: whatever lies in the user's folder from here on is known.
    await this.#o.table.put(transfer, { acceptance });
    this.#begin(transfer, acceptance);
    this.answers.tell(transfer, 'accepted');
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
    this.#incoming.addTwin(incoming, twin);
    peer.showInterest(twin);
  }

  pause(transfer: Transfer): void {
    transfer.state = 'paused';
    this.#incoming.get(transfer.id)?.download.pause();
    this.answers.tell(transfer, 'paused');
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

  /** Nothing comes from this peer any more. */
  gone(peer: PeerLink): void {
    for (const incoming of this.#incoming) incoming.gone(peer);
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
    if (answer) this.answers.tell(transfer, answer);
    await this.#o.table.changed(transfer);
  }

  /** Tells the authors of what comes how far it is. */
  tellProgress(moved: readonly Transfer[]): void {
    for (const transfer of moved) if (transfer.state === 'active') this.answers.tell(transfer, 'progress');
  }

  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#fresh.close();
    for (const incoming of this.#incoming) {
      incoming.end();
      incoming.staging.close();
    }
  }

  #begin(transfer: Transfer, acceptance: Acceptance): void {
    this.#incoming.add(
      new Incoming({
        ...this.#o,
        transfer,
        acceptance,
        salt: this.#salt,
        onBlock: (block) => {
          if (transfer.interested.size > 0) this.#fresh.add(transfer.id, block);
        },
        onLiar: (key) => this.#onLiar(transfer, key),
        onComplete: () => this.#finishIfWhole(transfer),
        onFailed: (err) => void this.#interrupt(transfer, err),
      }),
    );
    this.answers.showInterestToAll(transfer);
    this.#finishIfWhole(transfer);
  }

  #goOn(transfer: Transfer, download: Download): void {
    transfer.state = 'active';
    transfer.code = null;
    download.paused = false;
    this.answers.showInterestToAll(transfer);
    download.pump();
    this.#finishIfWhole(transfer);
    this.answers.tell(transfer, 'accepted');
  }

  /** Invariant 3. */
  #checkPath(incoming: Incoming): void {
    const { transfer, download } = incoming;
    const verdict = incoming.pathVerdict(this.#o.links.values());
    if (verdict === 'ask') void this.#interrupt(transfer, new ChatterError('PATH_COSTLY'));
    if (verdict !== 'go on') return;
    this.#goOn(transfer, download);
    void this.#o.table.changed(transfer);
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
    if (!isComplete(transfer)) return;
    if (!isWhatWasSealed(transfer)) return void this.#fail(transfer, new ChatterError('FILE_UNVERIFIED'));
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
    this.answers.tell(transfer, 'done');
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
  #forget(incoming: Incoming): void {
    const { transfer, twins } = incoming;
    incoming.end();
    this.#incoming.remove(incoming);
    this.answers.loseInterest([transfer.id, ...twins]);
  }
}
