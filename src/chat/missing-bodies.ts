import b4a from 'b4a';
import { ProtocolError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { SessionChannel } from '../protocol/session-channel.js';
import { type ChatMessages, PAGE } from './chat-channel.js';
import { type BodyChange, type ChatStore, FLAG, type StoredMessage } from './chat-store.js';
import { idBytes, type MessageId, type Messages, messageId } from './message.js';
import type { Reader } from './timeline.js';

export interface MissingBodiesDependencies {
  store: ChatStore;
  messages: Messages;
  reader: Reader;
  /** Those to everybody here. */
  channels: () => readonly Channel[];
}

/** Bodies that are read at once: of the longest that is about two messages. */
const READ_AT_ONCE = 16;
/** Bodies that one may wait for; an honest one asks for a page at a time. */
const ASKED = 4 * PAGE;

type Channel = Pick<SessionChannel<ChatMessages>, 'send' | 'sendBulk'>;

/**
 * Bodies that whoever handed the messages on did not have: asked for, given, and taken in by what their headers say
 * of them. What was deleted or expired here is neither asked for nor taken.
 */
export class MissingBodies {
  readonly #deps: MissingBodiesDependencies;
  /** What each was asked for: once is enough. */
  readonly #asked = new WeakMap<Channel, Set<MessageId>>();
  /** What each waits for, while it is being given. */
  readonly #giving = new WeakMap<Channel, Set<MessageId>>();
  /** Those that were here and are still found by their text. */
  readonly #dropped = new Set<MessageId>();

  constructor(deps: MissingBodiesDependencies) {
    this.#deps = deps;
  }

  /** Asks everybody here for the newest that are missing. */
  async ask(): Promise<void> {
    const missing = await this.#deps.store.bodiless(PAGE);
    for (const channel of this.#deps.channels()) {
      const asked = this.#asked.get(channel);
      const ids = missing.filter((id) => !asked?.has(id));
      this.#asked.set(channel, new Set(missing));
      if (ids.length > 0) channel.send('wantBodies', { ids: ids.map(idBytes) });
    }
  }

  /** Removes what the disk has made of bodies, so that they are missing. To be called alone. */
  async drop(messages: readonly StoredMessage[]): Promise<void> {
    const bodies = messages.map(({ id, row, flags }) => ({
      id,
      row,
      flags: flags | FLAG.awaited,
      body: null,
      was: null,
      text: null,
    }));
    await this.#deps.store.apply({ bodies });
    for (const { id } of messages) this.#dropped.add(id);
  }

  /**
   * Gives what is asked for, as it is taken: however often one asks, it waits for one set of ids, of which a few bodies
   * are read at a time.
   */
  async give(channel: Channel, ids: readonly MessageId[]): Promise<void> {
    const waiting = this.#giving.get(channel);
    const asked = waiting ?? new Set<MessageId>();
    for (const id of ids) if (asked.size < ASKED) asked.add(id);
    if (waiting) return;
    this.#giving.set(channel, asked);
    try {
      while (asked.size > 0) {
        const some = [...asked].slice(0, READ_AT_ONCE);
        for (const id of some) asked.delete(id);
        if (!(await this.#giveSome(channel, some))) return;
      }
    } finally {
      this.#giving.delete(channel);
    }
  }

  async #giveSome(channel: Channel, ids: readonly MessageId[]): Promise<boolean> {
    const { store, messages } = this.#deps;
    const found = (await store.get(ids)).filter((each) => each.body !== null && messages.isWhole(each));
    for (let i = 0; i < found.length; ) {
      const bodies: { id: Uint8Array; body: Uint8Array }[] = [];
      for (let bytes = 0; i < found.length && bytes < LIMITS.chatBatchBytes / 2; i++) {
        const { id, body } = found[i] as StoredMessage;
        bodies.push({ id: idBytes(id), body: body as Uint8Array });
        bytes += body?.byteLength ?? 0;
      }
      if (!(await channel.sendBulk('bodies', { bodies }))) return false;
    }
    return true;
  }

  /** To be called alone. Resolves to how many came. Throws MESSAGE_MALFORMED for one that is not the one hashed. */
  async take(bodies: ReadonlyMap<MessageId, Uint8Array>): Promise<number> {
    const { store, messages, reader } = this.#deps;
    const changes: BodyChange[] = [];
    const about = await store.about([...bodies.keys()]);
    for (const message of await store.get([...bodies.keys()])) {
      const { id, row, flags, headerBytes, signature } = message;
      const body = bodies.get(id) as Uint8Array;
      if (message.body !== null || (flags & (FLAG.erased | FLAG.expired)) !== 0) continue;
      if (!messages.read(headerBytes, signature, body)) throw new ProtocolError('MESSAGE_MALFORMED');
      const edits = about.filter(({ target }) => target === id);
      const text = reader.found({ ...message, body }, edits);
      const was = this.#dropped.delete(id) ? text : reader.found(message, edits);
      changes.push({ id, row, body, flags: flags & ~FLAG.awaited, was, text });
    }
    if (changes.length > 0) await store.apply({ bodies: changes });
    return changes.length;
  }
}

/** Bodies as they came, by message; copies. */
export const givenBodies = (
  bodies: readonly { id: Uint8Array; body: Uint8Array }[],
): Map<MessageId, Uint8Array> => new Map(bodies.map(({ id, body }) => [messageId(id), b4a.from(body)]));
