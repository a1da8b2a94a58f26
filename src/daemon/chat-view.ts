import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Said } from '../chat/authoring.js';
import type { PageQuery } from '../chat/chat-store.js';
import type { MessageId } from '../chat/message.js';
import { compare } from '../chat/order.js';
import type { RoomChat } from '../chat/room-chat.js';
import { snippet } from '../chat/search-terms.js';
import type { Shown } from '../chat/timeline.js';
import { ChatterError, ERRORS } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import type { ChatterNode } from '../node/node.js';
import type { Room } from '../room/room.js';
import type { EventBody, Params, Person, Result } from './api.js';
import type { ChatMethod } from './api-node.js';
import type { Message } from './chat-api.js';

type Answers = { [M in ChatMethod]: (params: Params<M>) => Promise<Result<M>> };

const PAGE = 50;
const QUOTE_CHARACTERS = 200;
const EXPORTED_AT_ONCE = 500;

/** What is said as the API shows it, and what happens to it as events. */
export class ChatView {
  readonly #node: ChatterNode;
  readonly #tell: (event: EventBody) => void;
  readonly #person: (id: PeerId, name: string) => Person;
  readonly #answers: Answers = {
    say: async ({ room, text, replyTo, me }) => {
      const joined = this.#node.room(room);
      const reply = await this.#replied(joined, replyTo);
      return this.#said(joined, await joined.chat.say(text, { replyTo: reply, me }));
    },
    dm: async ({ room, person, text, replyTo }) => {
      const joined = this.#node.room(room);
      const to = await this.#member(joined, person);
      const reply = await this.#replied(joined, replyTo);
      await joined.chat.configure({ direct: { ...joined.chat.settings.direct, [to]: true } });
      return this.#said(joined, await joined.chat.say(text, { replyTo: reply, to }));
    },
    edit: async ({ room, id, text }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#message(joined, await joined.chat.edit(found, text));
    },
    delete: async ({ room, id }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#message(joined, await joined.chat.delete(found));
    },
    react: async ({ room, id, emoji, on }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#message(joined, await joined.chat.react(found, emoji, on));
    },
    history: (params) => this.#history(params),
    message: async ({ room, id }) => {
      const joined = this.#node.room(room);
      return this.#message(joined, await joined.chat.find(id));
    },
    read: async ({ room, upTo }) => {
      const { chat } = this.#node.room(room);
      const { unread, mentions } = await chat.read(
        upTo === undefined ? undefined : (await chat.find(upTo)).id,
      );
      return { unread, mentions };
    },
    unread: async () =>
      [...this.#node.rooms.values()].map((room) => ({ ...where(room), ...room.chat.counts, requests: 0 })),
    mentions: async ({ room, limit = PAGE }) => {
      const rooms = room === undefined ? [...this.#node.rooms.values()] : [this.#node.room(room)];
      const found: Message[] = [];
      for (const each of rooms)
        found.push(...(await this.#messages(each, await each.chat.page({ limit, mentionsMe: true }))));
      return found.sort((a, b) => (a.sent < b.sent ? -1 : 1)).slice(-limit);
    },
    typing: async ({ room, on }) => {
      this.#node.room(room).chat.typing(on);
      return {};
    },
    draft: async ({ room, text, replyTo }) => {
      const { chat } = this.#node.room(room);
      if (text !== undefined || replyTo !== undefined) {
        const { draft } = chat.settings;
        const reply = replyTo === undefined ? draft.replyTo : (replyTo as MessageId | null);
        await chat.configure({ draft: { text: text ?? draft.text, replyTo: text === '' ? null : reply } });
      }
      return chat.settings.draft;
    },
    retention: async ({ room, keep, reads }) => {
      const joined = kept(this.#node.room(room));
      if (keep !== undefined || reads !== undefined)
        await joined.chat.configure({
          ...(keep === undefined ? {} : { keep }),
          ...(reads === undefined ? {} : { reads }),
        });
      const { settings } = joined.chat;
      const { messages, bytes, oldest } = await joined.chat.size();
      return {
        ...where(joined),
        keep: settings.keep,
        reads: settings.reads,
        messages,
        bytes,
        oldest: oldest === null ? null : new Date(oldest).toISOString(),
      };
    },
    dmAnswer: async ({ room, person, accept }) => {
      const joined = this.#node.room(room);
      const id = await this.#member(joined, person);
      await joined.chat.configure({ direct: { ...joined.chat.settings.direct, [id]: accept } });
      return {};
    },
    members: async ({ room }) => {
      const joined = this.#node.room(room);
      const people = await joined.chat.people();
      for (const { id } of joined.members) if (!people.has(id)) people.set(id, null);
      return [...people].map(([id, spoke]) => ({
        person: this.#who(joined, id),
        here: joined.members.some((member) => member.id === id),
        lastSpoke: spoke === null ? null : new Date(spoke).toISOString(),
        ...joined.chat.reach(id),
      }));
    },
    export: (params) => this.#export(params),
    forget: async ({ room }) => {
      const { known, messages } = await this.#node.forget(room);
      return { room: known.label, roomId: known.keys.id, messages };
    },
  };

  constructor(
    node: ChatterNode,
    person: (id: PeerId, name: string) => Person,
    tell: (event: EventBody) => void,
  ) {
    this.#node = node;
    this.#person = person;
    this.#tell = tell;
  }

  answer<M extends ChatMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    return (this.#answers[method] as unknown as (params: Params<M>) => Promise<Result<M>>)(params);
  }

  watch(room: Room): void {
    const { chat } = room;
    const ref = where(room);
    // One after the other, in the order in which things happened, though each has to be looked up.
    let turn: Promise<void> = Promise.resolve();
    const tellLater = (event: () => Promise<EventBody>) => {
      turn = turn.then(async () => this.#tell(await event())).catch(() => undefined); // the room is closing
    };
    chat.on('message', (shown) =>
      tellLater(async () => ({ type: 'message', ...(await this.#message(room, shown)) })),
    );
    chat.on('edited', (shown) =>
      tellLater(async () => ({ type: 'message-edited', ...(await this.#message(room, shown)) })),
    );
    chat.on('deleted', ({ id, by, clock }) =>
      tellLater(async () => ({ type: 'message-deleted', ...ref, id, by: this.#who(room, by), clock })),
    );
    chat.on('reaction', ({ message, by, emoji, on }) =>
      tellLater(async () => {
        const { id, reactions } = await this.#message(room, message);
        return { type: 'reaction', ...ref, id, by: this.#who(room, by), emoji, on, reactions };
      }),
    );
    chat.on('delivered', ({ id, to, count }) =>
      tellLater(async () => {
        const of = await this.#others(room);
        return { type: 'message-delivered', ...ref, id, to: this.#who(room, to), count, of };
      }),
    );
    room.on('undelivered', ({ ids, to }) =>
      this.#tell({ type: 'message-undelivered', ...ref, ids, to: this.#who(room, to.id) }),
    );
    chat.on('receipt', ({ member, delivered, read }) =>
      tellLater(async () => ({ type: 'receipt', ...ref, peer: this.#who(room, member), delivered, read })),
    );
    chat.on('typing', ({ peer, on }) =>
      this.#tell({ type: 'typing', ...ref, peer: this.#who(room, peer), on }),
    );
    chat.on('counts', ({ unread, mentions }) =>
      tellLater(async () => ({ type: 'unread', ...ref, unread, mentions, requests: 0 })),
    );
    chat.on('changed', ({ added, done }) =>
      tellLater(async () => ({ type: 'history-changed', ...ref, added, done })),
    );
    chat.on('draft', ({ text, replyTo }) => this.#tell({ type: 'draft', ...ref, text, replyTo }));
    chat.on('notice', ({ code, peer }) =>
      this.#tell({
        type: 'history-notice',
        ...ref,
        code,
        text: ERRORS[code],
        ...(peer ? { peer: this.#who(room, peer) } : {}),
      }),
    );
  }

  async #history(params: Params<'history'>): Promise<Result<'history'>> {
    const { room: ref, limit = PAGE, before, after, around, since, search, from } = params;
    const room = this.#node.room(ref);
    const { chat } = room;
    const filter = {
      ...(since === undefined ? {} : { since: Date.parse(since) }),
      ...(from === undefined ? {} : { author: await this.#member(room, from, true) }),
    };
    const place = async (id: string | undefined) => (id === undefined ? undefined : chat.find(id));
    if (search !== undefined) {
      const beforeRow = (await place(before))?.row;
      const found = await chat.search(search, {
        ...filter,
        limit: limit + 1,
        ...(beforeRow ? { beforeRow } : {}),
      });
      const page = found.slice(-limit);
      const messages = await this.#messages(room, page);
      return {
        messages: messages.map((message) => ({ ...message, snippet: snippet(message.text, search) })),
        more: found.length > limit,
      };
    }
    const middle = await place(around);
    if (middle) {
      const half = Math.max(1, Math.floor(limit / 2));
      const older = await chat.page({ ...filter, before: middle, limit: half });
      const newer = await chat.page({ ...filter, after: middle, limit: half });
      return {
        messages: await this.#messages(room, [...older, middle, ...newer]),
        more: older.length === half,
      };
    }
    const [to, start] = [await place(before), await place(after)];
    const query: PageQuery = {
      ...filter,
      limit: limit + 1,
      ...(to ? { before: to } : {}),
      ...(start ? { after: start } : {}),
    };
    const found = await chat.page(query);
    const page = start ? found.slice(0, limit) : found.slice(-limit);
    return { messages: await this.#messages(room, page), more: found.length > limit };
  }

  async #export({ room: ref, out }: Params<'export'>): Promise<Result<'export'>> {
    if (!path.isAbsolute(out))
      throw new ChatterError('API_BAD_REQUEST', { message: 'export: out is absolute.' });
    const rooms = ref === undefined ? [...this.#node.rooms.values()] : [this.#node.room(ref)];
    let messages = 0;
    try {
      await mkdir(out, { mode: 0o700 });
      for (const room of rooms) messages += await this.#exportRoom(kept(room), out);
      const index = rooms.map((room) => ({ ...where(room), file: `${room.keys.id}.jsonl` }));
      await writeFile(path.join(out, 'rooms.json'), `${JSON.stringify(index, null, 2)}\n`, { mode: 0o600 });
    } catch (err) {
      const code = (err as NodeJS.ErrnoException).code === 'EEXIST' ? 'FILE_EXISTS' : 'DISK_FAILED';
      throw ChatterError.from(err, code);
    }
    return { folder: out, rooms: rooms.length, messages };
  }

  async #exportRoom(room: Room, out: string): Promise<number> {
    const file = await open(path.join(out, `${room.keys.id}.jsonl`), 'wx', 0o600);
    try {
      let count = 0;
      for (let after: Shown | undefined; ; ) {
        const start = after ?? { clock: 0, id: '' as MessageId };
        const page = await room.chat.page({ after: start, limit: EXPORTED_AT_ONCE });
        for (const message of await this.#messages(room, page))
          await file.write(`${JSON.stringify(message)}\n`);
        count += page.length;
        after = page.at(-1);
        if (!after || page.length < EXPORTED_AT_ONCE) return count;
      }
    } finally {
      await file.close();
    }
  }

  async #said(room: Room, { id, recipients, message }: Said): Promise<Result<'say'>> {
    return { id, recipients, message: await this.#message(room, message) };
  }

  async #replied({ chat }: Room, replyTo: string | undefined): Promise<MessageId | undefined> {
    return replyTo === undefined ? undefined : (await chat.find(replyTo)).id;
  }

  /** Somebody of the room, who may be away. */
  async #member(room: Room, ref: string, orSelf = false): Promise<PeerId> {
    try {
      return this.#node.personId(ref);
    } catch (err) {
      const { code } = ChatterError.from(err);
      if (orSelf && code === 'PEER_SELF') return this.#node.identity.id;
      const members = await room.chat.people();
      if (members.has(ref as PeerId)) return ref as PeerId;
      throw err;
    }
  }

  async #message(room: Room, shown: Shown): Promise<Message> {
    return (await this.#messages(room, [shown]))[0] as Message;
  }

  async #messages(room: Room, page: readonly Shown[]): Promise<Message[]> {
    const { chat } = room;
    const others = page.some(({ mine }) => mine) ? await this.#others(room) : 0;
    const sorted = page.toSorted(compare);
    const quotes = await this.#quotes(chat, sorted);
    return sorted.map((shown) => this.#asMessage(room, shown, others, quotes));
  }

  async #quotes(chat: RoomChat, page: readonly Shown[]): Promise<Map<MessageId, Shown>> {
    const quotes = new Map<MessageId, Shown>();
    for (const { replyTo } of page) {
      if (!replyTo || quotes.has(replyTo)) continue;
      const quoted = await chat.message(replyTo).catch(() => null); // it may be unknown here
      if (quoted) quotes.set(replyTo, quoted);
    }
    return quotes;
  }

  #asMessage(room: Room, shown: Shown, others: number, quotes: ReadonlyMap<MessageId, Shown>): Message {
    const { author, mine, to, replyTo } = shown;
    const person = (id: PeerId) => this.#who(room, id);
    const receipts = room.chat.receiptsOf(shown);
    const quoted = replyTo ? quotes.get(replyTo) : undefined;
    const isRequest =
      to !== null &&
      !mine &&
      !this.#node.trust.marks(author).verified &&
      room.chat.settings.direct[author] !== true;
    return {
      id: shown.id,
      ...where(room),
      kind: shown.kind,
      author: person(author),
      self: mine,
      text: shown.text,
      clock: shown.clock,
      sent: new Date(shown.sent).toISOString(),
      ...(shown.clockOff ? { clockOff: true } : {}),
      ...(replyTo ? { replyTo } : {}),
      ...(quoted
        ? {
            quote: {
              author: person(quoted.author),
              text: quoted.text.slice(0, QUOTE_CHARACTERS).toWellFormed(),
            },
          }
        : {}),
      ...(to ? { to: person(to) } : {}),
      ...(isRequest ? { request: true } : {}),
      mentionsMe: shown.mentionsMe,
      ...(shown.edited === null ? {} : { edited: new Date(shown.edited).toISOString() }),
      ...(shown.deleted ? { deleted: true } : {}),
      ...(shown.expired ? { expired: true } : {}),
      reactions: shown.reactions.map(({ emoji, people }) => ({
        emoji,
        people: people.map(person),
        mine: people.includes(this.#node.identity.id),
      })),
      deliveredTo: receipts.delivered.filter((id) => !to || id === to).map(person),
      readBy: receipts.read.filter((id) => !to || id === to).map(person),
      of: mine ? (to ? 1 : others) : 0,
      ...(!mine && shown.row > room.chat.readRow ? { unread: true } : {}),
    };
  }

  /** How many other people are to have what is said here: who is here, and who ever wrote. */
  async #others(room: Room): Promise<number> {
    const people = await room.chat.people();
    for (const { id } of room.members) people.set(id, null);
    return [...people.keys()].filter((id) => !this.#node.trust.marks(id).blocked).length;
  }

  #who(room: Room, id: PeerId): Person {
    const self = id === this.#node.identity.id ? room.name : undefined;
    const here = room.members.find((member) => member.id === id)?.name;
    const known = this.#node.people.find((person) => person.id === id)?.names[0];
    return this.#person(id, self ?? here ?? known ?? 'Somebody');
  }
}

const where = (room: Room) => ({ room: room.label, roomId: room.keys.id });

function kept(room: Room): Room {
  if (room.chat.live) throw new ChatterError('ROOM_LIVE');
  return room;
}
