import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { Resource } from '../resource.js';
import { chooseContent } from './choose-content.js';
import type { HashCache } from './hash-cache.js';
import { BLOCK_BYTES } from './layout.js';
import { Lender } from './lender.js';
import type { FilesPeer } from './peer-link.js';
import type { RoomFiles } from './room-files.js';
import { scan } from './scan.js';
import { Share } from './share.js';
import { guardShare } from './share-guard.js';
import { type Found, type Question, ShareLink } from './share-link.js';
import type { ShareStore } from './share-store.js';
import type { SharedEntry } from './share-tree.js';
import type { AcceptOptions } from './taking.js';
import type { Transfer } from './transfer.js';

export interface RoomSharesOptions {
  roomId: string;
  self: PeerId;
  store: ShareStore;
  cache: HashCache;
  clock: Clock;
  files: RoomFiles;
  /** Never shared, nor anything around it. */
  dataFolder: string;
}

export interface Answers {
  readonly found: readonly Found[];
  /** Who did not answer in time. */
  readonly silent: readonly PeerId[];
  /** There is more than is told. */
  readonly more: boolean;
}

export interface GetRequest {
  /** A path, a name or a pattern. */
  name: string;
  /** Only from this one. */
  from?: PeerId;
  /** Only what has this hash, in hex digits; the first ones are enough. */
  hash?: string;
}

export type SharesEvents = {
  /** What this one shares is not what it was; oneself too. */
  changed: [{ peer: PeerId }];
};

/** Whoever has not answered by then is taken as having nothing. */
const ANSWER_MS = 1_500;

/**
 * What the members of a room share: one's own, and the asking for others'.
 *
 * 1. Nothing is shared that was not named here, and nothing of it with another room.
 * 2. What is no longer shared is given to nobody from then on.
 */
export class RoomShares extends Resource<SharesEvents> {
  readonly #o: RoomSharesOptions;
  readonly #links = new Map<string, ShareLink>();
  readonly #shares = new Map<string, Share>();
  readonly #lender: Lender;

  constructor(options: RoomSharesOptions) {
    super();
    this.#o = options;
    this.#lender = new Lender(options.files, this.#shares);
  }

  get shares(): Share[] {
    return [...this.#shares.values()];
  }

  protected async _open(): Promise<void> {
    for (const stored of await this.#o.store.ofRoom(this.#o.roomId)) this.#hold(stored);
    this.#o.files.lookIn({
      named: (name) =>
        this.shares.flatMap((share) => share.tree.named(name).map((entry) => share.placeOf(entry.path))),
      bigFiles: () =>
        this.shares.flatMap((share) =>
          share.tree.bigFiles(BLOCK_BYTES).map((file) => ({ ...file, place: share.placeOf(file.path) })),
        ),
    });
    this.defer(() => {
      for (const share of this.#shares.values()) share.close();
    });
  }

  /**
   * Shares files and folders until `unshare`, over restarts too; what is shared already is found. Throws
   * FILE_NOT_FOUND, SHARE_REFUSED, FILES_LIMIT, or USAGE for a name that another share bears.
   */
  async share(places: readonly string[], exclude: readonly string[] = []): Promise<Share[]> {
    const shared: Share[] = [];
    for (const given of places) {
      const place = realPathOf(given);
      guardShare(place, this.#o.dataFolder);
      const known = this.shares.find((each) => each.path === place);
      if (known) {
        await known.look();
        shared.push(known);
        continue;
      }
      const name = path.basename(place).normalize('NFC');
      if (this.shares.some((each) => each.name === name))
        throw new ChatterError('USAGE', { message: `Something named ${name} is shared here already.` });
      if (this.#shares.size >= LIMITS.sharesPerRoom) throw new ChatterError('FILES_LIMIT');
      await scan([place], { exclude, hidden: false }); // whatever is wrong with it is told now
      const stored = { id: randomBytes(8).toString('hex'), path: place, exclude };
      await this.#o.store.put(this.#o.roomId, stored);
      const share = this.#hold(stored);
      await share.look();
      shared.push(share);
    }
    return shared;
  }

  /** Ends a share, by its name, its place on the disk or the first digits of its id. Throws SHARE_UNKNOWN. */
  async unshare(ref: string): Promise<Share> {
    const share = this.shares.find(
      ({ id, name, path: place }) => name === ref || place === ref || (ref.length >= 4 && id.startsWith(ref)),
    );
    if (!share) throw new ChatterError('SHARE_UNKNOWN');
    this.#shares.delete(share.id);
    share.close();
    await this.#o.store.remove(share.id);
    await this.#lender.recall(share.path); // Invariant 2
    this.#changed();
    return share;
  }

  /** Asks everybody who is here, or one person, and looks at what is shared here. Resolves within 2 s. */
  async ask(question: Question, from?: PeerId): Promise<Answers> {
    const { self } = this.#o;
    const own = from === undefined || from === self ? this.#answer(question) : [];
    const links = [...this.#links.values()].filter(({ id }) => from === undefined || id === from);
    const answers = await Promise.all(links.map((link) => link.ask(question, ANSWER_MS)));
    const found = new Map<string, Found>();
    for (const entry of own) found.set(`${self} ${entry.path}`, { ...entry, owner: self, instance: null });
    for (const { entries } of answers)
      for (const entry of entries) found.set(`${entry.owner} ${entry.path}`, entry);
    const silent = links.filter((_, i) => !answers[i]?.whole).map(({ id }) => id);
    return {
      found: [...found.values()],
      silent: [...new Set(silent)],
      more: own.length >= LIMITS.foundEntries || answers.some(({ more }) => more),
    };
  }

  /**
   * Fetches what a name or pattern means, each content from all who have it. Rejects with FILE_NOT_FOUND where nobody
   * has such a thing, FILE_AMBIGUOUS where one name means several contents, and as `RoomFiles.accept` does.
   */
  async get({ name, from, hash }: GetRequest, options: AcceptOptions): Promise<Transfer[]> {
    const { found } = await this.ask({ pattern: name }, from);
    const candidates = found
      .filter(({ instance }) => instance !== null)
      .map((each) => ({ ...each, hash: each.hash && Buffer.from(each.hash).toString('hex') }))
      .filter((each) => hash === undefined || each.hash?.startsWith(hash.toLowerCase()));
    const { contents, ambiguous } = chooseContent(name, candidates);
    if (contents.length === 0) throw new ChatterError('FILE_NOT_FOUND');
    if (ambiguous) throw new ChatterError('FILE_AMBIGUOUS');
    if (contents.length > LIMITS.transfersAtOnce)
      throw new ChatterError('FILES_LIMIT', { message: 'That fits more than can be fetched at once.' });
    const transfers: Transfer[] = [];
    for (const holders of contents) transfers.push(await this.#fetch(holders, options));
    return transfers;
  }

  /** Exchanges shares with this peer until its session ends: the function given back is to be called then. */
  add(peer: FilesPeer): () => void {
    const link = new ShareLink(peer, {
      clock: this.#o.clock,
      answer: (question) => this.#answer(question),
      lend: (wanted) => this.#lender.lend(wanted),
      onChanged: () => this.emit('changed', { peer: peer.id }),
    });
    this.#links.set(link.instance, link);
    return () => {
      if (this.#links.get(link.instance) === link) this.#links.delete(link.instance);
      link.close();
      if (link.hasShared) this.emit('changed', { peer: peer.id });
    };
  }

  async #fetch(
    holders: readonly { path: string; instance: string | null }[],
    options: AcceptOptions,
  ): Promise<Transfer> {
    const { files } = this.#o;
    let failure: unknown = new ChatterError('FILE_NOT_FOUND');
    // All are asked at once, since the first may be far quicker than the others, or never answer.
    const lending = holders.flatMap(({ path: wanted, instance }) => {
      const link = this.#links.get(instance ?? '');
      return link ? [{ wanted, link, lent: link.fetch(wanted) }] : [];
    });
    for (const { lent } of lending) lent.catch(() => {}); // each is looked at below, in its turn
    for (const [i, { wanted, link, lent }] of lending.entries()) {
      try {
        const { offer, signature } = await lent;
        const borrowed = await files.borrow(link.instance, offer, signature);
        const [root] = borrowed.manifest.roots;
        if (borrowed.manifest.roots.length !== 1 || root?.name !== path.posix.basename(wanted))
          throw new ChatterError('FILE_UNVERIFIED');
        const transfer = await files.accept(borrowed.id, options);
        for (const other of lending.slice(i + 1))
          other.lent.then(
            (twin) => files.borrowAlso(transfer, other.link.instance, twin.offer, twin.signature),
            () => {}, // one holder less
          );
        return transfer;
      } catch (err) {
        failure = err;
        if (isOurs(err)) throw err;
      }
    }
    throw failure;
  }

  #answer(question: Question): SharedEntry[] {
    if ('pattern' in question) {
      return this.shares
        .flatMap(({ tree }) => tree.match(question.pattern, LIMITS.foundEntries))
        .slice(0, LIMITS.foundEntries);
    }
    if (question.path === '') return this.shares.flatMap(({ tree }) => tree.root ?? []);
    const name = question.path.split('/')[0];
    const share = this.shares.find((each) => each.name === name);
    return share?.tree.children(question.path).slice(0, LIMITS.foundEntries) ?? [];
  }

  #hold(stored: { id: string; path: string; exclude: readonly string[] }): Share {
    const share = new Share(stored, {
      cache: this.#o.cache,
      clock: this.#o.clock,
      busy: () => this.#o.files.busy,
      onChanged: () => this.#changed(),
    });
    this.#shares.set(share.id, share);
    void share.look();
    return share;
  }

  #changed(): void {
    if (this.closing) return;
    for (const link of this.#links.values()) link.changed();
    this.emit('changed', { peer: this.#o.self });
  }
}

/** A disk of ours that does not take it: no other holder mends that. */
const isOurs = (err: unknown): boolean =>
  ['DISK_FULL', 'DISK_FAILED', 'FILE_EXISTS', 'CLOSED'].includes(ChatterError.from(err).code);

function realPathOf(given: string): string {
  try {
    return realpathSync(given);
  } catch (cause) {
    throw new ChatterError('FILE_NOT_FOUND', { message: `${given} doesn't exist.`, cause });
  }
}
