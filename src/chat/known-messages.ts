import type { ChatStore, Head, Known } from './chat-store.js';
import { type LogId, logId, type Message, type MessageId } from './message.js';

const REMEMBERED = 8192;

/** Where messages stand that are stored: those that came last, or were asked for, without asking the disk. */
export class KnownMessages {
  readonly #store: ChatStore;
  readonly #recent = new Map<MessageId, Known>();

  constructor(store: ChatStore) {
    this.#store = store;
  }

  /** One that is remembered. */
  recall(id: MessageId): Known | undefined {
    return this.#recent.get(id);
  }

  remember(id: MessageId, known: Known): void {
    this.#recent.delete(id);
    this.#recent.set(id, known);
    if (this.#recent.size > REMEMBERED) this.#recent.delete(this.#recent.keys().next().value as MessageId);
  }

  /** Those of these that are stored. */
  async find(ids: readonly MessageId[]): Promise<Map<MessageId, Known>> {
    const found = new Map<MessageId, Known>();
    const asked = ids.filter((id) => {
      const known = this.#recent.get(id);
      if (known) found.set(id, known);
      return !known;
    });
    if (asked.length > 0) {
      for (const [id, known] of await this.#store.known(asked)) {
        found.set(id, known);
        this.remember(id, known);
      }
    }
    return found;
  }

  /** Looks up, at once, what these messages build on, and those that do not go on where their log ended. */
  async prepare(messages: readonly Message[], headsOf: (log: LogId) => readonly Head[]): Promise<void> {
    const here = new Set(messages.map(({ id }) => id));
    const wanted = new Set<MessageId>();
    const ends = new Set<MessageId>();
    for (const { id, header } of messages) {
      const { prev } = header;
      const heads = headsOf(logId(header));
      // What goes on from an end is new. What only goes on from a message that is here may be here too.
      if (prev ? ends.has(prev) || heads.some((head) => head.id === prev) : heads.length === 0) ends.add(id);
      else {
        wanted.add(id);
        if (prev) wanted.add(prev);
      }
      for (const parent of header.parents) if (!here.has(parent)) wanted.add(parent);
    }
    await this.find([...wanted]);
  }
}
