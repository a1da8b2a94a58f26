import type { ChatStore, Counts } from '../../src/chat/chat-store.js';
import { type Box, type Content, encodeBody, kindNumber } from '../../src/chat/content.js';
import { type Header, type Message, type MessageId, Messages, type Signer } from '../../src/chat/message.js';
import { Recorder } from '../../src/chat/recorder.js';
import { RoomLog } from '../../src/chat/room-log.js';
import { Reader, type Shown } from '../../src/chat/timeline.js';
import type { Verdict } from '../../src/chat/verdict.js';
import type { PeerId } from '../../src/identity/peer-id.js';

type Writer = Signer & Box & { readonly id: PeerId };

const DESK_ROOM = '2a'.repeat(32);

/** Somebody who writes and reads messages and hands them over by hand: a history with its rules, and no network. */
export class Desk {
  readonly messages: Messages;
  readonly log: RoomLog;
  readonly store: ChatStore;
  readonly identity: Writer;
  /** Milliseconds since 1970 as the computer has it. */
  wall = Date.UTC(2026, 0, 1);
  readonly #writer: string;
  readonly #reader: Reader;
  readonly #recorder: Recorder;
  #counts: Counts = { unread: 0, mentions: 0 };

  constructor(identity: Writer, store: ChatStore, writer = '00'.repeat(6), roomId = DESK_ROOM) {
    this.messages = new Messages(roomId);
    this.identity = identity;
    this.store = store;
    this.#writer = writer;
    this.#reader = new Reader(identity.id, identity);
    this.log = new RoomLog(store, this.messages);
    this.#recorder = new Recorder({
      store,
      log: this.log,
      reader: this.#reader,
      names: () => ['Ann'],
      wall: () => this.wall,
      counts: () => true,
    });
  }

  /** Goes on from what the store has, as after a start. */
  async load(): Promise<void> {
    const stored = await this.store.load();
    this.log.load(stored);
    this.#recorder.load(stored.dangling);
  }

  /** The message that one would write now; `change` makes it another than the rules have it. */
  make(content: Content, target: MessageId | null = null, change: Partial<Header> = {}): Message {
    const header = {
      ...this.log.next(this.identity.id, this.#writer),
      writer: this.#writer,
      wall: this.wall,
      kind: kindNumber(content.kind),
      target,
      ...change,
    };
    return this.messages.make(header, encodeBody(content), this.identity);
  }

  /** Writes one and keeps it. */
  async write(content: Content, target: MessageId | null = null): Promise<Message> {
    const message = this.make(content, target);
    await this.take([message]);
    return message;
  }

  /** Takes in what can be taken of these. */
  async take(messages: readonly Message[]): Promise<Verdict> {
    const verdict = await this.log.judge(messages, this.identity.id, new Set([this.#writer]));
    if (verdict.accepted.length > 0)
      this.#counts = (await this.#recorder.record(verdict, this.#counts)).counts;
    return verdict;
  }

  /** What is shown, in the order of the room. */
  async shown(): Promise<Shown[]> {
    const page = await this.store.page({ after: { clock: 0, id: '' as MessageId }, limit: 1e6 });
    const about = await this.store.about(page.map(({ id }) => id));
    return page.map((message) =>
      this.#reader.show(
        message,
        about.filter(({ target }) => target === message.id),
      ),
    );
  }
}
