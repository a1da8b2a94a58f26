import type { Clock } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Trust } from '../identity/trust.js';
import { Authoring } from './authoring.js';
import type { ChatEvents } from './chat-events.js';
import { ChatPeople } from './chat-people.js';
import { ChatSettings } from './chat-settings.js';
import type { ChatStore, Retention } from './chat-store.js';
import type { Box } from './content.js';
import { Damage } from './damage.js';
import { Expiry } from './expiry.js';
import { Hearing } from './hearing.js';
import { HistoryPages } from './history-pages.js';
import { HistorySync } from './history-sync.js';
import { Intake } from './intake.js';
import { Keeping } from './keeping.js';
import { LivePush } from './live-push.js';
import { Members } from './members.js';
import { Messages, type Signer } from './message.js';
import { MissingBodies } from './missing-bodies.js';
import { News } from './news.js';
import { Notices } from './notices.js';
import { OwnLog } from './own-log.js';
import { OwnMessages } from './own-messages.js';
import { ReceiptExchange } from './receipt-exchange.js';
import { Receipts } from './receipts.js';
import { Recorder } from './recorder.js';
import { RoomLog } from './room-log.js';
import { isSound } from './sound.js';
import { Reader } from './timeline.js';
import { Typing } from './typing.js';
import { Unread } from './unread.js';
import { Welcome } from './welcome.js';
import { Work } from './work.js';
import type { Writers } from './writers.js';
import { Writing } from './writing.js';

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

/** Whose parts they are. */
export interface PartsOwner {
  emit<K extends keyof ChatEvents>(event: K, ...args: ChatEvents[K]): void;
  closing(): boolean;
}

export type ChatParts = ReturnType<typeof makeParts>;

/** The parts of a room's chat, each of which knows only those that it needs. Nothing runs before they are loaded. */
export function makeParts(options: RoomChatOptions, { emit, closing }: PartsOwner) {
  const { roomId, self, store, writers, clock, names, trust, live = false, keep = 'forever' } = options;
  const teller =
    <K extends keyof ChatEvents>(event: K) =>
    (...args: ChatEvents[K]): void =>
      emit(event, ...args);

  // What is known, and how it is read.
  const notices = new Notices(teller('notice'));
  const work = new Work({ clock, closing, failed: ({ code }) => notices.tell(code) });
  const settings = new ChatSettings(store, keep);
  const messages = new Messages(roomId);
  const log = new RoomLog(store, messages, { live });
  const ownLog = new OwnLog({ self: self.id, writers, work, notices });
  const reader = new Reader(self.id, self);
  const welcome = new Welcome({
    store,
    trust,
    answers: () => settings.direct,
    authors: () => log.authors,
  });
  const unread = new Unread(store, () => welcome.uncounted, teller('counts'));
  const channels = () => [...members].map(({ channel }) => channel);
  const bodies = new MissingBodies({ store, messages, reader, channels });
  const damage = new Damage({ self: self.id, store, messages, bodies, work, notices });
  const pages = new HistoryPages({
    store,
    reader,
    isSound: (message) => isSound(message, { messages, self: self.id, live }),
    welcome,
    damaged: (found) => damage.found(found),
  });
  const news = new News({
    pages,
    isBlocked: (id) => trust.marks(id).blocked,
    clock,
    expected: () => sync.expected,
    events: {
      message: teller('message'),
      edited: teller('edited'),
      deleted: teller('deleted'),
      reaction: teller('reaction'),
      changed: teller('changed'),
    },
  });

  // What comes in, and who has what.
  const own = new OwnMessages();
  const receipts = new Receipts(roomId, {
    standing: (id) => (id === self.id ? 3 : members.isHere(id) ? 2 : log.hasWritten(id) ? 1 : 0),
  });
  const exchange = new ReceiptExchange({
    receipts,
    log,
    store,
    work,
    clock,
    self,
    own,
    peers: () => members,
    tellsReads: () => settings.reads,
    events: { receipt: teller('receipt'), delivered: teller('delivered') },
  });
  const recorder = new Recorder({
    store,
    log,
    reader,
    names,
    wall: () => clock.wall(),
    counts: (author, isDirect) => welcome.counts(author, isDirect),
  });
  const keeping = new Keeping({
    recorder,
    reader,
    ownLog,
    news,
    unread,
    welcome,
    exchange,
    notices,
    tellsAtOnce: () => !live && !sync.fetching,
  });
  const intake = new Intake({
    log,
    messages,
    work,
    clock,
    self,
    writers,
    store: (verdict, how) => keeping.keep(verdict, how),
  });
  const sync: HistorySync = new HistorySync({
    log,
    store,
    messages,
    clock,
    receiptsDigest: () => receipts.digest,
    take: (taken, bulk) => (bulk ? intake.takeBulk(taken) : intake.takeLive(taken)),
    ownLog: () => ownLog.id,
    onReceipts: ({ channel }) => exchange.tellAll(channel),
    onOwnLogAhead: () => ownLog.onAhead(),
    onCaughtUp: () => {
      news.caughtUp();
      exchange.giveSoon();
      work.attempt(() => bodies.ask());
    },
  });
  const push = new LivePush({
    delivered: (id, to, count) => emit('delivered', { id, to, count }),
    undelivered: (ids, to) => emit('undelivered', { ids, to }),
  });

  // Who is here, and what is said here.
  const typing = new Typing(clock, teller('typing'));
  const hearing = new Hearing({
    live,
    closing,
    clock,
    work,
    messages,
    intake,
    sync,
    push,
    exchange,
    typing,
    bodies,
    news,
  });
  const members: Members = new Members({ self: self.id, clock, live, hearing, sync, push, typing });
  const writing = new Writing({ work, intake, pages, own, members, live, sync, push });
  const authoring = new Authoring({ self, pages, writing });
  const people = new ChatPeople({ self: self.id, store, receipts, push, live });
  const expiry = new Expiry({
    store,
    reader,
    work,
    clock,
    keep: () => settings.all.keep,
    live,
    gone: (count) => news.change(count),
  });

  return {
    store,
    work,
    settings,
    log,
    recorder,
    welcome,
    unread,
    damage,
    pages,
    news,
    exchange,
    sync,
    typing,
    members,
    writing,
    authoring,
    people,
    expiry,
  };
}
