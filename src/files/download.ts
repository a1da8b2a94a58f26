import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { blake3 } from './blake3.js';
import { hashAt } from './hash-ahead.js';
import { Holder, MAX_ASKED, MIN_ASKED, type Source } from './holder.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import { pick } from './picker.js';
import type { RateCap } from './rate-cap.js';
import type { Staging } from './staging.js';
import type { Transfer } from './transfer.js';

export interface DownloadOptions {
  transfer: Transfer;
  staging: Staging;
  clock: Clock;
  cap: RateCap;
  /** Of this node: see `pick`. */
  salt: number;
  onBlock: (block: number) => void;
  /** False while blocks of this page are looked for on this disk: nobody is asked for them before. */
  searched: (page: number) => boolean;
  /** This source sent what its author did not sign: it is asked for nothing more. */
  onLiar: (key: string) => void;
  /** Every block is here. */
  onComplete: () => void;
  onFailed: (err: unknown) => void;
}

/** Blocks looked at ahead of the first one that is missing. */
const CANDIDATES = 2048;
const PAGES_AHEAD = 4;
/** Near the end an idle holder is asked too for what another one has owed for so long. */
const OWED_MS = 2_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Fetches the blocks of one transfer from everybody who has some.
 *
 * 1. A block counts when it has the hash that a page signed by the author says, and is written; nothing else is kept.
 * 2. Who sends one that does not is named and asked for nothing more; who sends nothing for `holderStallMs` owes
 *    nothing any more and others are asked.
 * 3. A block is owed by one holder at a time, but near the end, when somebody has nothing else to do.
 */
export class Download {
  readonly #o: DownloadOptions;
  readonly #held = new Map<string, Holder>();
  readonly #owed = new Map<number, number>();
  readonly #writing = new Set<number>();
  readonly #liars = new Set<string>();
  readonly #timer;
  #cursor = 0;
  #ended = false;
  #waits = false;
  paused = false;

  constructor(options: DownloadOptions) {
    this.#o = options;
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** How many have something that is missing here. */
  get sources(): number {
    return [...this.#held.values()].filter(({ bits }) => bits.count > 0).length;
  }

  /** The names of those who have something. */
  get sourceKeys(): string[] {
    return [...this.#held.values()].filter(({ bits }) => bits.count > 0).map(({ source }) => source.key);
  }

  end(): void {
    this.#ended = true;
    this.#timer.cancel();
  }

  /** This source has these blocks: `bits` as in a `have`, empty for all. False if it is nonsense. */
  have(source: Source, bits: Uint8Array): boolean {
    if (this.#liars.has(source.key)) return true;
    const held = this.#hold(source);
    if (bits.byteLength === 0) held.bits.addAll();
    else if (!held.bits.merge(bits)) return false;
    this.pump();
    return true;
  }

  got(source: Source, blocks: readonly number[]): void {
    if (this.#liars.has(source.key)) return;
    const held = this.#hold(source);
    for (const block of blocks) held.bits.add(block);
    this.#shift(held, blocks);
    this.pump();
  }

  gone(key: string): void {
    const held = this.#held.get(key);
    this.#held.delete(key);
    if (held) for (const block of held.asked.keys()) this.#unowe(block);
    this.pump();
  }

  /** True if this source was asked for something of this transfer; what comes late counts too. */
  knows(key: string): boolean {
    return this.#held.has(key) || this.#liars.has(key);
  }

  pagesChanged(): void {
    for (const held of this.#held.values())
      for (const page of held.pages.keys()) if (this.#o.transfer.pages.has(page)) held.pages.delete(page);
    this.pump();
  }

  /** Part of a block. Resolves when it has been dealt with. */
  block(key: string, block: number, offset: number, bytes: Uint8Array): void | Promise<void> {
    const held = this.#held.get(key);
    const { transfer } = this.#o;
    if (this.#ended || !held || block >= transfer.layout.blockCount) return;
    const length = transfer.layout.blockBytes(block);
    held.lastAt = this.#o.clock.now();
    held.stalled = false;
    const whole = held.take(block, offset, bytes, length);
    if (whole) return this.#whole(held, block, whole);
  }

  /** Asks for whatever there is room for. */
  pump(): void {
    if (this.#ended || this.paused) return;
    this.#wantPages();
    const holders = [...this.#held.values()]
      .filter(({ stalled }) => !stalled)
      .map((held) => ({ held, has: (block: number) => held.bits.has(block), room: held.worthwhileRoom }));
    if (!holders.some(({ room }) => room > 0)) return;
    const swarm = this.#o.transfer.interested.size > 0;
    const { allowed } = this.#o.cap;
    if (allowed < 0) return this.#waitForCap();
    // Of what the cap has left no more than one block too much: others wait for a share of it.
    const candidates = this.#candidates().slice(0, Math.max(1, allowed / BLOCK_BYTES));
    const picked = pick(holders, { candidates, swarm, salt: this.#o.salt });
    for (const [{ held }, blocks] of picked) this.#ask(held, blocks);
  }

  #waitForCap(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#o.cap.later(() => {
      this.#waits = false;
      this.pump();
    });
  }

  #ask(held: Holder, blocks: number[]): void {
    const now = this.#o.clock.now();
    this.#o.cap.take(blocks.length * BLOCK_BYTES);
    if (held.asked.size === 0) held.lastAt = now;
    for (const block of blocks) {
      held.asked.set(block, now);
      this.#owed.set(block, (this.#owed.get(block) ?? 0) + 1);
    }
    held.source.request(blocks);
  }

  #whole(held: Holder, block: number, bytes: Uint8Array): void | Promise<void> {
    const { transfer } = this.#o;
    if (held.gave(block, bytes.byteLength, this.#o.clock.now())) this.#unowe(block);
    if (transfer.have.has(block) || this.#writing.has(block)) return this.pump();
    const page = transfer.pages.get(Math.floor(block / BLOCKS_A_PAGE));
    if (!page) return this.pump();
    if (!b4a.equals(blake3(bytes), hashAt(page.hashes, block))) return this.#lied(held); // Invariant 2
    try {
      const kept = this.keep(block, bytes);
      this.pump();
      return kept?.then(
        () => this.pump(),
        (err: unknown) => this.#fail(err),
      );
    } catch (err) {
      this.#fail(err);
    }
  }

  /** Writes a block that has its hash. Resolves when it counts. Throws and rejects with what the disk says. */
  keep(block: number, bytes: Uint8Array): void | Promise<void> {
    const { transfer, staging } = this.#o;
    if (this.#ended || transfer.have.has(block) || this.#writing.has(block)) return;
    const written = staging.write(block, bytes);
    if (!written) return this.#written(block);
    this.#writing.add(block);
    return written
      .finally(() => this.#writing.delete(block))
      .then(() => {
        if (!this.#ended) this.#written(block);
      });
  }

  #written(block: number): void {
    const { transfer, onBlock, onComplete } = this.#o;
    transfer.have.add(block); // Invariant 1
    onBlock(block);
    if (transfer.have.full) onComplete();
  }

  #fail(err: unknown): void {
    if (this.#ended) return;
    this.#o.onFailed(err);
  }

  #lied(held: Holder): void {
    this.#liars.add(held.source.key);
    this.gone(held.source.key);
    this.#o.onLiar(held.source.key);
  }

  #hold(source: Source): Holder {
    const { transfer, clock } = this.#o;
    const held = this.#held.get(source.key) ?? new Holder(source, transfer.layout.blockCount, clock.now());
    this.#held.set(source.key, held);
    return held;
  }

  /** What a slow holder owes and this one has now is asked for anew: of whom, `pick` says. */
  #shift(held: Holder, blocks: readonly number[]): void {
    const now = this.#o.clock.now();
    for (const slow of this.#held.values()) {
      if (slow === held || slow.asked.size === 0) continue;
      const owed = slow.owesLate(blocks, now).slice(0, Math.max(0, held.room));
      if (owed.length > 0) this.#release(slow, owed);
    }
  }

  #unowe(block: number): void {
    const owed = (this.#owed.get(block) ?? 1) - 1;
    if (owed === 0) this.#owed.delete(block);
    else this.#owed.set(block, owed);
  }

  /** Blocks that are missing, on pages that are known, and owed by nobody. */
  #candidates(): number[] {
    const { have, layout, pages } = this.#o.transfer;
    while (this.#cursor < layout.blockCount && have.has(this.#cursor)) this.#cursor++;
    const found: number[] = [];
    for (let block = this.#cursor; block < layout.blockCount && found.length < CANDIDATES; block++) {
      const page = Math.floor(block / BLOCKS_A_PAGE);
      if (!pages.has(page) || !this.#o.searched(page)) {
        block = (page + 1) * BLOCKS_A_PAGE - 1;
        continue;
      }
      if (!have.has(block) && !this.#owed.has(block) && !this.#writing.has(block)) {
        found.push(block);
        if (this.#held.size === 1 && found.length >= MAX_ASKED) break;
      }
    }
    return found;
  }

  /** Asks somebody who has blocks of them for the pages that are needed next. */
  #wantPages(): void {
    const { layout, pages } = this.#o.transfer;
    const first = Math.floor(this.#cursor / BLOCKS_A_PAGE);
    let ahead = 0;
    for (let page = first; page < layout.pageCount && ahead < PAGES_AHEAD; page++) {
      if (pages.has(page)) continue;
      ahead++;
      if ([...this.#held.values()].some((held) => held.pages.has(page))) continue;
      const holder = [...this.#held.values()].find(
        (held) => !held.stalled && !held.source.blocksOnly && held.hasOn(page),
      );
      if (!holder) continue;
      holder.pages.set(page, this.#o.clock.now());
      holder.source.wantPage(page);
    }
  }

  /** Once a second: lets go of those who owe and do not give. */
  #look(): void {
    const now = this.#o.clock.now();
    for (const held of this.#held.values()) {
      for (const [page, at] of held.pages) if (now - at > LIMITS.holderStallMs) held.pages.delete(page);
      if (held.asked.size === 0 || now - held.lastAt < LIMITS.holderStallMs) continue;
      held.stalled = this.#held.size > 1;
      this.#release(held, [...held.asked.keys()]);
    }
    this.pump();
    const idle = [...this.#held.values()].filter((held) => held.asked.size === 0 && !held.stalled);
    for (const helper of idle) {
      for (const slow of this.#held.values()) {
        const owed = [...slow.asked].filter(([block, at]) => now - at > OWED_MS && helper.bits.has(block));
        if (slow !== helper && owed.length > 0)
          this.#ask(
            helper,
            owed.slice(0, MIN_ASKED).map(([block]) => block),
          ); // 3
      }
    }
  }

  #release(held: Holder, blocks: number[]): void {
    for (const block of blocks) {
      held.asked.delete(block);
      this.#unowe(block);
    }
    for (let i = 0; i < blocks.length; i += LIMITS.requestedBlocks)
      held.source.release(blocks.slice(i, i + LIMITS.requestedBlocks));
  }

  /** Takes back everything that was asked for. */
  pause(): void {
    this.paused = true;
    for (const held of this.#held.values()) this.#release(held, [...held.asked.keys()]);
  }
}
