import path from 'node:path';
import type { MessageId } from '../chat/message.js';
import type { Said } from '../chat/writing.js';
import { ChatterError, ERRORS } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Talk } from '../node/kept-talks.js';
import type { ChatterNode } from '../node/node.js';
import { isLobby } from '../room/known-rooms.js';
import type { Room } from '../room/room.js';
import type { EventBody, Params, Person, Result } from './api.js';
import type { ChatMethod } from './api-node.js';
import type { Message, Standing } from './chat-api.js';
import { tellChat } from './chat-news.js';
import { exportHistories } from './export-history.js';
import { historyPage } from './history-view.js';
import { MessageView, where } from './message-view.js';

type Answers = { [M in ChatMethod]: (params: Params<M>) => Promise<Result<M>> };

const PAGE = 50;

/** Answers requests about what is said. What changes something needs a joined room; what reads needs a known one. */
export class ChatView {
  readonly #node: ChatterNode;
  readonly #tell: (event: EventBody) => void;
  readonly #view: MessageView;
  readonly #answers: Answers = {
    say: async ({ room, text, replyTo, me }) => {
      const joined = this.#node.room(room);
      const reply = await replied(joined, replyTo);
      return this.#said(joined, await joined.chat.say(text, { replyTo: reply, me }));
    },
    sayAll: async ({ room, texts }) => {
      const { chat } = this.#node.room(room);
      const lines: Result<'sayAll'>['lines'] = [];
      for (const text of texts)
        lines.push(
          await chat.say(text).then(
            ({ id, message }) => ({ id, clock: message.clock }),
            (err: unknown) => {
              const { code, message } = ChatterError.from(err);
              return { code, text: message };
            },
          ),
        );
      return { lines };
    },
    dm: async ({ room, person, text, replyTo }) => {
      const joined = this.#node.room(room);
      const to = await this.#member(joined, person);
      if (joined.chat.live && !joined.members.some(({ id }) => id === to))
        throw new ChatterError('DM_NOT_HERE');
      const reply = await replied(joined, replyTo);
      const said = await joined.chat.say(text, { replyTo: reply, to });
      await joined.chat.answerDirect(to, true); // who writes to somebody wants to hear their answer
      return this.#said(joined, said);
    },
    edit: async ({ room, id, text }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#view.message(joined, await joined.chat.edit(found, text));
    },
    delete: async ({ room, id }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#view.message(joined, await joined.chat.delete(found));
    },
    react: async ({ room, id, emoji, on }) => {
      const joined = this.#node.room(room);
      const { id: found } = await joined.chat.find(id);
      return this.#view.message(joined, await joined.chat.react(found, emoji, on));
    },
    history: async (params) => {
      const talk = await this.#node.talk(params.room);
      const author = params.from === undefined ? undefined : await this.#member(talk, params.from, true);
      const direct = params.direct === undefined ? undefined : await this.#member(talk, params.direct);
      return historyPage(talk, this.#view, { ...params, author, direct });
    },
    message: async ({ room, id }) => {
      const talk = await this.#node.talk(room);
      return this.#view.message(talk, await talk.chat.find(id));
    },
    read: async ({ room, upTo }) => {
      const { chat } = await this.#node.talk(room);
      const { unread, mentions } = await chat.read(
        upTo === undefined ? undefined : (await chat.find(upTo)).id,
      );
      return { unread, mentions };
    },
    unread: async () => [...this.#node.rooms.values()].map((room) => ({ ...where(room), ...countsOf(room) })),
    mentions: async ({ room, limit = PAGE }) => {
      const talks = room === undefined ? [...this.#node.rooms.values()] : [await this.#node.talk(room)];
      const found: Message[] = [];
      for (const talk of talks)
        found.push(...(await this.#view.messages(talk, await talk.chat.page({ limit, mentionsMe: true }))));
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
      const talk = kept(await this.#node.talk(room));
      if (keep !== undefined || reads !== undefined)
        await talk.chat.configure({
          ...(keep === undefined ? {} : { keep }),
          ...(reads === undefined ? {} : { reads }),
        });
      const { settings } = talk.chat;
      const { messages, bytes, oldest } = await talk.chat.size();
      return {
        ...where(talk),
        keep: settings.keep,
        reads: settings.reads,
        messages,
        bytes,
        oldest: oldest === null ? null : new Date(oldest).toISOString(),
      };
    },
    requests: async ({ room }) => {
      const talks = room === undefined ? [...this.#node.rooms.values()] : [await this.#node.talk(room)];
      return (await Promise.all(talks.map((talk) => this.#requests(talk)))).flat();
    },
    dmAnswer: async ({ room, person, accept }) => {
      const talk = await this.#node.talk(room);
      await talk.chat.answerDirect(await this.#member(talk, person), accept);
      return {};
    },
    members: async ({ room }) => {
      const talk = await this.#node.talk(room);
      const people = await talk.chat.people();
      for (const { id } of talk.members) if (!people.has(id)) people.set(id, null);
      return [...people].map(([id, spoke]) => ({
        person: this.#view.who(talk, id),
        here: talk.members.some((member) => member.id === id),
        lastSpoke: spoke === null ? null : new Date(spoke).toISOString(),
        ...talk.chat.reach(id),
      }));
    },
    export: async ({ room, out }) => {
      if (!path.isAbsolute(out))
        throw new ChatterError('API_BAD_REQUEST', { message: 'export: out is absolute.' });
      const refs = this.#node.known.filter((known) => !isLobby(known)).map(({ keys }) => keys.id);
      const talks = await Promise.all(
        (room === undefined ? refs : [room]).map((ref) => this.#node.talk(ref)),
      );
      const messages = await exportHistories(talks.map(kept), this.#view, out);
      return { folder: out, rooms: talks.length, messages };
    },
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
    this.#view = new MessageView(node, person);
    this.#tell = tell;
  }

  answer<M extends ChatMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    return (this.#answers[method] as unknown as (params: Params<M>) => Promise<Result<M>>)(params);
  }

  watch(room: Room): void {
    tellChat(room, this.#view, this.#tell);
  }

  /** Tells whoever has just begun to listen what the disk had damaged. */
  tellDamage(room: Room): void {
    for (const code of this.#node.damageOf(room))
      this.#tell({ type: 'history-notice', ...where(room), code, text: ERRORS[code] });
  }

  /** How a known room stands: what was not read, who waits, and what was said last. */
  async standing(roomId: string): Promise<Standing> {
    try {
      const talk = await this.#node.talk(roomId);
      const [last] = await this.#view.messages(talk, await talk.chat.page({ limit: 1 }));
      return { ...countsOf(talk), last: last ?? null };
    } catch (err) {
      if (ChatterError.from(err).code !== 'ROOM_UNKNOWN') throw err;
      return { unread: 0, mentions: 0, requests: 0, last: null }; // the lobby, while nobody is in it
    }
  }

  async #requests(talk: Talk): Promise<Result<'requests'>> {
    const waiting = await talk.chat.requests();
    const last = await talk.chat.messages(waiting.map((sender) => sender.last));
    const shown = await this.#view.messages(talk, last);
    return waiting.flatMap(({ author, messages, last: id }) => {
      const message = shown.find((each) => each.id === id);
      return message ? { ...where(talk), person: this.#view.who(talk, author), messages, last: message } : [];
    });
  }

  async #said(room: Room, { id, recipients, message }: Said): Promise<Result<'say'>> {
    return { id, recipients, message: await this.#view.message(room, message) };
  }

  /** Somebody of the room, who may be away. */
  async #member({ chat }: Talk, ref: string, orSelf = false): Promise<PeerId> {
    try {
      return this.#node.personId(ref);
    } catch (err) {
      const { code } = ChatterError.from(err);
      if (orSelf && code === 'PEER_SELF') return this.#node.identity.id;
      const members = await chat.people();
      if (members.has(ref as PeerId)) return ref as PeerId;
      throw err;
    }
  }
}

/** What was not read in a room, and how many people's direct messages wait for an answer. */
export const countsOf = ({ chat }: Talk) => ({ ...chat.counts, requests: chat.waiting });

async function replied({ chat }: Talk, replyTo: string | undefined): Promise<MessageId | undefined> {
  return replyTo === undefined ? undefined : (await chat.find(replyTo)).id;
}

function kept<T extends Talk>(talk: T): T {
  if (talk.chat.live) throw new ChatterError('ROOM_LIVE');
  return talk;
}
