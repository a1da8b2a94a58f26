import { randomBytes } from 'node:crypto';
import b4a from 'b4a';
import type { Test } from 'tap';
import { blake3 } from '../../../src/files/blake3.js';
import { ANSWERS, type filesChannel as channelType, filesChannel } from '../../../src/files/files-channel.js';
import { Layout } from '../../../src/files/layout.js';
import type { ManifestEntry } from '../../../src/files/manifest.js';
import type { FilesPeer } from '../../../src/files/peer-link.js';
import {
  contentRoot,
  Signatures,
  type TransferId,
  transferBytes,
  transferId,
} from '../../../src/files/signed.js';
import type { PeerId } from '../../../src/identity/peer-id.js';
import { encodeAll, list, record, text, uint } from '../../../src/protocol/codec.js';
import type { SessionChannel } from '../../../src/protocol/session-channel.js';
import type { MemoryNetwork } from '../memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../memory-node.js';

type Channel = SessionChannel<typeof channelType.messages>;

/** An entry of a manifest as a peer might send it. */
export const entry = (path: string, more: Partial<ManifestEntry> = {}): ManifestEntry => ({
  path,
  folder: false,
  size: 1,
  mtimeMs: 0,
  mode: 0o644,
  ...more,
});

/** A manifest as a peer might send it, unchecked. */
export const wireManifest = (...entries: ManifestEntry[]): Uint8Array =>
  encodeAll(
    list(
      record<{ path: string; folder: number; size: number; mtimeMs: number; mode: number }>({
        path: text(100_000),
        folder: uint(1),
        size: uint(2 ** 53 - 1),
        mtimeMs: uint(8.64e15),
        mode: uint(0o777),
      }),
      200_000,
    ),
    entries.map((each) => ({ ...each, folder: each.folder ? 1 : 0 })),
  );

/** Names that lead out of the folder that they are put in, or are read so by somebody. */
export const OUTSIDE = [
  '../x',
  '..\\x',
  'a/../../x',
  '/etc/x',
  'C:\\x',
  'C:/x',
  'c:x',
  '\\\\host\\s\\x',
  'a//../..//x',
  '%2e%2e/x',
  '..%5cx',
  'a\u2215x',
  'a\uff0fx',
  'a\u2044x',
  '.',
  '..',
  '',
  'a/',
  '/',
  'a//b',
  'foo/../Documents',
];

interface Offered {
  manifest: Uint8Array;
  sizes: number[];
}

/**
 * A member who speaks the files channel as it likes: offers any bytes as a manifest, and answers what it is asked as
 * an honest one would, with blocks of zeros, unless a test says otherwise.
 */
export class FileSender {
  readonly node: MemoryNode;
  /** Receivers' words on transfers, in order. */
  readonly answers: { transfer: TransferId; answer: string; code: string }[] = [];
  /** Whether it gives anything that it is asked for. */
  gives = true;
  readonly #channels = new Map<PeerId, Channel>();
  readonly #offered = new Map<TransferId, Offered>();
  readonly #signatures: Signatures;
  readonly #arrivals: (() => void)[] = [];
  readonly #refused = new Map<TransferId, () => void>();

  private constructor(node: MemoryNode, roomId: string) {
    this.node = node;
    this.#signatures = new Signatures(roomId);
  }

  /** A member of room number 1. */
  static async join(t: Test, network: MemoryNetwork, name = 'Eve'): Promise<FileSender> {
    const node = await MemoryNode.open(t, name, network);
    const keys = roomNumber(1);
    const sender = new FileSender(node, keys.id);
    const room = await node.join(keys);
    room.files.add = (peer) => sender.#meet(peer);
    return sender;
  }

  /** The channel to somebody who is in the room, now or soon. */
  async channel(to: PeerId): Promise<Channel> {
    for (;;) {
      const channel = this.#channels.get(to);
      if (channel) return channel;
      await next<void>((fn) => {
        this.#arrivals.push(fn);
        return () => {};
      });
    }
  }

  /** Offers a manifest of these entries, whatever they are. `id` may have been used before. */
  async offer(
    to: PeerId,
    entries: readonly ManifestEntry[],
    { id = transferId(randomBytes(16)), only }: { id?: TransferId; only?: Uint8Array } = {},
  ): Promise<TransferId> {
    const manifest = wireManifest(...entries);
    const sizes = entries.filter(({ folder }) => !folder).map(({ size }) => size);
    this.#offered.set(id, { manifest, sizes });
    const { bytes, signature } = this.#signatures.offer(
      {
        transfer: id,
        author: this.node.signer.publicKey,
        to: only ?? null,
        wall: 0,
        manifest: blake3(manifest),
        manifestBytes: manifest.byteLength,
        entries: entries.length,
        totalBytes: sizes.reduce((sum, size) => sum + size, 0),
        shared: false,
      },
      this.node.signer,
    );
    (await this.channel(to)).send('offer', { offer: bytes, signature });
    return id;
  }

  /** Sends a block that nobody may have asked for. */
  async push(to: PeerId, id: TransferId, block = 0, bytes: Uint8Array = b4a.alloc(1)): Promise<void> {
    await (await this.channel(to)).sendBulk('block', {
      transfer: transferBytes(id),
      block,
      offset: 0,
      bytes,
    });
  }

  /** Resolves when this receiver has dealt with everything that was said to it before. */
  async dealtWith(to: PeerId): Promise<void> {
    const channel = await this.channel(to);
    const unknown = randomBytes(16);
    await new Promise<void>((resolve) => {
      this.#refused.set(transferId(unknown), resolve);
      channel.send('wantManifest', { transfer: unknown, offset: 0 });
    });
  }

  #meet(peer: FilesPeer): () => void {
    const ignore = () => {};
    const offered = (transfer: Uint8Array) => this.#offered.get(transferId(transfer)) as Offered;
    const channel: Channel = peer.open(filesChannel, {
      offer: ignore,
      withdraw: ignore,
      have: ignore,
      got: ignore,
      manifest: ignore,
      page: ignore,
      sealed: ignore,
      release: ignore,
      block: ignore,
      refuse: ({ transfer }) => {
        this.#refused.get(transferId(transfer))?.();
      },
      answer: ({ transfer, answer, code }) =>
        void this.answers.push({ transfer: transferId(transfer), answer: ANSWERS[answer] as string, code }),
      wantManifest: ({ transfer, offset }) => {
        const bytes = offered(transfer).manifest.subarray(offset, offset + 64 * 1024);
        void channel.sendBulk('manifest', { transfer, offset, bytes });
      },
      interest: ({ transfer, on }) => {
        if (on === 0 || !this.gives || !this.#offered.has(transferId(transfer))) return; // another's may be asked for too
        const pages = this.#pages(offered(transfer));
        const root = contentRoot(offered(transfer).sizes, pages);
        const id = transferId(transfer);
        void channel.sendBulk('have', { transfer: b4a.from(transfer), bits: new Uint8Array(0) });
        channel.send('sealed', {
          transfer,
          root,
          signature: this.#signatures.seal(id, root, this.node.signer),
        });
      },
      wantPage: ({ transfer, page }) => {
        const hashes = this.#pages(offered(transfer))[page] as Uint8Array;
        const signature = this.#signatures.page(transferId(transfer), page, hashes, this.node.signer);
        void channel.sendBulk('page', { transfer: b4a.from(transfer), page, hashes, signature });
      },
      request: ({ transfer, blocks }) => {
        const layout = new Layout(offered(transfer).sizes);
        for (const block of blocks) {
          const bytes = b4a.alloc(layout.blockBytes(block));
          void channel.sendBulk('block', { transfer: b4a.from(transfer), block, offset: 0, bytes });
        }
      },
    });
    this.#channels.set(peer.id, channel);
    for (const fn of this.#arrivals.splice(0)) fn();
    return () => void this.#channels.delete(peer.id);
  }

  /** Hashes of its zeros; of one page at most. */
  #pages({ sizes }: Offered): Uint8Array[] {
    const layout = new Layout(sizes);
    const hashes = [...Array(layout.blockCount).keys()].map((block) =>
      blake3(b4a.alloc(layout.blockBytes(block))),
    );
    return hashes.length === 0 ? [] : [b4a.concat(hashes)];
  }
}
