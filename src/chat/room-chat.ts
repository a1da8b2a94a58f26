import b4a from 'b4a';
import type { Clock, Timer } from '../clock.js';
import { ChatterError, type ErrorCode, ProtocolError } from '../errors.js';
import { type PeerId, publicKeyOf } from '../identity/peer-id.js';
import type { Trust } from '../identity/trust.js';
import { LIMITS } from '../limits.js';
import type { OpenChannel, SessionChannel } from '../protocol/session-channel.js';
import { Resource } from '../resource.js';
import { TokenBucket } from '../token-bucket.js';
import { type ChatMessages, chatChannel, PAGE } from './chat-channel.js';
import {
  type BodyChange,
  type ChatStore,
  type Counts,
  FLAG,
  type PageQuery,
  type Retention,
  ROOM_SETTINGS,
  type RoomSettings,
  type Size,
  type StoredMessage,
} from './chat-store.js';
import { type Box, type Content, encodeBody, isEmoji, kindNumber, sealContent } from './content.js';
import { asWire, HistorySync, SyncPeer } from './history-sync.js';
import { type LivePeer, LivePush } from './live-push.js';
import {
  idBytes,
  type LogId,
  logId,
  type Message,
  type MessageId,
  Messages,
  messageId,
  type Signer,
} from './message.js';
import { type Reach, Receipts } from './receipts.js';
import { type Recorded, Recorder } from './recorder.js';
import { RoomLog, type Verdict } from './room-log.js';
import { Reader, type Shown } from './timeline.js';
import type { Writers } from './writers.js';

/** A member to talk to: what chat needs of a room session. */
export interface ChatPeer {
  readonly id: PeerId;
  readonly instance: string;
  readonly open: OpenChannel;
  /** False until it has said who it is: nothing is heard of it before. */
  readonly isPresent: () => boolean;
}

export type ChatEvents = {
  message: [Shown];
  edited: [Shown];
  deleted: [{ id: MessageId; by: PeerId; clock: number }];
  reaction: [{ message: Shown; by: PeerId; emoji: string; on: boolean }];
  /** `count` people have it now; `to` is the latest of them. */
  delivered: [{ id: MessageId; to: PeerId; count: number }];
  /** Live rooms: the last stream to somebody was lost before they confirmed these. */
  undelivered: [{ ids: readonly MessageId[]; to: PeerId }];
  receipt: [{ member: PeerId } & Reach];
  typing: [{ peer: PeerId; on: boolean }];
  counts: [Counts];
  /** Much came, or went, at once: what is shown is to be read again. */
  changed: [{ added: number; done: boolean }];
  notice: [{ code: ErrorCode; peer: PeerId | null }];
  draft: [RoomSettings['draft']];
};

export interface RoomChatOptions {
  roomId: string;
  self: Signer & Box & { readonly id: PeerId };
  store: ChatStore;
  writers: Writers;
  clock: Clock;
  /** Names that one is mentioned by. */
  names: () => readonly string[];
  trust: Trust;
  /** Nothing of it goes to who was not there when it was said. */
  live?: boolean;
  /** How long texts are kept where nothing is set. Default forever. */
  keep?: Retention;
}

export interface Said {
  readonly id: MessageId;
  /** People whom it was handed to at once. */
  readonly recipients: number;
  readonly message: Shown;
}

type Channel = SessionChannel<ChatMessages>;

interface Member {
  readonly peer: ChatPeer;
  readonly channel: Channel;
  readonly sync: SyncPeer;
  readonly live: LivePeer;
}

interface Taking {
  messages: readonly Message[];
  resolve: (verdict: Verdict) => void;
  reject: (err: unknown) => void;
}

const DAY_MS = 24 * 60 * 60_000;
const RETENTION_MS: Record<Retention, number> = {
  '1d': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '1y': 365 * DAY_MS,
  forever: Number.POSITIVE_INFINITY,
};
const EXPIRE_EVERY_MS = 60 * 60_000;
const EXPIRED_AT_ONCE = 256;
/** More than this many at once are told as a change, not one by one. */
const TOLD_ONE_BY_ONE = 50;
const CHANGED_MS = 500;
const RECEIPT_MS = 10;
const RECEIPT_EVERY_MS = 100;
const RECEIPTS_KEPT_MS = 2_000;
const TYPING_MS = 6_000;
/** One commit takes live messages of this long when many come. */
const GATHER_MS = 5;
const COMMITS = { perSecond: 200, burst: 64 };
const OWN_REMEMBERED = 256;

/**
 * What is said in a room: written, kept, brought to the others and taken from them.
 *
 * 1. What `say` resolves with is on disk; what others hear of it was on disk before.
 * 2. Everything that changes the history runs one after the other.
 * 3. Nothing is told of what was not verified and stored.
 */
export class RoomChat extends Resource<ChatEvents> {
  readonly live: boolean;
  readonly #self: RoomChatOptions['self'];
  readonly #store: ChatStore;
  readonly #writers: Writers;
  readonly #clock: Clock;
  readonly #trust: Trust;
  readonly #keep: Retention;
  readonly #messages: Messages;
  readonly #reader: Reader;
  readonly #log: RoomLog;
  readonly #recorder: Recorder;
  readonly #receipts: Receipts;
  readonly #sync: HistorySync;
  readonly #push: LivePush;
  readonly #members = new Map<ChatPeer, Member>();
  readonly #taking: Taking[] = [];
  readonly #commits: TokenBucket;
  readonly #own: { id: MessageId; clock: number }[] = [];
  readonly #typing = new Map<PeerId, Timer>();
  readonly #askedBodies = new Set<MessageId>();
  readonly #timers = new Set<Timer>();
  readonly #noticed = new Set<string>();
  #settings: RoomSettings = ROOM_SETTINGS;
  #counts: Counts = { unread: 0, mentions: 0 };
  #readRow = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #draining = false;
  #receiptSoon = false;
  #receiptAt = Number.NEGATIVE_INFINITY;
  #receiptsDirty = new Set<PeerId>();
  #changed: { added: number; timer: Timer } | null = null;
  #renewing = false;

  constructor({
    roomId,
    self,
    store,
    writers,
    clock,
    names,
    trust,
    live = false,
    keep = 'forever',
  }: RoomChatOptions) {
    super();
    this.live = live;
    this.#self = self;
    this.#store = store;
    this.#writers = writers;
    this.#clock = clock;
    this.#trust = trust;
    this.#keep = keep;
    this.#messages = new Messages(roomId);
    this.#reader = new Reader(self.id, self);
    this.#log = new RoomLog(store, this.#messages, { live });
    this.#receipts = new Receipts(roomId);
    this.#commits = new TokenBucket(clock, COMMITS);
    this.#recorder = new Recorder({
      store,
      log: this.#log,
      reader: this.#reader,
      names,
      wall: () => clock.wall(),
      hides: (author, direct) =>
        trust.marks(author).blocked || (direct && this.#settings.direct[author] === false),
    });
    this.#sync = new HistorySync({
      log: this.#log,
      store,
      messages: this.#messages,
      clock,
      receiptsDigest: () => this.#receipts.digest,
      take: (messages, bulk) => (bulk ? this.#takeBulk(messages) : this.#takeLive(messages)),
      ownLog: () => this.#ownLog,
      onReceipts: (peer) => this.#tellReceipts(peer),
      onOwnLogAhead: () => void this.#renewWriter(),
      onCaughtUp: () => this.#caughtUp(),
    });
    this.#push = new LivePush({
      delivered: (id, to, count) => this.emit('delivered', { id, to, count }),
      undelivered: (ids, to) => this.emit('undelivered', { ids, to }),
    });
  }

  get counts(): Counts {
    return this.#counts;
  }

  get settings(): RoomSettings & { keep: Retention } {
    return { ...this.#settings, keep: this.#settings.keep ?? this.#keep };
  }

  protected async _open(): Promise<void> {
    const stored = await this.#store.load();
    this.#settings = stored.settings;
    this.#counts = stored.counts;
    this.#readRow = stored.readRow;
    this.#log.load(stored);
    this.#recorder.load(stored.dangling);
    for (const receipt of stored.receipts) this.#receipts.put(receipt);
    await this.#resolveReceipts(this.#receipts.members);
    this.defer(() => this.#sync.close());
    const expiring = this.#clock.every(EXPIRE_EVERY_MS, () => this.#attempt(() => this.#expire()));
    this.defer(() => expiring.cancel());
    this.defer(async () => {
      for (const timer of [...this.#timers, ...this.#typing.values()]) timer.cancel();
      this.#changed?.timer.cancel();
      await this.#turn;
      await this.#keepReceipts().catch(() => undefined); // others have them too
    });
    this.#attempt(() => this.#expire());
  }

  /** Talks with this peer until its session ends: the function given back is to be called then, before anybody is told. */
  add(peer: ChatPeer): () => void {
    const allowance = new TokenBucket(this.#clock, {
      perSecond: LIMITS.chatUrgentPerSecond,
      burst: LIMITS.chatUrgentBurst,
    });
    /** Runs what came, if it may be heard. Failures of the disk are not the peer's. */
    const hear = (fn: () => void | Promise<void>): void | Promise<void> => {
      if (!allowance.take()) throw new ProtocolError('MESSAGE_FLOOD');
      if (this.closing || !peer.isPresent()) return;
      return this.#blameless(fn());
    };
    const history = (fn: () => Promise<void>): void | Promise<void> => {
      if (!this.closing && !this.live) return this.#blameless(fn());
    };
    const channel: Channel = peer.open(
      chatChannel,
      {
        digest: (digest) => hear(() => this.#onSync(() => this.#sync.onDigest(member.sync, copy(digest)))),
        vector: (vector) => history(() => this.#sync.onVector(member.sync, copyLogs(vector))),
        want: (want) => {
          return hear(() => this.#onSync(() => this.#sync.onWant(member.sync, want)));
        },
        history: (batch) => history(() => this.#sync.onHistory(member.sync, batch)),
        message: (wire) =>
          hear(() => (this.live ? this.#onLive(member, wire) : this.#sync.onMessage(member.sync, wire))),
        heads: (heads) => {
          const copied = copyLogs(heads);
          return hear(() => this.#onSync(() => this.#sync.onHeads(member.sync, copied)));
        },
        receipt: ({ receipt, signature }) => {
          const bytes = b4a.from(receipt);
          const signed = b4a.from(signature);
          return hear(() => this.#onSync(() => this.#onReceipt(member, bytes, signed)));
        },
        sees: (sees) => hear(() => this.#sync.onSees(member.sync, sees)),
        typing: ({ on }) => hear(() => this.#onTyping(peer.id, on === 1)),
        wantBodies: ({ ids }) => {
          const wanted = ids.map(messageId);
          return hear(() => this.#onSync(() => this.#giveBodies(channel, wanted)));
        },
        bodies: ({ bodies }) => history(() => this.#onBodies(bodies)),
        got: ({ ids }) => this.#push.got(member.live, ids.map(messageId)),
      },
      {
        onReset: () => {
          if (this.live) this.#push.reset(member.live);
          else this.#sync.reset(member.sync);
        },
      },
    );
    const member: Member = {
      peer,
      channel,
      sync: new SyncPeer(peer.instance, channel as never, this.#clock),
      live: { id: peer.id, send: (message) => void channel.send('message', asWire(message)) },
    };
    this.#members.set(peer, member);
    if (this.live) this.#push.add(member.live);
    else this.#sync.add(member.sync);
    return () => {
      this.#members.delete(peer);
      if (this.live) this.#push.remove(member.live);
      else this.#sync.remove(member.sync);
      this.#onTyping(peer.id, false);
    };
  }

  /** Says something to the room, or to `to` alone. Throws MESSAGE_INVALID. */
  async say(text: string, options: { replyTo?: MessageId; me?: boolean; to?: PeerId } = {}): Promise<Said> {
    checkText(text);
    const { replyTo = null, me = false, to } = options;
    return this.#write(this.#sealed({ kind: me ? 'me' : 'text', text, replyTo }, to ?? null), null);
  }

  /** An offer or a call in the history: bytes that chat does not look into. */
  async enter(kind: 'file' | 'call', entry: Uint8Array): Promise<Said> {
    return this.#write({ kind, entry }, null);
  }

  /** Throws MESSAGE_UNKNOWN, NOT_YOURS, MESSAGE_DELETED, MESSAGE_INVALID. */
  async edit(id: MessageId, text: string): Promise<Shown> {
    checkText(text);
    const { to } = await this.#ownMessage(id);
    await this.#write(this.#sealed({ kind: 'edit', text }, to), id);
    return this.message(id);
  }

  /** Deletes an own message for everyone. */
  async delete(id: MessageId): Promise<Shown> {
    await this.#ownMessage(id);
    await this.#write({ kind: 'delete' }, id);
    return this.message(id);
  }

  async react(id: MessageId, emoji: string, on = true): Promise<Shown> {
    if (!isEmoji(emoji))
      throw new ChatterError('MESSAGE_INVALID', { message: 'A reaction is one character.' });
    const { to, author, deleted } = await this.message(id);
    if (deleted) throw new ChatterError('MESSAGE_DELETED');
    const other = to === this.#self.id ? author : to;
    await this.#write(this.#sealed({ kind: 'react', emoji, on }, other), id);
    return this.message(id);
  }

  /** The message with this id. Throws MESSAGE_UNKNOWN. */
  async message(id: MessageId): Promise<Shown> {
    const [shown] = await this.#show(await this.#store.get([id]));
    if (!shown) throw new ChatterError('MESSAGE_UNKNOWN');
    return shown;
  }

  /** The one whose id begins with these digits. */
  async find(digits: string): Promise<Shown> {
    const found = /^[0-9a-f]{8,64}$/.test(digits) ? await this.#store.beginning(digits) : [];
    const [shown] = await this.#show(found.length === 1 ? found : []);
    if (!shown) throw new ChatterError('MESSAGE_UNKNOWN');
    return shown;
  }

  /** In the order of the room, oldest first, whatever way they were asked for. */
  async page(query: PageQuery): Promise<Shown[]> {
    const found = await this.#store.page(query);
    return this.#show(query.after ? found : found.toReversed());
  }

  /** What holds all words that were typed; what came last is last. */
  async search(typed: string, query: Omit<PageQuery, 'before'> & { beforeRow?: number }): Promise<Shown[]> {
    return this.#show((await this.#store.search(typed, query)).toReversed());
  }

  /** Marks everything up to a message as read, or everything. */
  async read(upTo?: MessageId): Promise<Counts> {
    const [message] = upTo ? await this.#store.get([upTo]) : [];
    if (upTo && !message) throw new ChatterError('MESSAGE_UNKNOWN');
    return this.#alone(async () => {
      this.#readRow = Math.max(this.#readRow, message?.row ?? (await this.#store.newestRow()));
      this.#counts = await this.#store.counts(this.#readRow);
      await this.#store.apply({ readRow: this.#readRow, counts: this.#counts });
      this.emit('counts', this.#counts);
      if (this.#settings.reads && !this.live)
        await this.#giveReceipt(message ? [message.id] : this.#tipIds());
      return this.#counts;
    });
  }

  get readRow(): number {
    return this.#readRow;
  }

  typing(on: boolean): void {
    for (const { channel } of this.#members.values()) channel.send('typing', { on: on ? 1 : 0 });
  }

  async configure(change: Partial<RoomSettings>): Promise<void> {
    const settings = { ...this.#settings, ...change };
    await this.#store.configure(settings);
    this.#settings = settings;
    if (change.draft) this.emit('draft', change.draft);
    if (change.keep) await this.#expire();
  }

  /** Everybody who ever wrote here or gave a receipt, but oneself; when they last wrote, in ms since 1970. */
  async people(): Promise<Map<PeerId, number | null>> {
    const people = new Map<PeerId, number | null>();
    for (const member of this.#receipts.members) people.set(member, null);
    for (const { author, sent } of await this.#store.authors()) people.set(author, sent);
    people.delete(this.#self.id);
    return people;
  }

  reach(member: PeerId): Reach {
    return this.#receipts.reach(member);
  }

  /** Who has an own message, and who has read it. What another folder of one's own wrote is not known. */
  receiptsOf({ id, mine, clock, covers }: Shown): { delivered: PeerId[]; read: PeerId[] } {
    if (!mine) return { delivered: [], read: [] };
    if (this.live) return { delivered: [...this.#push.have(id)], read: [] };
    if (covers !== clock) return { delivered: [], read: [] };
    const others = this.#receipts.members.filter((member) => member !== this.#self.id);
    return {
      delivered: others.filter((member) => this.reach(member).delivered >= clock),
      read: others.filter((member) => this.reach(member).read >= clock),
    };
  }

  size(): Promise<Size> {
    return this.#store.size();
  }

  /** Removes everything of the room from this data folder. To be called once it is closed. */
  async forget(): Promise<number> {
    const count = await this.#store.forget();
    await this.#store.scrub();
    return count;
  }

  get #ownLog(): LogId {
    return logId({ author: this.#self.id, writer: this.#writers.current });
  }

  get #people(): number {
    return new Set([...this.#members.keys()].map(({ id }) => id).filter((id) => id !== this.#self.id)).size;
  }

  #sealed(content: Content, to: PeerId | null): Content {
    if (!to) return content;
    const sealed = sealContent(content, publicKeyOf(to), this.#self);
    if (!sealed) throw new ChatterError('PEER_UNKNOWN');
    return sealed;
  }

  async #ownMessage(id: MessageId): Promise<Shown> {
    const shown = await this.message(id);
    if (!shown.mine) throw new ChatterError('NOT_YOURS');
    if (shown.deleted) throw new ChatterError('MESSAGE_DELETED');
    return shown;
  }

  #write(content: Content, target: MessageId | null): Promise<Said> {
    return this.#alone(async () => {
      const message = this.#messages.make(
        {
          ...this.#log.next(this.#self.id, this.#writers.current),
          writer: this.#writers.current,
          wall: this.#clock.wall(),
          kind: kindNumber(content.kind),
          target,
        },
        encodeBody(content),
        this.#self,
      );
      const verdict = await this.#judge([message]);
      if (verdict.accepted.length === 0) throw new ChatterError('HISTORY_FULL');
      await this.#record(verdict, true); // Invariant 1
      const [stored] = await this.#store.get([message.id]);
      const [shown] = stored ? await this.#show([stored]) : [];
      const { clock } = verdict.accepted[0] as { clock: number };
      this.#own.push({ id: message.id, clock });
      if (this.#own.length > OWN_REMEMBERED) this.#own.shift();
      if (this.live) this.#push.push(message);
      else this.#sync.push([message]);
      return { id: message.id, recipients: this.#people, message: shown as Shown };
    });
  }

  #judge(messages: readonly Message[]): Promise<Verdict> {
    return this.#log.judge(messages, this.#self.id, this.#writers.all);
  }

  #takeBulk(messages: readonly Message[]): Promise<Verdict> {
    return this.#alone(async () => {
      const verdict = await this.#judge(messages);
      await this.#record(verdict, false);
      return verdict;
    });
  }

  /** Live messages of many are stored together when they come fast. */
  #takeLive(messages: readonly Message[]): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      this.#taking.push({ messages, resolve, reject });
      if (this.#draining) return;
      this.#draining = true;
      if (this.#commits.take()) void this.#drain();
      else this.#after(GATHER_MS, () => void this.#drain());
    });
  }

  #drain(): Promise<void> {
    return this.#alone(async () => {
      this.#draining = false;
      const taking = this.#taking.splice(0);
      const together = taking.flatMap(({ messages }) => messages);
      const all = await this.#judge(together);
      if (all.invalid === 0 && all.unsigned === 0) {
        await this.#record(all, false);
        for (const { messages, resolve } of taking) resolve(partOf(all, messages));
        return;
      }
      // Somebody sent what nobody may: each is looked at alone, so that no other pays for it.
      for (const { messages, resolve, reject } of taking) {
        try {
          const verdict = await this.#judge(messages);
          await this.#record(verdict, false);
          resolve(verdict);
        } catch (err) {
          reject(err);
        }
      }
    }).catch((err: unknown) => {
      for (const { reject } of this.#taking.splice(0)) reject(err);
    });
  }

  async #record(verdict: Verdict, own: boolean): Promise<void> {
    if (verdict.accepted.length === 0) return;
    const { recorded, counts } = await this.#recorder.record(verdict, this.#counts);
    const counted = counts.unread !== this.#counts.unread;
    this.#counts = counts;
    await this.#tell(recorded);
    if (counted) this.emit('counts', counts);
    for (const log of verdict.forks) this.#notice('FORKED', log.slice(0, 64) as PeerId);
    if (verdict.refused.size > 0) this.#notice('HISTORY_FULL', null);
    await this.#resolveReceipts(this.#receipts.unresolved);
    if (!own && !this.live && !this.#sync.fetching) this.#receiptLater();
  }

  async #tell(recorded: readonly Recorded[]): Promise<void> {
    if (recorded.length > TOLD_ONE_BY_ONE) return this.#tellChanged(recorded.length);
    const said = await this.#store.get(recorded.flatMap(({ what, id }) => (what === 'said' ? [id] : [])));
    const shown = new Map((await this.#show(said)).map((each) => [each.id, each]));
    for (const each of recorded) {
      if (this.#trust.marks(each.author).blocked) continue;
      if (each.what === 'said') {
        const message = shown.get(each.id);
        if (message) this.emit('message', message);
      } else if ('target' in each) {
        const [message] = await this.#show(await this.#store.get([each.target]));
        if (!message) continue;
        if (each.what === 'edited') this.emit('edited', message);
        if (each.what === 'deleted')
          this.emit('deleted', { id: message.id, by: each.author, clock: message.clock });
        if (each.what === 'reacted')
          this.emit('reaction', { message, by: each.author, emoji: each.emoji, on: each.on });
      }
    }
  }

  #tellChanged(added: number): void {
    if (this.#changed) {
      this.#changed.added += added;
      return;
    }
    const timer = this.#clock.after(CHANGED_MS, () => {
      const changed = this.#changed?.added ?? 0;
      this.#changed = null;
      this.emit('changed', { added: changed, done: !this.#sync.fetching });
    });
    this.#changed = { added, timer };
  }

  async #show(messages: readonly StoredMessage[]): Promise<Shown[]> {
    const readable = messages.filter(
      ({ flags, author }) => (flags & FLAG.shown) !== 0 && !this.#trust.marks(author).blocked,
    );
    const about = new Map<MessageId, StoredMessage[]>();
    for (const each of await this.#store.about(readable.map(({ id }) => id))) {
      const target = each.target as MessageId;
      about.set(target, [...(about.get(target) ?? []), each]);
    }
    return readable.map((message) => this.#reader.show(message, about.get(message.id) ?? []));
  }

  async #onLive(member: Member, wire: { header: Uint8Array; signature: Uint8Array; body: Uint8Array }) {
    const message = this.#messages.read(wire.header, wire.signature, wire.body);
    if (!message || message.header.author !== member.peer.id) throw new ProtocolError('MESSAGE_MALFORMED');
    const verdict = await this.#takeLive([message]);
    if (verdict.unsigned > 0) throw new ProtocolError('SIGNATURE_WRONG');
    member.channel.send('got', { ids: [idBytes(message.id)] });
  }

  #caughtUp(): void {
    if (this.#changed) {
      this.#changed.timer.cancel();
      const { added } = this.#changed;
      this.#changed = null;
      this.emit('changed', { added, done: true });
    }
    this.#receiptLater();
    this.#attempt(() => this.#askBodies());
  }

  #receiptLater(): void {
    if (this.#receiptSoon || this.closing || this.live) return;
    this.#receiptSoon = true;
    const wait = Math.max(RECEIPT_MS, this.#receiptAt + RECEIPT_EVERY_MS - this.#clock.now());
    this.#after(wait, () => {
      this.#receiptSoon = false;
      this.#attempt(() => this.#alone(() => this.#giveReceipt(this.#receipts.readBy(this.#self.id))));
    });
  }

  async #giveReceipt(read: readonly MessageId[]): Promise<void> {
    if (this.#log.count === 0) return;
    this.#receiptAt = this.#clock.now();
    const row = this.#receipts.make(this.#tipIds(), this.#settings.reads ? read : [], this.#self);
    this.#receipts.put(row);
    this.#keepLater(row.member);
    for (const { channel } of this.#members.values())
      channel.send('receipt', { receipt: row.bytes, signature: row.signature });
  }

  #tipIds(): MessageId[] {
    return this.#log.tips
      .toSorted((a, b) => b.clock - a.clock)
      .slice(0, LIMITS.chatParents)
      .map(({ id }) => id);
  }

  async #onReceipt(member: Member, bytes: Uint8Array, signature: Uint8Array): Promise<void> {
    const put = this.#receipts.put({ bytes, signature });
    if (put === 'wrong') throw new ProtocolError('SIGNATURE_WRONG');
    if (put === 'old' || put === 'full') return;
    this.#keepLater(put);
    for (const other of this.#members.values()) {
      if (other === member || other.peer.id === put || member.sync.sees.has(other.peer.instance)) continue;
      other.channel.send('receipt', { receipt: bytes, signature });
    }
    await this.#resolveReceipts([put]);
  }

  async #resolveReceipts(members: readonly PeerId[]): Promise<void> {
    if (members.length === 0) return;
    const known = await this.#log.known([...new Set(this.#receipts.named(members))]);
    for (const member of members) {
      const reach = this.#receipts.resolve(member, known);
      if (!reach || member === this.#self.id) continue;
      const { was, is } = reach;
      if (is.delivered === was.delivered && is.read === was.read) continue;
      this.emit('receipt', { member, ...is });
      for (const { id, clock } of this.#own) {
        if (clock <= was.delivered || clock > is.delivered) continue;
        const count = this.#receipts.members.filter(
          (each) => each !== this.#self.id && this.reach(each).delivered >= clock,
        ).length;
        this.emit('delivered', { id, to: member, count });
      }
    }
  }

  #tellReceipts(peer: SyncPeer): void {
    for (const { bytes, signature } of this.#receipts.all)
      peer.channel.send('receipt' as never, { receipt: bytes, signature } as never);
  }

  #keepLater(member: PeerId): void {
    if (this.#receiptsDirty.size === 0)
      this.#after(RECEIPTS_KEPT_MS, () => this.#attempt(() => this.#keepReceipts()));
    this.#receiptsDirty.add(member);
  }

  async #keepReceipts(): Promise<void> {
    const dirty = this.#receiptsDirty;
    this.#receiptsDirty = new Set();
    const receipts = this.#receipts.all.filter(({ member }) => dirty.has(member));
    if (receipts.length > 0) await this.#store.apply({ receipts });
  }

  #onTyping(peer: PeerId, on: boolean): void {
    const timer = this.#typing.get(peer);
    timer?.cancel();
    this.#typing.delete(peer);
    if (on)
      this.#typing.set(
        peer,
        this.#clock.after(TYPING_MS, () => this.#onTyping(peer, false)),
      );
    if (on !== (timer !== undefined)) this.emit('typing', { peer, on });
  }

  /** An older copy of this folder came back: what it writes now must not stand where its other life has written. */
  async #renewWriter(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    this.#attempt(() =>
      this.#alone(async () => {
        await this.#writers.renew();
        this.#renewing = false;
        this.#notice('WRITER_RENEWED', null);
      }),
    );
  }

  /** Bodies that nobody gave so far are asked for once of each who comes. */
  async #askBodies(): Promise<void> {
    const ids = (await this.#store.bodiless(PAGE)).filter((id) => !this.#askedBodies.has(id));
    if (ids.length === 0) return;
    for (const id of ids) this.#askedBodies.add(id);
    if (this.#askedBodies.size > LIMITS.chatLogs) this.#askedBodies.clear();
    for (const { channel } of this.#members.values()) channel.send('wantBodies', { ids: ids.map(idBytes) });
  }

  async #giveBodies(channel: Channel, ids: readonly MessageId[]): Promise<void> {
    const found = (await this.#store.get(ids)).filter(({ body }) => body !== null);
    for (let i = 0; i < found.length; ) {
      const bodies: { id: Uint8Array; body: Uint8Array }[] = [];
      for (let bytes = 0; i < found.length && bytes < LIMITS.chatBatchBytes / 2; i++) {
        const { id, body } = found[i] as StoredMessage;
        bodies.push({ id: idBytes(id), body: body as Uint8Array });
        bytes += body?.byteLength ?? 0;
      }
      if (!(await channel.sendBulk('bodies', { bodies }))) return;
    }
  }

  async #onBodies(bodies: readonly { id: Uint8Array; body: Uint8Array }[]): Promise<void> {
    const given = new Map(bodies.map(({ id, body }) => [messageId(id), b4a.from(body)]));
    await this.#alone(async () => {
      const changes: BodyChange[] = [];
      for (const message of await this.#store.get([...given.keys()])) {
        const body = given.get(message.id) as Uint8Array;
        const gone = FLAG.erased | FLAG.expired;
        if (message.body !== null || (message.flags & gone) !== 0) continue;
        if (!this.#messages.read(message.headerBytes, message.signature, body))
          throw new ProtocolError('MESSAGE_MALFORMED');
        const { id, row, flags } = message;
        const text = (flags & FLAG.shown) === 0 ? null : this.#reader.text({ ...message, body });
        changes.push({ id, row, body, flags, was: null, text });
      }
      if (changes.length === 0) return;
      await this.#store.apply({ bodies: changes });
      this.#tellChanged(changes.length);
    });
  }

  /** Removes texts past their time; a live room's go after a day at most. */
  async #expire(): Promise<void> {
    const { keep } = this.settings;
    const age = this.live ? LIMITS.lobbyMs : RETENTION_MS[keep];
    if (age === Number.POSITIVE_INFINITY) return;
    const before = this.#clock.wall() - age;
    for (let gone = 0; !this.closing; ) {
      const count = await this.#alone(() => this.#expireSome(before));
      gone += count;
      if (count > 0 && count === EXPIRED_AT_ONCE) continue;
      if (gone > 0) {
        await this.#store.scrub();
        this.#tellChanged(gone);
      }
      return;
    }
  }

  async #expireSome(before: number): Promise<number> {
    const old = await this.#store.expired(before, EXPIRED_AT_ONCE);
    const about = await this.#store.about(old.map(({ id }) => id));
    const bodies = old.map((message): BodyChange => {
      const { id, row, flags } = message;
      const was = this.#reader.found(
        message,
        about.filter(({ target }) => target === id),
      );
      return { id, row, body: null, flags: flags | FLAG.expired, was, text: null };
    });
    for (const { id, row, flags, body } of about)
      if (body !== null)
        bodies.push({ id, row, body: null, flags: flags | FLAG.expired, was: null, text: null });
    if (bodies.length > 0) await this.#store.apply({ bodies });
    return old.length;
  }

  #notice(code: ErrorCode, peer: PeerId | null): void {
    const key = `${code} ${peer}`;
    if (this.#noticed.has(key)) return;
    if (this.#noticed.size < LIMITS.chatReceipts) this.#noticed.add(key);
    this.emit('notice', { code, peer });
  }

  /** Runs `fn` when all that changes the history before it is done (Invariant 2). */
  #alone<T>(fn: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(() => {
      if (this.closing) throw new ChatterError('CLOSED');
      return fn();
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  #onSync(fn: () => void | Promise<void>): void | Promise<void> {
    if (!this.live) return fn();
  }

  /** What breaks a rule ends the stream; what the disk does not take is told, and nobody's fault. */
  async #blameless(done: void | Promise<void>): Promise<void> {
    try {
      await done;
    } catch (err) {
      if (err instanceof ProtocolError) throw err;
      this.#diskFailed(err);
    }
  }

  #diskFailed(err: unknown): void {
    const { code } = ChatterError.from(err);
    if (code !== 'CLOSED') this.#notice(code, null);
  }

  #attempt(fn: () => Promise<void>): void {
    fn().catch((err: unknown) => this.#diskFailed(err));
  }

  #after(ms: number, fn: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      if (!this.closing) fn();
    });
    this.#timers.add(timer);
  }
}

function checkText(text: string): void {
  if (text.trim() === '' || b4a.byteLength(text) > LIMITS.lineBytes || !text.isWellFormed())
    throw new ChatterError('MESSAGE_INVALID');
}

/** What a verdict about many says about some of them. */
function partOf(all: Verdict, messages: readonly Message[]): Verdict {
  const ids = new Set(messages.map(({ id }) => id));
  return {
    ...all,
    accepted: all.accepted.filter(({ message }) => ids.has(message.id)),
    orphans: all.orphans.filter(({ id }) => ids.has(id)),
  };
}

const copy = <T extends Record<string, Uint8Array>>(value: T): T =>
  Object.fromEntries(Object.entries(value).map(([key, bytes]) => [key, b4a.from(bytes)])) as T;

const copyLogs = <T extends { logs: { log: Uint8Array; next: number; branches: number; tip: Uint8Array }[] }>(
  value: T,
): T => ({
  ...value,
  logs: value.logs.map(({ log, tip, ...rest }) => ({ ...rest, log: b4a.from(log), tip: b4a.from(tip) })),
});
