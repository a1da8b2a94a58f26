import { ChatterError } from '../errors.js';
import { type ChatStore, FLAG, type PageQuery, type SearchQuery, type StoredMessage } from './chat-store.js';
import { kindNumber } from './content.js';
import type { MessageId } from './message.js';
import type { Reader, Shown } from './timeline.js';
import type { Welcome } from './welcome.js';

export interface HistoryPagesDependencies {
  store: ChatStore;
  reader: Reader;
  /** Whether a message is what was verified when it came. */
  isSound: (message: StoredMessage) => boolean;
  welcome: Welcome;
  /** These are not: the disk has changed them. */
  damaged: (messages: readonly StoredMessage[]) => void;
}

const DIRECT = kindNumber('direct');

/**
 * The history as it is read: messages with what was done to them since, without those that are not wanted.
 *
 * 1. Nothing is shown that is not what its hash says, whatever the disk has made of it.
 */
export class HistoryPages {
  readonly #store: ChatStore;
  readonly #reader: Reader;
  readonly #isSound: HistoryPagesDependencies['isSound'];
  readonly #welcome: Welcome;
  readonly #damaged: HistoryPagesDependencies['damaged'];

  constructor({ store, reader, isSound, welcome, damaged }: HistoryPagesDependencies) {
    this.#isSound = isSound;
    this.#damaged = damaged;
    this.#store = store;
    this.#reader = reader;
    this.#welcome = welcome;
  }

  /** Those of these that are here and shown. */
  async messages(ids: readonly MessageId[]): Promise<Shown[]> {
    return ids.length === 0 ? [] : this.#show(await this.#store.get(ids));
  }

  /** The message with this id. Throws MESSAGE_UNKNOWN. */
  async message(id: MessageId): Promise<Shown> {
    return one(await this.messages([id]));
  }

  /** The one whose id begins with these digits, eight at least. Throws MESSAGE_UNKNOWN. */
  async find(digits: string): Promise<Shown> {
    const found = /^[0-9a-f]{8,64}$/.test(digits) ? await this.#store.beginning(digits) : [];
    return one(await this.#show(found.length === 1 ? found : []));
  }

  /** In the order of the room, oldest first, whatever way they were asked for. */
  async page(query: PageQuery): Promise<Shown[]> {
    const found = await this.#store.page({ ...query, without: this.#welcome.hidden });
    return this.#show(query.after ? found : found.toReversed());
  }

  /** What holds all words that were typed; what came last is last. */
  async search(typed: string, query: SearchQuery): Promise<Shown[]> {
    return this.#show(
      (await this.#store.search(typed, { ...query, without: this.#welcome.hidden })).toReversed(),
    );
  }

  async #show(messages: readonly StoredMessage[]): Promise<Shown[]> {
    const readable = messages.filter(
      ({ flags, author, kind }) =>
        (flags & FLAG.shown) !== 0 && !this.#welcome.hides(author, kind === DIRECT),
    );
    const about = new Map<MessageId, StoredMessage[]>();
    const acts = await this.#store.about(readable.map(({ id }) => id));
    const damaged = new Set([...readable, ...acts].filter((each) => !this.#isSound(each)));
    if (damaged.size > 0) this.#damaged([...damaged]);
    for (const each of acts) {
      if (damaged.has(each)) continue; // Invariant 1
      const target = each.target as MessageId;
      about.set(target, [...(about.get(target) ?? []), each]);
    }
    return readable
      .filter((message) => !damaged.has(message))
      .map((message) => this.#reader.show(message, about.get(message.id) ?? []));
  }
}

function one([shown]: readonly Shown[]): Shown {
  if (!shown) throw new ChatterError('MESSAGE_UNKNOWN');
  return shown;
}
