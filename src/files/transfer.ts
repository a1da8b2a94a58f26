import type { ErrorCode } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { Bitfield } from './bitfield.js';
import type { Content } from './file-content.js';
import type { Answer } from './files-channel.js';
import { BLOCKS_A_PAGE, Layout } from './layout.js';
import type { Manifest } from './manifest.js';
import type { SignedOffer, TransferId } from './signed.js';
import type { Upload } from './upload.js';

/** `offered`: nobody here has said yes or no. `serving`: one's own, for others to have. */
export type TransferState =
  | 'offered'
  | 'serving'
  | 'active'
  | 'paused'
  | 'done'
  | 'declined'
  | 'cancelled'
  | 'withdrawn'
  | 'failed';

export interface Page {
  readonly hashes: Uint8Array;
  readonly signature: Uint8Array;
}

/** One transfer as it stands here, ours or somebody else's. */
export class Transfer {
  readonly id: TransferId;
  readonly signed: SignedOffer;
  readonly author: PeerId;
  readonly mine: boolean;
  readonly manifest: Manifest;
  readonly layout: Layout;
  /** Blocks that can be read from `content`. */
  readonly have: Bitfield;
  readonly pages = new Map<number, Page>();
  seal: { root: Uint8Array; signature: Uint8Array } | null = null;
  content: Content | null = null;
  /** Of one's own: the copy that it is served from, where a program handed the bytes over. */
  upload: Upload | null = null;
  state: TransferState;
  /** Why it failed. */
  code: ErrorCode | null = null;
  /** Where it was put, or is to be put. */
  paths: string[] = [];
  /** Received, and not to be handed on: its owner here has said so. */
  withheld = false;
  /** Who is told of what comes here, by instance. */
  readonly interested = new Set<string>();
  /** How it stands at others. */
  readonly receivers = new Map<PeerId, { answer: Answer; bytes: number; code: string }>();
  /** Bytes of it that lay on this disk already and were not sent, since the node started. */
  reused = 0;
  /** Bytes given to others since the node started. */
  given = 0;
  /** How often each block was given, while several want it at once. */
  readonly timesGiven = new Map<number, number>();
  /** Smoothed, of what comes in. */
  bytesPerSecond = 0;

  constructor(signed: SignedOffer, author: PeerId, manifest: Manifest, mine: boolean) {
    this.id = signed.offer.transfer;
    this.signed = signed;
    this.author = author;
    this.manifest = manifest;
    this.mine = mine;
    this.layout = new Layout(manifest.files.map(({ size }) => size));
    this.have = new Bitfield(this.layout.blockCount);
    this.state = mine ? 'serving' : 'offered';
  }

  /** Whether others may have it from here. */
  get isGiven(): boolean {
    if (this.withheld) return false;
    return this.state === 'serving' || this.state === 'active' || this.state === 'done';
  }

  /** Every block of a page can be read: its numbers. */
  addPage(page: number): number[] {
    const first = page * BLOCKS_A_PAGE;
    const blocks = Array.from({ length: this.layout.pageBlocks(page) }, (_, i) => first + i);
    for (const block of blocks) this.have.add(block);
    return blocks;
  }

  /** Bytes of content that are here. */
  get bytes(): number {
    if (this.have.full) return this.layout.totalBytes;
    return Math.min(this.layout.totalBytes, this.#bytes);
  }

  #bytes = 0;

  /** A block is here now. */
  count(block: number): void {
    this.#bytes += this.layout.blockBytes(block);
  }
}
