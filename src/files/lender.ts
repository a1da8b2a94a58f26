import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import { FileContent } from './file-content.js';
import type { RoomFiles } from './room-files.js';
import type { Scanned } from './scan.js';
import type { Share } from './share.js';
import type { SignedOffer } from './signed.js';
import type { Transfer } from './transfer.js';

/**
 * Makes transfers of what lies in shares, when somebody asks: one for the same content, so that those who fetch it at
 * one time give it to each other too.
 */
export class Lender {
  readonly #files: RoomFiles;
  readonly #shares: ReadonlyMap<string, Share>;
  readonly #making = new Map<string, Promise<SignedOffer>>();

  constructor(files: RoomFiles, shares: ReadonlyMap<string, Share>) {
    this.#files = files;
    this.#shares = shares;
  }

  /** The offer of what lies under a path now. Rejects with FILE_NOT_FOUND, FILE_UNREADABLE, FILES_LIMIT. */
  lend(wanted: string): Promise<SignedOffer> {
    const making = this.#making.get(wanted) ?? this.#lend(wanted).finally(() => this.#making.delete(wanted));
    this.#making.set(wanted, making);
    return making;
  }

  /** Takes back everything that was lent of what lies here: nobody gets more of it. */
  async recall(place: string): Promise<void> {
    for (const transfer of this.#lent) {
      const [path = ''] = transfer.paths;
      if (path === place || path.startsWith(`${place}/`)) await this.#files.withdraw(transfer.id);
    }
  }

  async #lend(wanted: string): Promise<SignedOffer> {
    const name = wanted.split('/')[0];
    const share = [...this.#shares.values()].find((each) => each.name === name);
    const entry = share?.tree.find(wanted);
    if (!share || !entry) throw new ChatterError('FILE_NOT_FOUND');
    const scanned = await share.scan(entry);
    const known = this.#lent.find((transfer) => isStill(transfer, scanned));
    const place = entry.path === share.name ? share.path : `${share.path}${wanted.slice(share.name.length)}`;
    return (known ?? (await this.#files.lend([place], scanned))).signed;
  }

  get #lent(): Transfer[] {
    return this.#files.transfers.filter(({ mine, signed, state }) => {
      return mine && signed.offer.shared && state === 'serving';
    });
  }
}

/** True if this transfer is of these very files, unchanged. */
function isStill({ manifest, content }: Transfer, scanned: Scanned): boolean {
  if (!(content instanceof FileContent) || !b4a.equals(manifest.digest, scanned.manifest.digest))
    return false;
  return content.files.every((file, i) => {
    const now = scanned.files[i];
    return now?.path === file.path && now.stamp === file.stamp;
  });
}
