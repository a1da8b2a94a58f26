import { ChatterError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type {
  Authored,
  Change,
  ChatStore,
  Counts,
  DirectSender,
  Known,
  LeftOut,
  PageQuery,
  RoomSettings,
  SearchQuery,
  Size,
  StoredLog,
  StoredMessage,
  StoredReceipt,
  StoredRoom,
} from './chat-store.js';
import { BESIDE_BYTES, FLAG, ROOM_SETTINGS } from './chat-store.js';
import { kindNumber } from './content.js';
import type { LogId, MessageId } from './message.js';
import { compare, type Place, type Tip } from './order.js';
import { matches } from './search-terms.js';

const DIRECT = kindNumber('direct');
const REACT = kindNumber('react');

export interface MemoryChatStoreOptions {
  /** Older ones go when there are more. Default: all are kept. */
  messages?: number;
}

/** The history of a room that ends with the node, as the lobby's. */
export class MemoryChatStore implements ChatStore {
  readonly #most: number;
  readonly #messages = new Map<MessageId, StoredMessage>();
  readonly #texts = new Map<MessageId, string>();
  readonly #about = new Map<MessageId, Set<MessageId>>();
  readonly #ofLog = new Map<LogId, StoredMessage[]>();
  readonly #logs = new Map<LogId, StoredLog>();
  readonly #receipts = new Map<string, StoredReceipt>();
  #tips: readonly Tip[] = [];
  #counts: Counts = { unread: 0, mentions: 0 };
  #readRow = 0;
  #row = 0;
  #settings: RoomSettings = ROOM_SETTINGS;

  constructor({ messages = Number.POSITIVE_INFINITY }: MemoryChatStoreOptions = {}) {
    this.#most = messages;
  }

  async load(): Promise<StoredRoom> {
    return {
      logs: [...this.#logs.values()],
      tips: this.#tips,
      counts: this.#counts,
      readRow: this.#readRow,
      receipts: [...this.#receipts.values()],
      settings: this.#settings,
      dangling: this.#dangling().slice(0, LIMITS.chatHeldMessages),
    };
  }

  async apply(change: Change): Promise<void> {
    const twice = change.messages?.find(({ id }) => this.#messages.has(id));
    if (twice) throw new ChatterError('STORAGE_FAILED', { message: `${twice.id} is here already.` });
    for (const { text, ...message } of change.messages ?? []) {
      this.#add({ ...message, row: ++this.#row });
      if (text !== null) this.#texts.set(message.id, text);
    }
    for (const { id, body, flags, text } of change.bodies ?? []) {
      const message = this.#messages.get(id);
      if (message) this.#replace({ ...message, flags, body: body === undefined ? message.body : body });
      if (text === null) this.#texts.delete(id);
      else this.#texts.set(id, text);
    }
    for (const log of change.logs ?? []) this.#logs.set(log.id, log);
    for (const member of change.receiptsGone ?? []) this.#receipts.delete(member);
    for (const receipt of change.receipts ?? []) this.#receipts.set(receipt.member, receipt);
    this.#tips = change.tips ?? this.#tips;
    this.#counts = change.counts ?? this.#counts;
    this.#readRow = change.readRow ?? this.#readRow;
    while (this.#messages.size > this.#most) this.#remove(this.#messages.keys().next().value as MessageId);
  }

  async known(ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
    return new Map((await this.get(ids)).map((message) => [message.id, message]));
  }

  async get(ids: readonly MessageId[]): Promise<StoredMessage[]> {
    return ids.flatMap((id) => this.#messages.get(id) ?? []);
  }

  async beginning(digits: string): Promise<StoredMessage[]> {
    return this.#all(({ id }) => id.startsWith(digits)).slice(0, 2);
  }

  async ofLog(
    log: LogId,
    after: Pick<StoredMessage, 'seq' | 'row'>,
    limit: number,
  ): Promise<StoredMessage[]> {
    const all = this.#ofLog.get(log) ?? [];
    const start = all.findIndex(({ seq, row }) => seq > after.seq || (seq === after.seq && row > after.row));
    return start < 0 ? [] : all.slice(start, start + limit);
  }

  async about(targets: readonly MessageId[]): Promise<StoredMessage[]> {
    const ids = targets.flatMap((target) => [...(this.#about.get(target) ?? [])]);
    return this.get(ids);
  }

  async changes(of: readonly Authored[]): Promise<StoredMessage[]> {
    const authors = new Set(of.map(({ author }) => author));
    const about = await this.get(of.flatMap(({ id }) => [...(this.#about.get(id) ?? [])]));
    return about.filter(({ author, kind }) => authors.has(author) && kind !== REACT);
  }

  async search(
    typed: string,
    { beforeRow, limit, since, author, without }: SearchQuery,
  ): Promise<StoredMessage[]> {
    const found = this.#all(
      (message) =>
        message.row < (beforeRow ?? Number.POSITIVE_INFINITY) &&
        message.sent >= (since ?? Number.NEGATIVE_INFINITY) &&
        (author === undefined || message.author === author) &&
        !isWithout(message, without) &&
        matches(this.#texts.get(message.id) ?? '', typed),
    );
    return found.sort((a, b) => b.row - a.row).slice(0, limit);
  }

  async expired(before: number, limit: number): Promise<StoredMessage[]> {
    const old = this.#all(
      ({ flags, body, sent }) => (flags & FLAG.shown) !== 0 && body !== null && sent < before,
    );
    return old.sort(compare).slice(0, limit);
  }

  async bodiless(limit: number): Promise<MessageId[]> {
    const gone = FLAG.erased | FLAG.expired;
    return this.#all(({ flags, body }) => body === null && (flags & gone) === 0)
      .sort((a, b) => b.row - a.row)
      .slice(0, limit)
      .map(({ id }) => id);
  }

  async newestRow(): Promise<number> {
    return this.#row;
  }

  async counts(afterRow: number, without?: LeftOut): Promise<Counts> {
    const counted = this.#counted(afterRow, without);
    const mentions = counted.filter(({ flags }) => (flags & FLAG.mentionsMe) !== 0).length;
    return { unread: counted.length, mentions };
  }

  async firstBeyond(afterRow: number, place: Place, without?: LeftOut): Promise<number | null> {
    const beyond = this.#counted(afterRow, without).filter((message) => compare(message, place) > 0);
    return beyond.length > 0 ? Math.min(...beyond.map(({ row }) => row)) : null;
  }

  async directSenders(): Promise<DirectSender[]> {
    const people = new Map<string, DirectSender>();
    for (const { id, author, kind, flags } of this.#messages.values()) {
      if (kind !== DIRECT || (flags & FLAG.shown) === 0 || (flags & FLAG.mine) !== 0) continue;
      const messages = (people.get(author)?.messages ?? 0) + 1;
      people.delete(author);
      people.set(author, { author, messages, last: id });
    }
    return [...people.values()];
  }

  async authors(): Promise<{ author: StoredMessage['author']; sent: number }[]> {
    const last = new Map<StoredMessage['author'], number>();
    for (const { author, sent } of this.#messages.values())
      last.set(author, Math.max(last.get(author) ?? 0, sent));
    return [...last].map(([author, sent]) => ({ author, sent }));
  }

  async size(): Promise<Size> {
    let [bytes, oldest]: [number, number | null] = [0, null];
    for (const { headerBytes, body, sent } of this.#messages.values()) {
      bytes += headerBytes.byteLength + BESIDE_BYTES + (body?.byteLength ?? 0);
      oldest = Math.min(oldest ?? sent, sent);
    }
    return { messages: this.#messages.size, bytes, oldest };
  }

  async configure(settings: RoomSettings): Promise<void> {
    this.#settings = settings;
  }

  async scrub(): Promise<void> {}

  damaged(): void {}

  async forget(): Promise<number> {
    const count = this.#messages.size;
    for (const map of [this.#messages, this.#texts, this.#about, this.#ofLog, this.#logs, this.#receipts])
      map.clear();
    [this.#tips, this.#counts, this.#settings] = [[], { unread: 0, mentions: 0 }, ROOM_SETTINGS];
    return count;
  }

  #all(fits: (message: StoredMessage) => boolean): StoredMessage[] {
    return [...this.#messages.values()].filter(fits);
  }

  #dangling(): MessageId[] {
    const targets = this.#all(({ flags }) => (flags & FLAG.dangling) !== 0).map(({ target }) => target);
    return [...new Set(targets)].filter((id) => id !== null && !this.#messages.has(id)) as MessageId[];
  }

  #counted(afterRow: number, without?: LeftOut): StoredMessage[] {
    return this.#all(
      (message) =>
        message.row > afterRow &&
        (message.flags & FLAG.shown) !== 0 &&
        (message.flags & (FLAG.mine | FLAG.erased)) === 0 &&
        !isWithout(message, without),
    );
  }

  async page(query: PageQuery): Promise<StoredMessage[]> {
    const { before, after, limit, since, author, mentionsMe, direct, without } = query;
    const found = this.#all(
      (message) =>
        (message.flags & FLAG.shown) !== 0 &&
        (!before || compare(message, before) < 0) &&
        (!after || compare(message, after) > 0) &&
        (since === undefined || message.sent >= since) &&
        (author === undefined || message.author === author) &&
        (!mentionsMe || (message.flags & FLAG.mentionsMe) !== 0) &&
        (!direct || message.kind === DIRECT) &&
        !isWithout(message, without),
    );
    return found.sort(after ? compare : (a, b) => compare(b, a)).slice(0, limit);
  }

  #add(message: StoredMessage): void {
    this.#messages.set(message.id, message);
    const log = this.#ofLog.get(message.log) ?? [];
    this.#ofLog.set(message.log, log);
    let at = log.length;
    while (at > 0 && (log[at - 1] as StoredMessage).seq > message.seq) at--;
    log.splice(at, 0, message);
    if (!message.target) return;
    const about = this.#about.get(message.target) ?? new Set();
    this.#about.set(message.target, about.add(message.id));
  }

  #replace(message: StoredMessage): void {
    this.#messages.set(message.id, message);
    const log = this.#ofLog.get(message.log) ?? [];
    log[log.findIndex(({ id }) => id === message.id)] = message;
  }

  #remove(id: MessageId): void {
    const message = this.#messages.get(id) as StoredMessage;
    this.#messages.delete(id);
    this.#texts.delete(id);
    const log = (this.#ofLog.get(message.log) ?? []).filter((each) => each.id !== id);
    if (log.length > 0) this.#ofLog.set(message.log, log);
    else this.#ofLog.delete(message.log);
    if (message.target) this.#about.get(message.target)?.delete(id);
    if (message.target && this.#about.get(message.target)?.size === 0) this.#about.delete(message.target);
  }
}

const isWithout = ({ author, kind }: StoredMessage, without?: LeftOut): boolean =>
  without !== undefined &&
  (without.authors.includes(author) || (kind === DIRECT && without.direct.includes(author)));
