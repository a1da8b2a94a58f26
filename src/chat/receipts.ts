import b4a from 'b4a';
import sodium from 'sodium-native';
import { type PeerId, peerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { decodeAll, encodeAll, fixed, list, record, uint } from '../protocol/codec.js';
import type { Known, StoredReceipt } from './chat-store.js';
import { ID_BYTES, idBytes, type MessageId, messageId, type Signer } from './message.js';

interface WireReceipt {
  member: Uint8Array;
  count: number;
  delivered: Uint8Array[];
  read: Uint8Array[];
}

const ids = list(fixed(ID_BYTES), LIMITS.chatParents);
const codec = record<WireReceipt>({
  member: fixed(32),
  count: uint(Number.MAX_SAFE_INTEGER),
  delivered: ids,
  read: ids,
});
const DOMAIN = b4a.from('chatter/chat/1/receipt\0');

/** How much of what this data folder wrote a member has, and has read: as clocks. */
export interface Reach {
  readonly delivered: number;
  readonly read: number;
}

interface Receipt extends StoredReceipt {
  readonly count: number;
  readonly delivered: readonly MessageId[];
  readonly read: readonly MessageId[];
  reach: Reach;
  /** All that it names is here. */
  resolved: boolean;
}

/**
 * What members have and have read: one signed row each, replaced by a newer one, handed on by everybody.
 *
 * A row names the newest messages of whoever gave it; it covers them and all that they build on, and nothing else, so
 * it is true for ever (PROTOCOL.md [H6]).
 */
export class Receipts {
  readonly #domain: Uint8Array;
  readonly #rows = new Map<PeerId, Receipt>();
  readonly #standing: (member: PeerId) => number;
  #gone: PeerId[] = [];
  #digest: Uint8Array | null = null;

  /** `standing`: among too many, the rows of those with less go for those with more; who has none is the first to go. */
  constructor(roomId: string, { standing = () => 0 }: { standing?: (member: PeerId) => number } = {}) {
    this.#standing = standing;
    this.#domain = b4a.concat([DOMAIN, b4a.from(roomId, 'hex')]);
  }

  get all(): readonly StoredReceipt[] {
    return [...this.#rows.values()];
  }

  get members(): PeerId[] {
    return [...this.#rows.keys()];
  }

  reach(member: PeerId): Reach {
    return this.#rows.get(member)?.reach ?? { delivered: 0, read: 0 };
  }

  /** Members who have what this data folder wrote up to this clock, and those who have read it. */
  have(clock: number): PeerId[] {
    return this.members.filter((member) => this.reach(member).delivered >= clock);
  }

  haveRead(clock: number): PeerId[] {
    return this.members.filter((member) => this.reach(member).read >= clock);
  }

  /** Those whose reach is not known yet, since they name what is not here. */
  get unresolved(): PeerId[] {
    return [...this.#rows.values()].filter(({ resolved }) => !resolved).map(({ member }) => member);
  }

  /** The same at both ends if they have the same rows. */
  get digest(): Uint8Array {
    if (this.#digest) return this.#digest;
    const rows = [...this.#rows.values()].sort((a, b) => (a.member < b.member ? -1 : 1));
    const digest = b4a.alloc(32);
    sodium.crypto_generichash_batch(digest, [this.#domain, ...rows.map(({ bytes }) => bytes)]);
    this.#digest = digest;
    return digest;
  }

  make(delivered: readonly MessageId[], read: readonly MessageId[], signer: Signer): StoredReceipt {
    const member = peerId(signer.publicKey);
    const bytes = encodeAll(codec, {
      member: signer.publicKey,
      count: (this.#rows.get(member)?.count ?? 0) + 1,
      delivered: delivered.map(idBytes),
      read: read.map(idBytes),
    });
    return { member, bytes, signature: signer.sign(b4a.concat([this.#domain, bytes])) };
  }

  /** Whether the row of a member says just this. */
  says(member: PeerId, delivered: readonly MessageId[], read: readonly MessageId[]): boolean {
    const row = this.#rows.get(member);
    return row !== undefined && isSame(row.delivered, delivered) && isSame(row.read, read);
  }

  /** The rows of these members, as far as they are here. */
  of(members: Iterable<PeerId>): StoredReceipt[] {
    return [...members].flatMap((member) => this.#rows.get(member) ?? []);
  }

  /** What the row of a member names as read. */
  readBy(member: PeerId): readonly MessageId[] {
    return this.#rows.get(member)?.read ?? [];
  }

  /**
   * Takes a row in. `old`: it or a newer one is here; `wrong`: its member has not signed it; `full`: nobody here has less
   * standing. Anybody can make up members and sign for them: those push out none that are real.
   */
  put({ bytes, signature }: Pick<StoredReceipt, 'bytes' | 'signature'>): PeerId | 'old' | 'wrong' | 'full' {
    const wire = decodeAll(codec, b4a.from(bytes));
    const member = peerId(wire.member);
    const known = this.#rows.get(member);
    if (known && known.count >= wire.count) return 'old';
    const least = known || this.#rows.size < LIMITS.chatReceipts ? null : this.#leastBelow(member);
    if (least === undefined) return 'full';
    if (!sodium.crypto_sign_verify_detached(signature, b4a.concat([this.#domain, bytes]), wire.member))
      return 'wrong';
    if (least !== null) {
      this.#rows.delete(least);
      this.#gone.push(least);
    }
    this.#rows.set(member, {
      member,
      bytes: b4a.from(bytes),
      signature: b4a.from(signature),
      count: wire.count,
      delivered: wire.delivered.map(messageId),
      read: wire.read.map(messageId),
      reach: known?.reach ?? { delivered: 0, read: 0 },
      resolved: false,
    });
    this.#digest = null;
    return member;
  }

  /** Members whose rows went since this was asked last. */
  takeGone(): PeerId[] {
    const gone = this.#gone.filter((member) => !this.#rows.has(member));
    this.#gone = [];
    return gone;
  }

  /** The member of least standing who has less than this one. */
  #leastBelow(member: PeerId): PeerId | undefined {
    let below = this.#standing(member);
    let least: PeerId | undefined;
    for (const each of below > 0 ? this.#rows.keys() : []) {
      const standing = this.#standing(each);
      if (standing < below) [least, below] = [each, standing];
      if (below === 0) break;
    }
    return least;
  }

  /** Ids that the rows of these members name. */
  named(members: readonly PeerId[]): MessageId[] {
    return members.flatMap((member) => {
      const row = this.#rows.get(member);
      return row ? [...row.delivered, ...row.read] : [];
    });
  }

  /** Works out how far a member is, by what is known of what its row names. It never goes back. */
  resolve(member: PeerId, known: ReadonlyMap<MessageId, Known>): { was: Reach; is: Reach } | null {
    const row = this.#rows.get(member);
    if (!row) return null;
    const covers = (all: readonly MessageId[]) => Math.max(0, ...all.map((id) => known.get(id)?.covers ?? 0));
    const was = row.reach;
    const read = Math.max(was.read, covers(row.read));
    row.reach = { read, delivered: Math.max(was.delivered, covers(row.delivered), read) };
    row.resolved = [...row.delivered, ...row.read].every((id) => known.has(id));
    return { was, is: row.reach };
  }
}

const isSame = (a: readonly MessageId[], b: readonly MessageId[]): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));
