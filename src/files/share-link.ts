import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { ChatterError, ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { SessionChannel } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import { gatePath } from './names.js';
import type { FilesPeer } from './peer-link.js';
import type { SharedEntry } from './share-tree.js';
import { FOUND_ENTRIES, FOUND_ROOM, NOT_LENT, sharesChannel, type WireEntry } from './shares-channel.js';
import type { SignedOffer } from './signed.js';

/** What to look for: what lies directly in a folder (`''` is above all shares), or all that fits a pattern. */
export type Question = { readonly path: string } | { readonly pattern: string };

/** Something that somebody shares, and where. */
export interface Found extends SharedEntry {
  readonly owner: PeerId;
  /** The running instance that said so; null is this one. */
  readonly instance: string | null;
}

export interface ShareLinkOptions {
  clock: Clock;
  answer: (question: Question) => readonly SharedEntry[];
  lend: (path: string) => Promise<SignedOffer>;
  onChanged: () => void;
}

interface Asked {
  entries: Found[];
  done: (whole: boolean, more: boolean) => void;
}

export interface Lent {
  offer: Uint8Array;
  signature: Uint8Array;
}

/** A folder of many files is looked at before it is lent. */
const LEND_MS = 60_000;
/** A change is told at most so often. */
const CHANGED_MS = 1_000;

/** The shares channel to one running instance of somebody: questions and answers, both ways. */
export class ShareLink {
  readonly id: PeerId;
  readonly instance: string;
  readonly #o: ShareLinkOptions;
  readonly #channel: SessionChannel<typeof sharesChannel.messages>;
  readonly #asked = new Map<number, Asked>();
  readonly #fetching = new Map<number, (lent: Lent | ChatterError) => void>();
  #next = 0;
  #telling: Timer | null = null;
  #hasShared = false;

  constructor(peer: FilesPeer, options: ShareLinkOptions) {
    this.#o = options;
    this.id = peer.id;
    this.instance = peer.instance;
    const questions = new TokenBucket(options.clock, {
      perSecond: LIMITS.shareQuestionsPerSecond,
      burst: LIMITS.shareQuestionsBurst,
    });
    const bounded =
      <T>(fn: (value: T) => void) =>
      (value: T) => {
        if (!questions.take()) throw new ProtocolError('MESSAGE_FLOOD');
        fn(value);
      };
    this.#channel = peer.open(
      sharesChannel,
      {
        ask: bounded(({ ask, path, pattern }) => void this.#answer(ask, pattern ? { pattern } : { path })),
        found: ({ ask, entries, last }) => this.#onFound(ask, entries, last),
        fetch: bounded(({ ask, path }) => void this.#lend(ask, path)),
        lent: ({ ask, offer, signature }) =>
          this.#settle(ask, { offer: b4a.from(offer), signature: b4a.from(signature) }),
        notLent: ({ ask, reason }) =>
          this.#settle(
            ask,
            new ChatterError(NOT_LENT[reason] === 'missing' ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE'),
          ),
        changed: bounded(() => {
          this.#hasShared = true;
          options.onChanged();
        }),
      },
      { onReset: () => this.#failAll() },
    );
  }

  /** Whether this peer has told of shares. */
  get hasShared(): boolean {
    return this.#hasShared;
  }

  /** Tells that what is shared here has changed. */
  changed(): void {
    this.#telling ??= this.#o.clock.after(CHANGED_MS, () => {
      this.#telling = null;
      this.#channel.send('changed', {});
    });
  }

  /** What this peer shares; `whole` is false if not all of the answer came in time. */
  ask(question: Question, answerMs: number): Promise<{ entries: Found[]; whole: boolean; more: boolean }> {
    const ask = this.#next++;
    return new Promise((resolve) => {
      const entries: Found[] = [];
      const done = (whole: boolean, more: boolean) => {
        timer.cancel();
        this.#asked.delete(ask);
        if (entries.length > 0) this.#hasShared = true;
        resolve({ entries, whole, more });
      };
      const timer = this.#o.clock.after(answerMs, () => done(false, false));
      this.#asked.set(ask, { entries, done });
      const { path = '', pattern = '' } = question as { path?: string; pattern?: string };
      this.#channel.send('ask', { ask, path, pattern });
    });
  }

  /** Asks for something to be made ready. Rejects with FILE_NOT_FOUND, FILE_UNREADABLE or NOBODY_THERE. */
  fetch(path: string): Promise<Lent> {
    const ask = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = this.#o.clock.after(LEND_MS, () => this.#settle(ask, new ChatterError('NOBODY_THERE')));
      this.#fetching.set(ask, (lent) => {
        timer.cancel();
        if (lent instanceof ChatterError) reject(lent);
        else resolve(lent);
      });
      this.#channel.send('fetch', { ask, path });
    });
  }

  close(): void {
    this.#telling?.cancel();
    this.#failAll();
  }

  #failAll(): void {
    for (const { done } of [...this.#asked.values()]) done(false, false);
    for (const ask of [...this.#fetching.keys()]) this.#settle(ask, new ChatterError('NOBODY_THERE'));
  }

  #settle(ask: number, lent: Lent | ChatterError): void {
    this.#fetching.get(ask)?.(lent);
    this.#fetching.delete(ask);
  }

  #onFound(ask: number, entries: WireEntry[], last: number): void {
    const asked = this.#asked.get(ask);
    if (!asked) return; // too late
    for (const { hash, folder, ...entry } of entries) {
      if (asked.entries.length >= LIMITS.foundEntries) throw new ProtocolError('MESSAGE_FLOOD');
      if (!isSafe(entry.path)) continue; // it could not be taken anyway
      const digest = hash[0] ? b4a.from(hash[0]) : null;
      const { id: owner, instance } = this;
      asked.entries.push({ ...entry, folder: folder === 1, hash: digest, owner, instance });
    }
    if (last > 0) asked.done(true, last === 2);
  }

  async #answer(ask: number, question: Question): Promise<void> {
    const entries = this.#o.answer(question);
    const end = entries.length >= LIMITS.foundEntries ? 2 : 1;
    let page: WireEntry[] = [];
    let bytes = 0;
    const pages: WireEntry[][] = [page];
    for (const { path, folder, size, files, mtimeMs, hash } of entries) {
      if (page.length >= FOUND_ENTRIES || bytes > FOUND_ROOM / 2) {
        page = [];
        bytes = 0;
        pages.push(page);
      }
      page.push({ path, folder: folder ? 1 : 0, size, files, mtimeMs, hash: hash ? [hash] : [] });
      bytes += b4a.byteLength(path) + ENTRY_BYTES;
    }
    for (const [i, each] of pages.entries()) {
      const last = i === pages.length - 1 ? end : 0;
      if (!(await this.#channel.sendBulk('found', { ask, entries: each, last }))) return;
    }
  }

  async #lend(ask: number, path: string): Promise<void> {
    try {
      const { bytes, signature } = await this.#o.lend(path);
      this.#channel.send('lent', { ask, offer: bytes, signature });
    } catch (err) {
      const { code } = ChatterError.from(err);
      const reason = NOT_LENT.indexOf(code === 'FILE_NOT_FOUND' ? 'missing' : 'unreadable');
      this.#channel.send('notLent', { ask, reason });
      if (code === 'INTERNAL') throw err;
    }
  }
}

/** Numbers and a hash. */
const ENTRY_BYTES = 80;

function isSafe(path: string): boolean {
  try {
    gatePath(path);
    return true;
  } catch {
    return false;
  }
}
