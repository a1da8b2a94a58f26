import type { Clock } from '../clock.js';
import { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { SessionChannel } from '../protocol/session-channel.js';
import { type ChatMessages, RECEIPTS } from './chat-channel.js';
import type { ChatStore, StoredReceipt } from './chat-store.js';
import type { MessageId, Signer } from './message.js';
import { compare } from './order.js';
import type { OwnMessages } from './own-messages.js';
import type { Reach, Receipts } from './receipts.js';
import type { RoomLog } from './room-log.js';
import type { Work } from './work.js';

const RECEIPT_MS = 10;
const RECEIPT_EVERY_MS = 100;
const RECEIPT_EVERY_PER_PEER_MS = 25;
const KEPT_MS = 2_000;
/** Receipts of others are handed on together. */
const HAND_ON_MS = 250;
/** All of them are told to one who has others at most this often. */
const TELL_ALL_MS = 1_000;

interface ReceiptEvents {
  receipt(what: { member: PeerId } & Reach): void;
  /** `count` people have an own message now; `to` is the latest of them. */
  delivered(what: { id: MessageId; to: PeerId; count: number }): void;
}

/** Somebody to whom receipts go. */
export interface ReceiptPeer {
  readonly peer: { readonly id: PeerId; readonly instance: string };
  readonly channel: Pick<SessionChannel<ChatMessages>, 'send' | 'sendBulk'>;
  /** The instances that it hears from itself. */
  readonly sync: { readonly sees: ReadonlySet<string> };
}

export interface ReceiptExchangeDependencies {
  receipts: Receipts;
  log: RoomLog;
  store: ChatStore;
  work: Work;
  clock: Clock;
  self: Signer & { readonly id: PeerId };
  own: OwnMessages;
  /** Everybody who is here. */
  peers: () => Iterable<ReceiptPeer>;
  /** Others are told what was read here. */
  tellsReads: () => boolean;
  events: ReceiptEvents;
}

/**
 * Tells others what is here and was read here, and takes and hands on what they tell.
 *
 * 1. A receipt covers what is stored, so none is given before.
 * 2. The newest one goes out at most every 100 ms, however much comes, and less often where more people are here: each
 *    of them gives one to all others.
 * 3. Those of others are handed on together, as bulk, so that a hub of many does not flood its neighbours.
 * 4. They are on disk two seconds later at most: others have them too.
 */
export class ReceiptExchange {
  readonly #deps: ReceiptExchangeDependencies;
  #soon = false;
  #givenAt = Number.NEGATIVE_INFINITY;
  #unkept = new Set<PeerId>();
  /** Members whose receipts are to be handed on, by whom they go to. */
  readonly #due = new Map<ReceiptPeer, Set<PeerId>>();
  readonly #toldAllAt = new WeakMap<ReceiptPeer['channel'], number>();

  constructor(deps: ReceiptExchangeDependencies) {
    this.#deps = deps;
  }

  async load(stored: readonly StoredReceipt[]): Promise<void> {
    const { receipts } = this.#deps;
    for (const receipt of stored) receipts.put(receipt);
    await this.#resolve(receipts.members);
  }

  /** Something came: tells soon that it is here (Invariant 2). */
  giveSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    const { work, clock, receipts, self, peers } = this.#deps;
    const everyMs = Math.max(RECEIPT_EVERY_MS, RECEIPT_EVERY_PER_PEER_MS * [...peers()].length);
    const wait = Math.max(RECEIPT_MS, this.#givenAt + everyMs - clock.now());
    work.after(wait, () => {
      this.#soon = false;
      work.attempt(() => work.alone(() => this.give(receipts.readBy(self.id))));
    });
  }

  /** Tells that everything here is here, and that what comes up to `read` was read. To be called alone. */
  async give(read: readonly MessageId[]): Promise<void> {
    const { log, receipts, clock, self, tellsReads, peers } = this.#deps;
    if (log.count === 0) return;
    const told = tellsReads() ? read : [];
    const { newest } = this;
    if (receipts.says(self.id, newest, told)) return; // a new row would be compared, told and answered without end
    this.#givenAt = clock.now();
    const row = receipts.make(newest, told, self);
    receipts.put(row);
    this.#keepSoon(row.member);
    for (const { channel } of peers())
      channel.send('receipt', { receipt: row.bytes, signature: row.signature });
  }

  /** The newest messages here: all others come before them. */
  get newest(): MessageId[] {
    return this.#deps.log.tips
      .toSorted((a, b) => compare(b, a)) // alike on all machines of this person
      .slice(0, LIMITS.chatParents)
      .map(({ id }) => id);
  }

  /** Takes one and hands it on to those who do not hear it from its member. Throws SIGNATURE_WRONG. */
  async take(from: ReceiptPeer, bytes: Uint8Array, signature: Uint8Array): Promise<void> {
    const member = this.#deps.receipts.put({ bytes, signature });
    if (member === 'wrong') throw new ProtocolError('SIGNATURE_WRONG');
    if (member === 'old' || member === 'full') return;
    this.#keepSoon(member);
    for (const other of this.#deps.peers()) {
      const { id, instance } = other.peer;
      if (other !== from && id !== member && !from.sync.sees.has(instance)) this.#handOn(other, member);
    }
    await this.#resolve([member]);
  }

  /** Hands all of them to one who has others. */
  tellAll(channel: ReceiptPeer['channel']): void {
    const { clock, receipts, work } = this.#deps;
    const now = clock.now();
    if (now - (this.#toldAllAt.get(channel) ?? Number.NEGATIVE_INFINITY) < TELL_ALL_MS) return;
    this.#toldAllAt.set(channel, now);
    work.attempt(() => sendAll(channel, receipts.all));
  }

  /** Messages came: what receipts named may be known now. */
  resolve(): Promise<void> {
    return this.#resolve(this.#deps.receipts.unresolved);
  }

  /** Writes down those that are not on disk. */
  async keep(): Promise<void> {
    const unkept = this.#unkept;
    this.#unkept = new Set();
    const receipts = this.#deps.receipts.all.filter(({ member }) => unkept.has(member));
    const receiptsGone = this.#deps.receipts.takeGone();
    if (receipts.length > 0) await this.#deps.store.apply({ receipts, receiptsGone });
  }

  async #resolve(members: readonly PeerId[]): Promise<void> {
    if (members.length === 0) return;
    const { receipts, log, self, own, events } = this.#deps;
    const known = await log.known([...new Set(receipts.named(members))]);
    for (const member of members) {
      const reach = receipts.resolve(member, known);
      if (!reach || member === self.id) continue;
      const { was, is } = reach;
      if (is.delivered === was.delivered && is.read === was.read) continue;
      events.receipt({ member, ...is });
      for (const { id, clock } of own.between(was.delivered, is.delivered)) {
        const count = receipts.have(clock).filter((each) => each !== self.id).length;
        events.delivered({ id, to: member, count });
      }
    }
  }

  /** Invariant 3. */
  #handOn(to: ReceiptPeer, member: PeerId): void {
    const { work } = this.#deps;
    if (this.#due.size === 0) work.after(HAND_ON_MS, () => this.#handOnAll());
    this.#due.set(to, (this.#due.get(to) ?? new Set()).add(member));
  }

  #handOnAll(): void {
    const due = [...this.#due];
    this.#due.clear();
    const here = new Set(this.#deps.peers());
    for (const [to, members] of due)
      if (here.has(to)) this.#deps.work.attempt(() => sendAll(to.channel, this.#deps.receipts.of(members)));
  }

  #keepSoon(member: PeerId): void {
    const { work } = this.#deps;
    if (this.#unkept.size === 0) work.after(KEPT_MS, () => work.attempt(() => this.keep())); // Invariant 4
    this.#unkept.add(member);
  }
}

/** In pages; what a lost stream takes with it is told again when digests are compared. */
async function sendAll(channel: ReceiptPeer['channel'], all: readonly StoredReceipt[]): Promise<void> {
  for (let i = 0; i < all.length; i += RECEIPTS) {
    const page = all.slice(i, i + RECEIPTS);
    const receipts = page.map(({ bytes, signature }) => ({ receipt: bytes, signature }));
    if (!(await channel.sendBulk('receipts', { receipts }))) return;
  }
}
