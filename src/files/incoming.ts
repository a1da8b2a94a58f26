import type { Clock } from '../clock.js';
import { pathVerdict } from './costly-path.js';
import { Download } from './download.js';
import { LocalBlocks } from './local-blocks.js';
import { type LocalPlacesOptions, localPlaces } from './local-places.js';
import type { PeerLink } from './peer-link.js';
import type { RateCap } from './rate-cap.js';
import type { TransferId } from './signed.js';
import { Staging } from './staging.js';
import type { Transfer } from './transfer.js';
import type { Acceptance } from './transfer-store.js';

export interface IncomingOptions extends LocalPlacesOptions {
  transfer: Transfer;
  acceptance: Acceptance;
  clock: Clock;
  downloadCap: RateCap;
  /** Of this node: see `pick`. */
  salt: number;
  /** A block is here. */
  onBlock: (block: number) => void;
  onLiar: (key: string) => void;
  /** Every block is here. */
  onComplete: () => void;
  onFailed: (err: unknown) => void;
}

/** One transfer that is being received: where it is put together, and from whom its blocks come. */
export class Incoming {
  readonly transfer: Transfer;
  readonly acceptance: Acceptance;
  readonly staging: Staging;
  readonly download: Download;
  /** Others' transfers of the same content: their blocks are looked at as this one's. */
  readonly twins = new Set<TransferId>();
  /** It is being put into its place. */
  finishing = false;
  /** Something of it came over a near path. */
  near = false;
  readonly #local: LocalBlocks;

  /** Throws DISK_FULL or DISK_FAILED where it cannot be put together. */
  constructor(options: IncomingOptions) {
    const { transfer, acceptance, clock, downloadCap, salt, onFailed } = options;
    this.transfer = transfer;
    this.acceptance = acceptance;
    this.staging = new Staging(acceptance.staging, transfer.layout);
    this.staging.create();
    transfer.content = this.staging;
    this.#local = new LocalBlocks({
      transfer,
      places: () => localPlaces(transfer, acceptance, options),
      keep: async (block, bytes) => {
        await this.download.keep(block, bytes);
        transfer.reused += bytes.byteLength;
      },
      onSearched: () => this.download.pump(),
      onFailed,
    });
    this.download = new Download({
      transfer,
      staging: this.staging,
      clock,
      cap: downloadCap,
      salt,
      onBlock: (block) => {
        transfer.count(block);
        options.onBlock(block);
      },
      searched: (page) => this.#local.searched(page),
      onLiar: options.onLiar,
      onComplete: options.onComplete,
      onFailed,
    });
  }

  /** A peer as a source of this; `id` may be a twin's. */
  source(peer: PeerLink, id: TransferId) {
    return { ...peer.source(id), key: this.keyOf(peer, id), blocksOnly: this.transfer.id !== id };
  }

  /** What names a peer among the sources; as a source of a twin it is another one. */
  keyOf(peer: PeerLink, id: TransferId): string {
    return this.transfer.id === id ? peer.key : `${peer.key} ${id}`;
  }

  /** Whether what is left may come by the ways that there are now. */
  pathVerdict(links: Iterable<PeerLink>): ReturnType<typeof pathVerdict> {
    if (this.finishing) return null;
    const { state, code, layout, bytes } = this.transfer;
    const keys = this.download.sourceKeys;
    const isNear = (peer: PeerLink) => peer.isLocal && keys.some((key) => key.startsWith(peer.key));
    return pathVerdict({
      near: this.near,
      agreed: this.acceptance.anyPath === true,
      active: state === 'active',
      waits: state === 'paused' && code === 'PATH_COSTLY',
      sources: keys.length,
      nearSources: [...links].filter(isNear).length,
      bytesLeft: layout.totalBytes - bytes,
    });
  }

  /** Nothing of it comes from this peer any more. */
  gone(peer: PeerLink): void {
    for (const id of [this.transfer.id, ...this.twins]) this.download.gone(this.keyOf(peer, id));
  }

  /** Nothing more is fetched. What is staged stays, and open. */
  end(): void {
    this.#local.close();
    this.download.end();
  }
}

/** What a room receives, by its own id and by those of its twins. */
export class IncomingTransfers {
  readonly #all = new Map<TransferId, Incoming>();
  readonly #twins = new Map<TransferId, Incoming>();

  [Symbol.iterator](): Iterator<Incoming> {
    return this.#all.values();
  }

  get(id: TransferId): Incoming | undefined {
    return this.#all.get(id);
  }

  /** The one that this is a twin of. */
  ofTwin(id: TransferId): Incoming | undefined {
    return this.#twins.get(id);
  }

  add(incoming: Incoming): void {
    this.#all.set(incoming.transfer.id, incoming);
  }

  /** The same content is to be had under this id too. */
  addTwin(incoming: Incoming, twin: TransferId): void {
    incoming.twins.add(twin);
    this.#twins.set(twin, incoming);
  }

  remove({ transfer, twins }: Incoming): void {
    this.#all.delete(transfer.id);
    for (const twin of twins) this.#twins.delete(twin);
  }
}
