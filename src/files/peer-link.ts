import b4a from 'b4a';
import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { OpenChannel, SessionChannel } from '../protocol/session-channel.js';
import { TokenBucket } from '../token-bucket.js';
import { BlockServer } from './block-server.js';
import {
  ANSWERS,
  type Answer,
  filesChannel,
  MANIFEST_PART_BYTES,
  REFUSALS,
  type Refusal,
} from './files-channel.js';
import type { RateCap } from './rate-cap.js';
import { type SignedOffer, type TransferId, transferBytes, transferId } from './signed.js';
import type { Page, Transfer } from './transfer.js';

/** A member to exchange files with: what files need of a room session. */
export interface FilesPeer {
  readonly id: PeerId;
  readonly instance: string;
  /** How it is reached just now. */
  readonly path: 'lan' | 'direct' | 'internet' | 'relayed';
  readonly open: OpenChannel;
}

export interface Answered {
  id: TransferId;
  answer: Answer;
  bytes: number;
  code: string;
}

/** What is said of offers and manifests. */
export interface OfferHandlers {
  onOffer(peer: PeerLink, bytes: Uint8Array, signature: Uint8Array): void;
  onWithdraw(id: TransferId, signature: Uint8Array): void;
  onAnswer(peer: PeerLink, answered: Answered): void;
  onWantManifest(peer: PeerLink, id: TransferId, offset: number): void;
  onManifest(peer: PeerLink, id: TransferId, offset: number, part: Uint8Array): void;
}

/** What is asked for. */
export interface GivingHandlers {
  onInterest(peer: PeerLink, id: TransferId, on: boolean): void;
  onWantPage(peer: PeerLink, id: TransferId, page: number): void;
  onRequest(peer: PeerLink, id: TransferId, blocks: number[]): void;
  onRelease(peer: PeerLink, id: TransferId, blocks: number[]): void;
  onUnreadable(transfer: Transfer, err: unknown): void;
}

/** What is given. */
export interface TakingHandlers {
  onHave(peer: PeerLink, id: TransferId, bits: Uint8Array): void;
  onGot(peer: PeerLink, id: TransferId, blocks: number[]): void;
  onPage(peer: PeerLink, id: TransferId, page: number, known: Page): void;
  onSealed(id: TransferId, root: Uint8Array, signature: Uint8Array): void;
  onBlock(
    peer: PeerLink,
    id: TransferId,
    block: number,
    offset: number,
    bytes: Uint8Array,
  ): void | Promise<void>;
  onRefuse(peer: PeerLink, id: TransferId, reason: Refusal): void;
}

export interface PeerLinkOptions {
  clock: Clock;
  uploadCap: RateCap;
  offers: OfferHandlers;
  giving: GivingHandlers;
  taking: TakingHandlers;
  /** The channel is on another stream: whatever was under way is to be said again. */
  onReset: (peer: PeerLink) => void;
}

/** The files channel to one running instance of somebody, and what is under way with it. */
export class PeerLink {
  readonly id: PeerId;
  /** Names the instance. */
  readonly key: string;
  readonly server: BlockServer;
  /** Manifests that are being fetched from it. */
  readonly fetching = new Map<TransferId, { signed: SignedOffer; bytes: Uint8Array; filled: number }>();
  /** Transfers of which it was asked for something: blocks of others break the protocol. */
  readonly asked = new Set<TransferId>();
  readonly #peer: FilesPeer;
  readonly #channel: SessionChannel<typeof filesChannel.messages>;

  constructor(peer: FilesPeer, options: PeerLinkOptions) {
    const { offers, giving, taking, clock } = options;
    this.#peer = peer;
    this.id = peer.id;
    this.key = peer.instance;
    const bounded = allowance(clock);
    this.#channel = peer.open(
      filesChannel,
      {
        offer: bounded(({ offer, signature }) => offers.onOffer(this, offer, signature)),
        withdraw: bounded(({ transfer, signature }) => offers.onWithdraw(transferId(transfer), signature)),
        answer: bounded(({ transfer, answer, bytes, code }) =>
          offers.onAnswer(this, {
            id: transferId(transfer),
            answer: ANSWERS[answer] as Answer,
            bytes,
            code,
          }),
        ),
        interest: bounded(({ transfer, on }) => giving.onInterest(this, transferId(transfer), on === 1)),
        have: ({ transfer, bits }) => taking.onHave(this, transferId(transfer), bits),
        got: bounded(({ transfer, blocks }) => taking.onGot(this, transferId(transfer), blocks)),
        wantManifest: bounded(({ transfer, offset }) =>
          offers.onWantManifest(this, transferId(transfer), offset),
        ),
        manifest: ({ transfer, offset, bytes }) =>
          offers.onManifest(this, transferId(transfer), offset, bytes),
        wantPage: bounded(({ transfer, page }) => giving.onWantPage(this, transferId(transfer), page)),
        page: ({ transfer, page, hashes, signature }) =>
          taking.onPage(this, transferId(transfer), page, {
            hashes: b4a.from(hashes),
            signature: b4a.from(signature),
          }),
        sealed: bounded(({ transfer, root, signature }) =>
          taking.onSealed(transferId(transfer), root, signature),
        ),
        request: bounded(({ transfer, blocks }) => giving.onRequest(this, transferId(transfer), blocks)),
        release: bounded(({ transfer, blocks }) => giving.onRelease(this, transferId(transfer), blocks)),
        block: ({ transfer, block, offset, bytes }) =>
          taking.onBlock(this, transferId(transfer), block, offset, bytes as Uint8Array),
        refuse: bounded(({ transfer, reason }) =>
          taking.onRefuse(this, transferId(transfer), REFUSALS[reason] as Refusal),
        ),
      },
      { onReset: () => options.onReset(this) },
    );
    this.server = new BlockServer(this.#channel, options.uploadCap, (transfer, err) =>
      giving.onUnreadable(transfer, err),
    );
  }

  /** True on a network of its own: no bytes are counted or paid for there. */
  get isLocal(): boolean {
    return this.#peer.path === 'lan' || this.#peer.path === 'direct';
  }

  offer({ signed }: Transfer): void {
    this.#channel.send('offer', { offer: signed.bytes, signature: signed.signature });
  }

  withdraw(id: TransferId, signature: Uint8Array): void {
    this.#channel.send('withdraw', { transfer: transferBytes(id), signature });
  }

  answer({ id, answer, bytes, code }: Answered): void {
    this.#channel.send('answer', {
      transfer: transferBytes(id),
      answer: ANSWERS.indexOf(answer),
      bytes,
      code,
    });
  }

  refuse(id: TransferId, reason: Refusal): void {
    this.#channel.send('refuse', { transfer: transferBytes(id), reason: REFUSALS.indexOf(reason) });
  }

  showInterest(id: TransferId): void {
    this.asked.add(id);
    this.#channel.send('interest', { transfer: transferBytes(id), on: 1 });
  }

  loseInterest(id: TransferId): void {
    if (this.asked.has(id)) this.#channel.send('interest', { transfer: transferBytes(id), on: 0 });
  }

  wantManifest(id: TransferId, offset: number): void {
    this.#channel.send('wantManifest', { transfer: transferBytes(id), offset });
  }

  manifest({ id, manifest }: Transfer, offset: number): void {
    const bytes = manifest.bytes.subarray(offset, offset + MANIFEST_PART_BYTES);
    void this.#channel.sendBulk('manifest', { transfer: transferBytes(id), offset, bytes });
  }

  page(id: TransferId, page: number, known: Page): void {
    void this.#channel.sendBulk('page', { transfer: transferBytes(id), page, ...known });
  }

  sealed({ id, seal }: Transfer): void {
    if (seal) this.#channel.send('sealed', { transfer: transferBytes(id), ...seal });
  }

  have({ id, have }: Transfer): void {
    if (have.count === 0) return;
    const bits = have.full ? new Uint8Array(0) : new Uint8Array(have.bytes);
    void this.#channel.sendBulk('have', { transfer: transferBytes(id), bits });
  }

  got(id: TransferId, blocks: number[]): void {
    for (let i = 0; i < blocks.length; i += GOT_BLOCKS)
      this.#channel.send('got', { transfer: transferBytes(id), blocks: blocks.slice(i, i + GOT_BLOCKS) });
  }

  /** Where blocks of `id` can be asked for; null where this peer knows no such transfer. */
  source(id: TransferId) {
    const transfer = transferBytes(id);
    return {
      key: this.key,
      request: (blocks: number[]) => void this.#channel.send('request', { transfer, blocks }),
      release: (blocks: number[]) => void this.#channel.send('release', { transfer, blocks }),
      wantPage: (page: number) => void this.#channel.send('wantPage', { transfer, page }),
    };
  }
}

const GOT_BLOCKS = 1024;

/** What a peer may say a second; block and page are bounded by what was asked for. */
function allowance(clock: Clock) {
  const bucket = new TokenBucket(clock, {
    perSecond: LIMITS.fileMessagesPerSecond,
    burst: LIMITS.fileMessagesBurst,
  });
  return <T>(fn: (value: T) => void) =>
    (value: T) => {
      if (!bucket.take()) throw new ProtocolError('MESSAGE_FLOOD');
      fn(value);
    };
}
