import type { Clock } from '../clock.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Trust } from '../identity/trust.js';
import { LIMITS } from '../limits.js';
import { Resource } from '../resource.js';
import { Authoring, type Said, type SayOptions } from './authoring.js';
import { chatChannel } from './chat-channel.js';
import {
  type ChatStore,
  type Counts,
  type DirectSender,
  type PageQuery,
  type Retention,
  ROOM_SETTINGS,
  type RoomSettings,
  type SearchQuery,
  type Size,
  type StoredMessage,
} from './chat-store.js';
import type { Box, Content } from './content.js';
import { Expiry, keptMs } from './expiry.js';
import { type ChatMember, type ChatPeer, Hearing } from './hearing.js';
import { HistoryPages } from './history-pages.js';
import { HistorySync } from './history-sync.js';
import { Intake } from './intake.js';
import { LivePush } from './live-push.js';
import { logId, type Message, type MessageId, Messages, type Signer } from './message.js';
import { MissingBodies } from './missing-bodies.js';
import { News } from './news.js';
import { OwnMessages } from './own-messages.js';
import { ReceiptExchange } from './receipt-exchange.js';
import { type Reach, Receipts } from './receipts.js';
import { Recorder } from './recorder.js';
import { authorOf, RoomLog, type Verdict } from './room-log.js';
import { canBeMarkedSo, isSound } from './sound.js';
import { asWire, SyncPeer } from './sync-peer.js';
import { Reader, type Shown } from './timeline.js';
import { Typing } from './typing.js';
import { Unread } from './unread.js';
import { Welcome } from './welcome.js';
import { Work } from './work.js';
import type { Writers } from './writers.js';

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

const EXPIRE_EVERY_MS = 60 * 60_000;

/**
 * What is said in a room: written, kept, brought to the others and taken from them. This class puts the parts together
 * and says what goes to which; each part has a file of its own.
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
  readonly #keep: Retention;
  readonly #work: Work;
  readonly #reader: Reader;
  readonly #log: RoomLog;
  readonly #recorder: Recorder;
  readonly #intake: Intake;
  readonly #pages: HistoryPages;
  readonly #authoring: Authoring;
  readonly #hearing: Hearing;
  readonly #news: News;
  readonly #welcome: Welcome;
  readonly #unread: Unread;
  readonly #own = new OwnMessages();
  readonly #receipts: Receipts;
  readonly #exchange: ReceiptExchange;
  readonly #typing: Typing;
  readonly #bodies: MissingBodies;
  readonly #expiry: Expiry;
  readonly #sync: HistorySync;
  readonly #push: LivePush;
  readonly #members = new Map<ChatPeer, ChatMember>();
  readonly #noticed = new Set<string>();
  #settings: RoomSettings = ROOM_SETTINGS;
  #damaged = false;

  constructor(options: RoomChatOptions) {
    super();
    const { roomId, self, store, writers, clock, names, trust, live = false, keep = 'forever' } = options;
    this.live = live;
    this.#self = self;
    this.#store = store;
    this.#writers = writers;
    this.#clock = clock;
    this.#keep = keep;
    const work = new Work({
      clock,
      closing: () => this.closing,
      failed: ({ code }) => this.#notice(code, null),
    });
    const messages = new Messages(roomId);
    const reader = new Reader(self.id, self);
    const log = new RoomLog(store, messages, { live });
    const welcome = new Welcome({ trust, answers: () => this.#settings.direct, authors: () => log.authors });
    this.#welcome = welcome;
    this.#work = work;
    this.#reader = reader;
    this.#log = log;
    this.#receipts = new Receipts(roomId);
    this.#pages = new HistoryPages({
      store,
      reader,
      isSound: (message) => isSound(message, { messages, self: self.id, live }),
      welcome,
      damaged: (found) => this.#onDamaged(found, messages),
    });
    this.#authoring = new Authoring({
      self,
      pages: this.#pages,
      write: (content, target) => this.#write(content, target),
    });
    this.#unread = new Unread(
      store,
      () => welcome.uncounted,
      (counts) => this.emit('counts', counts),
    );
    this.#recorder = new Recorder({
      store,
      log,
      reader,
      names,
      wall: () => clock.wall(),
      counts: (author, isDirect) => welcome.counts(author, isDirect),
    });
    this.#intake = new Intake({
      log,
      messages,
      work,
      clock,
      self,
      writers,
      store: (verdict, own) => this.#record(verdict, own),
    });
    this.#news = new News({
      pages: this.#pages,
      isBlocked: (id) => trust.marks(id).blocked,
      clock,
      expected: () => this.#sync.expected,
      events: {
        message: (message) => this.emit('message', message),
        edited: (message) => this.emit('edited', message),
        deleted: (what) => this.emit('deleted', what),
        reaction: (what) => this.emit('reaction', what),
        changed: (what) => this.emit('changed', what),
      },
    });
    this.#exchange = new ReceiptExchange({
      receipts: this.#receipts,
      log,
      store,
      work,
      clock,
      self,
      own: this.#own,
      peers: () => this.#members.values(),
      tellsReads: () => this.#settings.reads,
      events: {
        receipt: (what) => this.emit('receipt', what),
        delivered: (what) => this.emit('delivered', what),
      },
    });
    this.#typing = new Typing(clock, (what) => this.emit('typing', what));
    this.#bodies = new MissingBodies({ store, messages, reader });
    this.#expiry = new Expiry({ store, reader, work });
    this.#sync = new HistorySync({
      log,
      store,
      messages,
      clock,
      receiptsDigest: () => this.#receipts.digest,
      take: (taken, bulk) => (bulk ? this.#intake.takeBulk(taken) : this.#intake.takeLive(taken)),
      ownLog: () => logId({ author: self.id, writer: writers.current }),
      onReceipts: ({ channel }) => this.#exchange.tellAll(channel),
      onOwnLogAhead: () => this.#onOwnLogAhead(),
      onCaughtUp: () => this.#caughtUp(),
    });
    this.#push = new LivePush({
      delivered: (id, to, count) => this.emit('delivered', { id, to, count }),
      undelivered: (ids, to) => this.emit('undelivered', { ids, to }),
    });
    this.#hearing = new Hearing({
      live,
      closing: () => this.closing,
      clock,
      work,
      messages,
      intake: this.#intake,
      sync: this.#sync,
      push: this.#push,
      exchange: this.#exchange,
      typing: this.#typing,
      bodies: this.#bodies,
      news: this.#news,
    });
  }

  /** A part of this history was damaged on this disk. */
  get damaged(): boolean {
    return this.#damaged;
  }

  get counts(): Counts {
    return this.#unread.counts;
  }

  get readRow(): number {
    return this.#unread.readRow;
  }

  get settings(): RoomSettings & { keep: Retention } {
    return { ...this.#settings, keep: this.#settings.keep ?? this.#keep };
  }

  protected async _open(): Promise<void> {
    const stored = await this.#store.load();
    this.#settings = stored.settings;
    this.#unread.load(stored);
    this.#log.load(stored);
    this.#recorder.load(stored.dangling);
    await this.#welcome.load(this.#store);
    await this.#exchange.load(stored.receipts);
    this.defer(() => this.#sync.close());
    this.defer(async () => {
      this.#typing.close();
      this.#news.close();
      await this.#work.close();
      await this.#exchange.keep().catch(() => undefined); // others have them too
    });
    const expiring = this.#clock.every(EXPIRE_EVERY_MS, () => this.#work.attempt(() => this.#expire()));
    this.defer(() => expiring.cancel());
    this.#work.attempt(() => this.#expire());
  }

  /** Talks with this peer until its session ends: the function given back is to be called then, before anybody is told. */
  add(peer: ChatPeer): () => void {
    const channel = peer.open(
      chatChannel,
      this.#hearing.of(peer, () => member),
      {
        onReset: () => {
          if (this.live) this.#push.reset(member.live);
          else this.#sync.reset(member.sync);
        },
      },
    );
    const member: ChatMember = {
      peer,
      channel,
      sync: new SyncPeer(peer.instance, channel, this.#clock),
      live: { id: peer.id, send: (message) => void channel.send('message', asWire(message)) },
    };
    this.#members.set(peer, member);
    if (this.live) this.#push.add(member.live);
    else this.#sync.add(member.sync);
    return () => {
      this.#members.delete(peer);
      if (this.live) this.#push.remove(member.live);
      else this.#sync.remove(member.sync);
      this.#typing.set(peer.id, false);
    };
  }

  /** See `Authoring`. */
  say(text: string, options?: SayOptions): Promise<Said> {
    return this.#authoring.say(text, options);
  }

  edit(id: MessageId, text: string): Promise<Shown> {
    return this.#authoring.edit(id, text);
  }

  delete(id: MessageId): Promise<Shown> {
    return this.#authoring.delete(id);
  }

  react(id: MessageId, emoji: string, on?: boolean): Promise<Shown> {
    return this.#authoring.react(id, emoji, on);
  }

  /** Writes an offer or a call into the history: bytes that chat does not look into. If it cannot, that is a notice. */
  enter(kind: 'file' | 'call', entry: Uint8Array): void {
    this.#work.attempt(async () => void (await this.#write({ kind, entry }, null)));
  }

  /** See `HistoryPages`. */
  message(id: MessageId): Promise<Shown> {
    return this.#pages.message(id);
  }

  messages(ids: readonly MessageId[]): Promise<Shown[]> {
    return this.#pages.messages(ids);
  }

  find(digits: string): Promise<Shown> {
    return this.#pages.find(digits);
  }

  page(query: PageQuery): Promise<Shown[]> {
    return this.#pages.page(query);
  }

  search(typed: string, query: SearchQuery): Promise<Shown[]> {
    return this.#pages.search(typed, query);
  }

  /** Marks everything up to a message, in the order of the room, as read, or everything. */
  async read(upTo?: MessageId): Promise<Counts> {
    const [message] = upTo ? await this.#store.get([upTo]) : [];
    if (upTo && !message) throw new ChatterError('MESSAGE_UNKNOWN');
    return this.#work.alone(async () => {
      await this.#unread.readTo(message ?? null);
      if (this.#settings.reads && !this.live)
        await this.#exchange.give(message ? [message.id] : this.#exchange.newest);
      return this.counts;
    });
  }

  /** Tells everybody here that one is writing, or is not any more. */
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

  /** Says whether direct messages of this person are wanted. */
  async answerDirect(person: PeerId, wanted: boolean): Promise<void> {
    await this.configure({ direct: { ...this.#settings.direct, [person]: wanted } });
    await this.marksChanged();
  }

  /** People are thought of otherwise now: what is shown and counted may be other messages. */
  async marksChanged(): Promise<void> {
    await this.#work.alone(() => this.#unread.recount());
    this.#news.change(0);
  }

  /** Those whose direct messages wait for an answer, who wrote last is last. */
  async requests(): Promise<DirectSender[]> {
    return (await this.#store.directSenders()).filter(({ author }) => this.#welcome.waits(author));
  }

  /** How many people wait for an answer. */
  get waiting(): number {
    return this.#welcome.waiting.length;
  }

  /** Whether this is a direct message that waits for an answer. */
  isRequest({ author, mine, to }: Shown): boolean {
    return to !== null && !mine && this.#welcome.waits(author);
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
    const isOther = (member: PeerId) => member !== this.#self.id;
    return {
      delivered: this.#receipts.have(clock).filter(isOther),
      read: this.#receipts.haveRead(clock).filter(isOther),
    };
  }

  size(): Promise<Size> {
    return this.#store.size();
  }

  get #people(): number {
    return new Set([...this.#members.keys()].map(({ id }) => id).filter((id) => id !== this.#self.id)).size;
  }

  #write(content: Content, target: MessageId | null): Promise<Said> {
    return this.#work.alone(async () => {
      const { message, clock } = await this.#intake.write(content, target); // Invariant 1
      const [shown] = await this.#pages.messages([message.id]);
      this.#own.add(message.id, clock);
      if (this.live) this.#push.push(message);
      else this.#sync.push([message]);
      return { id: message.id, recipients: this.#people, message: shown as Shown };
    });
  }

  /** Stores what was accepted, then tells of it (Invariant 3). */
  async #record(verdict: Verdict, own: boolean): Promise<void> {
    if (verdict.refused.size > 0) this.#notice('HISTORY_FULL', null);
    if (verdict.accepted.length === 0) return;
    if (!own) await this.#notAlone(verdict);
    const { recorded, counts } = await this.#recorder.record(verdict, this.counts);
    const waited = this.waiting;
    for (const { message } of verdict.accepted) this.#hearDirect(message);
    await this.#news.tell(recorded);
    this.#unread.counted(counts);
    if (this.waiting !== waited) this.emit('counts', counts);
    for (const log of verdict.forks) this.#notice('FORKED', authorOf(log));
    await this.#exchange.resolve();
    if (!own && !this.live && !this.#sync.fetching) this.#exchange.giveSoon();
  }

  #hearDirect({ header, body }: Message): void {
    const { author, kind } = header;
    if (author === this.#self.id || this.#welcome.knows(author)) return;
    const { content, to } = this.#reader.open({ author, kind, body });
    if (to && content) this.#welcome.heard(author);
  }

  #caughtUp(): void {
    this.#news.caughtUp();
    this.#exchange.giveSoon();
    this.#work.attempt(() => this.#askBodies());
  }

  /** An older copy of this folder came back: what it writes now must not stand where its other life has written. */
  #onOwnLogAhead(): void {
    this.#work.attempt(() =>
      this.#work.alone(async () => {
        if (await this.#writers.renewForClaim()) this.#notice('WRITER_RENEWED', null);
      }),
    );
  }

  /** Messages of the own log came that were not written here: it is another folder's too. */
  async #notAlone(verdict: Verdict): Promise<void> {
    const { current } = this.#writers;
    const isOwn = ({ header }: Message) => header.author === this.#self.id && header.writer === current;
    if (!verdict.accepted.some(({ message }) => isOwn(message))) return;
    await this.#writers.renew();
    this.#notice('WRITER_RENEWED', null);
  }

  async #expire(): Promise<void> {
    const ms = keptMs(this.settings.keep, this.live);
    if (ms === Number.POSITIVE_INFINITY) return;
    const gone = await this.#expiry.expire(this.#clock.wall() - ms);
    if (gone > 0) this.#news.change(gone);
  }

  /** Tells once that a part of this history was damaged on this disk. */
  tellDamaged(): void {
    this.#damaged = true;
    this.#notice('HISTORY_DAMAGED', null);
  }

  /** Bodies that are not what their headers say go, and are asked for again; for anything else the database is mended. */
  #onDamaged(found: readonly StoredMessage[], messages: Messages): void {
    this.tellDamaged();
    const bodies = found.filter(
      (message) => messages.isPlaced(message) && canBeMarkedSo(message, this.#self.id),
    );
    if (bodies.length < found.length) this.#store.damaged();
    if (bodies.length === 0) return;
    this.#work.attempt(async () => {
      await this.#work.alone(() => this.#bodies.drop(bodies));
      await this.#askBodies();
    });
  }

  async #askBodies(): Promise<void> {
    await this.#bodies.ask([...this.#members.values()].map(({ channel }) => channel));
  }

  /** Tells of something once. */
  #notice(code: ErrorCode, peer: PeerId | null): void {
    const key = `${code} ${peer}`;
    if (this.#noticed.has(key)) return;
    if (this.#noticed.size < LIMITS.chatReceipts) this.#noticed.add(key);
    this.emit('notice', { code, peer });
  }
}
