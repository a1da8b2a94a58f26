import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { Bitfield } from './bitfield.js';
import { blake3 } from './blake3.js';
import { hashAt } from './hash-ahead.js';
import { BLOCK_BYTES, BLOCKS_A_PAGE } from './layout.js';
import { pick } from './picker.js';
import type { RateCap } from './rate-cap.js';
import type { Staging } from './staging.js';
import type { Transfer } from './transfer.js';

/** Somebody to ask for blocks. */
export interface Source {
  /** Names it among the sources. */
  readonly key: string;
  request(blocks: number[]): void;
  release(blocks: number[]): void;
  wantPage(page: number): void;
  /** It has the same content by another signature: its pages are of no use here. */
  readonly blocksOnly?: boolean;
}

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

interface Held {
  source: Source;
  bits: Bitfield;
  /** Blocks that it was asked for, with the time. */
  asked: Map<number, number>;
  pages: Map<number, number>;
  /** Bytes a millisecond, smoothed. */
  rate: number;
  lastAt: number;
  stalled: boolean;
  /** A block that comes in parts. */
  partial: { block: number; bytes: Uint8Array; filled: number } | null;
}

/** Blocks looked at ahead of the first one that is missing. */
const CANDIDATES = 2048;
const PAGES_AHEAD = 4;
const MIN_ASKED = 4;
const MAX_ASKED = 32;
/** How long a holder's answers may take, in blocks asked for at its rate. */
const ASKED_MS = 250;
/** Who would give what it owes within so long is waited for, whoever else has it too. */
const SLOW_MS = 100;
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
  readonly #held = new Map<string, Held>();
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
    if (offset === 0 && bytes.byteLength === length) return this.#whole(held, block, bytes);
    const partial = offset === 0 ? { block, bytes: new Uint8Array(length), filled: 0 } : held.partial;
    held.partial = partial;
    if (
      !partial ||
      partial.block !== block ||
      partial.filled !== offset ||
      offset + bytes.byteLength > length
    ) {
      held.partial = null;
      return;
    }
    partial.bytes.set(bytes, offset);
    partial.filled += bytes.byteLength;
    if (partial.filled < length) return;
    held.partial = null;
    return this.#whole(held, block, partial.bytes);
  }

  /** Asks for whatever there is room for. */
  pump(): void {
    if (this.#ended || this.paused) return;
    this.#wantPages();
    const holders = [...this.#held.values()]
      .filter(({ stalled }) => !stalled)
      .map((held) => {
        const room = budget(held) - held.asked.size;
        // Asking for a few at a time saves messages and looking.
        return {
          held,
          has: (block: number) => held.bits.has(block),
          room: room < budget(held) / 2 ? 0 : room,
        };
      });
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

  #ask(held: Held, blocks: number[]): void {
    const now = this.#o.clock.now();
    this.#o.cap.take(blocks.length * BLOCK_BYTES);
    if (held.asked.size === 0) held.lastAt = now;
    for (const block of blocks) {
      held.asked.set(block, now);
      this.#owed.set(block, (this.#owed.get(block) ?? 0) + 1);
    }
    held.source.request(blocks);
  }

  #whole(held: Held, block: number, bytes: Uint8Array): void | Promise<void> {
    const { transfer } = this.#o;
    const askedAt = held.asked.get(block);
    if (askedAt !== undefined) {
      const took = Math.max(this.#o.clock.now() - askedAt, 0.1);
      const rate = (bytes.byteLength * held.asked.size) / took;
      held.rate = smoothed(held.rate, rate);
      held.asked.delete(block);
      this.#unowe(block);
    }
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

  #lied(held: Held): void {
    this.#liars.add(held.source.key);
    this.gone(held.source.key);
    this.#o.onLiar(held.source.key);
  }

  #hold(source: Source): Held {
    const held = this.#held.get(source.key) ?? {
      source,
      bits: new Bitfield(this.#o.transfer.layout.blockCount),
      asked: new Map<number, number>(),
      pages: new Map<number, number>(),
      rate: 0,
      lastAt: this.#o.clock.now(),
      stalled: false,
      partial: null,
    };
    this.#held.set(source.key, held);
    return held;
  }

  /** What a slow holder owes and this one has now is asked for anew: of whom, `pick` says. */
  #shift(held: Held, blocks: readonly number[]): void {
    const longAgo = this.#o.clock.now() - SLOW_MS;
    for (const slow of this.#held.values()) {
      if (slow === held || slow.asked.size === 0) continue;
      const isSlow = slow.asked.size * BLOCK_BYTES >= slow.rate * SLOW_MS;
      const room = budget(held) - held.asked.size;
      const owed = blocks.filter((block) => {
        const at = slow.asked.get(block);
        return at !== undefined && (isSlow || at <= longAgo) && slow.partial?.block !== block;
      });
      if (owed.length > 0 && room > 0) this.#release(slow, owed.slice(0, room));
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
        (held) => !held.stalled && !held.source.blocksOnly && hasOn(held.bits, page),
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

  #release(held: Held, blocks: number[]): void {
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

/** A burst at the beginning is soon forgotten: who is believed to be fast is asked for what others could give. */
const smoothed = (rate: number, sample: number): number =>
  rate === 0 ? sample : rate + (sample - rate) / (sample < rate ? 3 : 8);

const budget = ({ rate }: Held): number =>
  Math.min(MAX_ASKED, Math.max(MIN_ASKED, Math.ceil((rate * ASKED_MS) / BLOCK_BYTES)));

/** True if some block of this page is among them. */
function hasOn(bits: Bitfield, page: number): boolean {
  for (let i = page * BLOCKS_A_PAGE; i < Math.min((page + 1) * BLOCKS_A_PAGE, bits.length); i++)
    if (bits.has(i)) return true;
  return false;
}
