import { ChatterError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { Resource } from '../resource.js';
import type { SayOptions } from './authoring.js';
import type { ChatEvents } from './chat-events.js';
import { type ChatParts, makeParts, type RoomChatOptions } from './chat-parts.js';
import type {
  Counts,
  DirectSender,
  PageQuery,
  Retention,
  RoomSettings,
  SearchQuery,
  Size,
} from './chat-store.js';
import type { ChatPeer } from './hearing.js';
import type { MessageId } from './message.js';
import type { Reach } from './receipts.js';
import type { Shown } from './timeline.js';
import type { Said } from './writing.js';

/**
 * What is said in a room: written, kept, brought to the others and taken from them. This class is what others see of
 * it; `chat-parts.ts` puts the parts together, and each has a file of its own.
 *
 * 1. What `say` resolves with is on disk; what others hear of it was on disk before (`Writing`).
 * 2. Everything that changes the history runs one after the other (`Work`).
 * 3. Nothing is told of what was not verified and stored (`Keeping`).
 */
export class RoomChat extends Resource<ChatEvents> {
  readonly live: boolean;
  readonly #parts: ChatParts;

  constructor(options: RoomChatOptions) {
    super();
    this.live = options.live ?? false;
    this.#parts = makeParts(options, {
      emit: (event, ...args) => this.emit(event, ...args),
      closing: () => this.closing,
    });
  }

  /** A part of this history was damaged on this disk. */
  get damaged(): boolean {
    return this.#parts.damage.known;
  }

  get counts(): Counts {
    return this.#parts.unread.counts;
  }

  get readRow(): number {
    return this.#parts.unread.readRow;
  }

  get settings(): RoomSettings & { keep: Retention } {
    return this.#parts.settings.all;
  }

  protected async _open(): Promise<void> {
    const { store, settings, unread, log, recorder, welcome, exchange, expiry } = this.#parts;
    const { sync, typing, news, work } = this.#parts;
    const stored = await store.load();
    settings.load(stored);
    unread.load(stored);
    log.load(stored);
    recorder.load(stored.dangling);
    await welcome.load();
    await exchange.load(stored.receipts);
    this.defer(() => sync.close());
    this.defer(async () => {
      typing.close();
      news.close();
      await work.close();
      await exchange.keep().catch(() => undefined); // others have them too
    });
    this.defer(() => expiry.close());
    expiry.begin();
  }

  /** Talks with this peer until its session ends: the function given back is to be called then, before anybody is told. */
  add(peer: ChatPeer): () => void {
    return this.#parts.members.add(peer);
  }

  /** See `Authoring`. */
  say(text: string, options?: SayOptions): Promise<Said> {
    return this.#parts.authoring.say(text, options);
  }

  edit(id: MessageId, text: string): Promise<Shown> {
    return this.#parts.authoring.edit(id, text);
  }

  delete(id: MessageId): Promise<Shown> {
    return this.#parts.authoring.delete(id);
  }

  react(id: MessageId, emoji: string, on?: boolean): Promise<Shown> {
    return this.#parts.authoring.react(id, emoji, on);
  }

  /** Writes an offer or a call into the history: bytes that chat does not look into. If it cannot, that is a notice. */
  enter(kind: 'file' | 'call', entry: Uint8Array): void {
    const { work, writing } = this.#parts;
    work.attempt(async () => void (await writing.write({ kind, entry }, null)));
  }

  /** See `HistoryPages`. */
  message(id: MessageId): Promise<Shown> {
    return this.#parts.pages.message(id);
  }

  messages(ids: readonly MessageId[]): Promise<Shown[]> {
    return this.#parts.pages.messages(ids);
  }

  find(digits: string): Promise<Shown> {
    return this.#parts.pages.find(digits);
  }

  page(query: PageQuery): Promise<Shown[]> {
    return this.#parts.pages.page(query);
  }

  search(typed: string, query: SearchQuery): Promise<Shown[]> {
    return this.#parts.pages.search(typed, query);
  }

  /** Marks everything up to a message, in the order of the room, as read, or everything. */
  async read(upTo?: MessageId): Promise<Counts> {
    const { store, work, unread, settings, exchange } = this.#parts;
    const [message] = upTo ? await store.get([upTo]) : [];
    if (upTo && !message) throw new ChatterError('MESSAGE_UNKNOWN');
    return work.alone(async () => {
      await unread.readTo(message ?? null);
      if (settings.reads && !this.live) await exchange.give(message ? [message.id] : exchange.newest);
      return unread.counts;
    });
  }

  /** Tells everybody here that one is writing, or is not any more. */
  typing(on: boolean): void {
    for (const { channel } of this.#parts.members) channel.send('typing', { on: on ? 1 : 0 });
  }

  async configure(change: Partial<RoomSettings>): Promise<void> {
    const { settings, expiry } = this.#parts;
    await settings.change(change);
    if (change.draft) this.emit('draft', change.draft);
    if (change.keep) await expiry.expire();
  }

  /** Says whether direct messages of this person are wanted. */
  async answerDirect(person: PeerId, wanted: boolean): Promise<void> {
    await this.configure({ direct: { ...this.settings.direct, [person]: wanted } });
    await this.marksChanged();
  }

  /** People are thought of otherwise now: what is shown and counted may be other messages. */
  async marksChanged(): Promise<void> {
    const { work, unread, news } = this.#parts;
    await work.alone(() => unread.recount());
    news.change(0);
  }

  /** Those whose direct messages wait for an answer, who wrote last is last. */
  requests(): Promise<DirectSender[]> {
    return this.#parts.welcome.requests();
  }

  /** How many people wait for an answer. */
  get waiting(): number {
    return this.#parts.welcome.waiting.length;
  }

  /** Whether this is a direct message that waits for an answer. */
  isRequest({ author, mine, to }: Shown): boolean {
    return to !== null && !mine && this.#parts.welcome.waits(author);
  }

  /** See `ChatPeople`. */
  people(): Promise<Map<PeerId, number | null>> {
    return this.#parts.people.all();
  }

  reach(member: PeerId): Reach {
    return this.#parts.people.reach(member);
  }

  receiptsOf(shown: Shown): { delivered: PeerId[]; read: PeerId[] } {
    return this.#parts.people.receiptsOf(shown);
  }

  size(): Promise<Size> {
    return this.#parts.store.size();
  }

  /** Tells once that a part of this history was damaged on this disk. */
  tellDamaged(): void {
    this.#parts.damage.tell();
  }
}
