import type { Params, Person, Result } from '../../daemon/api.js';
import type { Message } from '../../daemon/chat-api.js';
import type { PageStore } from '../state/page-store.js';
import {
  addNewer,
  addOlder,
  listen,
  type MessageWindow,
  openWindow,
  WINDOW_MESSAGES,
} from './message-window.js';
import { comparePlaces, type Place } from './place.js';
import { beginVisit, type Compose, extendUnread, markRead, show, type Talk } from './talk.js';

const FIRST_PAGE = 60;
/** Few enough to be drawn between two pictures of a scroll. */
const PAGE = 60;
/** Around a message that is jumped to. */
const AROUND = 120;
/** What of the page a talk needs. */
export type TalkStore = Pick<PageStore, 'change' | 'request' | 'room' | 'show'>;

export interface TalksOptions {
  /** From the first message that is seen until the node hears of it, ms. Default 700: receipts are for people. */
  readEveryMs?: number;
}

/**
 * What a person does with what is said: reads on, answers, changes, and marks as read. What follows is in the state of
 * the room. Methods that return a promise reject with RequestError, except those that only read on: what was lost
 * with the node is read again when it is back.
 *
 * 1. At most one page of a room is asked for at a time.
 */
export class Talks {
  readonly #store: TalkStore;
  readonly #readEveryMs: number;
  readonly #reading = new Map<string, Promise<void>>();
  readonly #marking = new Map<string, Place>();

  constructor(store: TalkStore, { readEveryMs = 700 }: TalksOptions = {}) {
    this.#store = store;
    this.#readEveryMs = readEveryMs;
  }

  /** Reads a room's talk anew: its end, or around what the reader is at. */
  async open(roomId: string, at: string | null): Promise<void> {
    await this.#reading.get(roomId);
    if ((this.#store.room(roomId)?.requests ?? 0) > 0) void this.#readRequests(roomId).catch(() => {});
    return at === null ? this.#readEnd(roomId) : this.#readAround(roomId, at);
  }

  /** Reads the page before what is held. */
  async older(roomId: string): Promise<void> {
    const { window } = this.#talk(roomId);
    const before = window.messages[0]?.id;
    if (!before || !window.olderLeft) return;
    await this.#read(roomId, async () => {
      const page = await this.#history(roomId, { before, limit: PAGE });
      const messages = this.#keep(roomId, page.messages);
      this.#store.change(roomId, (room) => {
        const { window: now } = room.talk;
        if (now.messages[0]?.id !== before) return room;
        const talk = extendUnread(room.talk, messages);
        return { ...room, talk: { ...talk, window: addOlder(now, messages, page.more) } };
      });
    });
  }

  /** Reads the page after what is held. */
  async newer(roomId: string): Promise<void> {
    const { window } = this.#talk(roomId);
    const after = window.messages.at(-1)?.id;
    if (!after || !window.newerLeft) return;
    await this.#read(roomId, async () => {
      this.#change(roomId, listen);
      const page = await this.#history(roomId, { after, limit: PAGE });
      this.#change(roomId, (now) =>
        now.messages.at(-1)?.id === after ? addNewer(now, this.#keep(roomId, page.messages), page.more) : now,
      );
    });
  }

  /** Goes to the newest message and stays at the end. */
  async toEnd(roomId: string): Promise<void> {
    await this.#reading.get(roomId);
    if (this.#talk(roomId).window.newerLeft) await this.#readEnd(roomId);
    this.set(roomId, { following: true, below: 0, target: null });
  }

  /** Brings a message into sight, however old it is. Rejects with RequestError where it is not here. */
  async jump(roomId: string, id: string): Promise<void> {
    const isHeld = this.#talk(roomId).window.messages.some((message) => message.id === id);
    if (!isHeld) this.#show(roomId, null);
    const { window } = this.#talk(roomId);
    if (window.stale || !isHeld) {
      await this.#store.request('message', { room: roomId, id });
      await this.#reading.get(roomId);
      await this.#readAround(roomId, id);
    }
    const { target } = this.#talk(roomId);
    this.set(roomId, { following: false, target: { id, turn: (target?.turn ?? 0) + 1, focus: true } });
  }

  /** Shows what was written between one person and oneself alone. */
  direct(roomId: string, person: Person): void {
    this.#store.show(roomId);
    this.#show(roomId, person);
  }

  /** Where the reader is. */
  set(roomId: string, change: Partial<Talk>): void {
    this.#store.change(roomId, (room) => ({ ...room, talk: { ...room.talk, ...change } }));
  }

  compose(roomId: string, change: Partial<Compose>): void {
    const { compose } = this.#talk(roomId);
    this.set(roomId, { compose: { ...compose, ...change } });
  }

  /** What is written next answers this message, to whom it was between. */
  reply(message: Message): void {
    const { roomId, to, self, author } = message;
    this.compose(roomId, { replyTo: message, editing: null, to: to ? (self ? to : author) : null });
  }

  /**
   * The reader has seen everything up to here, of which something was not read: it may stand before what was seen
   * earlier, where it came late. The node hears it a little later, once for many.
   */
  seen(roomId: string, upTo: Place): void {
    const marking = this.#marking.get(roomId);
    if (marking && comparePlaces(upTo, marking) <= 0) return;
    this.#marking.set(roomId, upTo);
    if (!marking) setTimeout(() => void this.#tellRead(roomId, upTo), this.#readEveryMs);
  }

  async react(message: Message, emoji: string, on: boolean): Promise<void> {
    await this.#store.request('react', { room: message.roomId, id: message.id, emoji, on });
  }

  async delete({ roomId, id }: Message): Promise<void> {
    await this.#store.request('delete', { room: roomId, id });
  }

  /** Lets somebody's direct messages in, those that wait too; or none of them any more. */
  async answerRequest(roomId: string, person: string, accept: boolean): Promise<void> {
    await this.#store.request('dmAnswer', { room: roomId, person, accept });
    const { requests, window } = this.#talk(roomId);
    this.set(roomId, {
      requests: requests.filter(({ author }) => author.id !== person),
      window: { ...window, stale: true, heard: [] },
    });
  }

  /** What comes while the node is told is not read by that, wherever it stands: it is seen, and told, again. */
  async #tellRead(roomId: string, first: Place): Promise<void> {
    const upTo = this.#marking.get(roomId) ?? first;
    this.#marking.delete(roomId);
    const told = new Set(this.#store.room(roomId)?.talk.window.messages.map(({ id }) => id));
    try {
      await this.#store.request('read', { room: roomId, upTo: upTo.id });
    } catch {
      return; // the node is gone: what is in sight is seen again when it is back
    }
    this.#store.change(roomId, (room) => ({ ...room, talk: markRead(room.talk, upTo, told) }), {
      by: 'node',
    });
  }

  /** Requests that are older than what is held. */
  async #readRequests(roomId: string): Promise<void> {
    const waiting = await this.#store.request('requests', { room: roomId });
    this.#keep(
      roomId,
      waiting.map(({ last }) => last),
    );
  }

  #readEnd(roomId: string): Promise<void> {
    return this.#read(roomId, async () => {
      this.#change(roomId, listen);
      const unread = this.#store.room(roomId)?.unread ?? 0;
      const limit = Math.min(WINDOW_MESSAGES, FIRST_PAGE + unread);
      const { direct } = this.#talk(roomId);
      const page = await this.#history(roomId, { limit });
      this.#opened(roomId, direct, page.messages, { older: page.more, newer: false });
    });
  }

  #readAround(roomId: string, id: string): Promise<void> {
    return this.#read(roomId, async () => {
      const { direct } = this.#talk(roomId);
      const page = await this.#history(roomId, { around: id, limit: AROUND });
      this.#opened(roomId, direct, page.messages, { older: page.more, newer: true });
    });
  }

  #opened(
    roomId: string,
    direct: Person | null,
    page: readonly Message[],
    left: { older: boolean; newer: boolean },
  ): void {
    if (this.#talk(roomId).direct?.id !== direct?.id) return; // something else is shown by now
    const messages = this.#keep(roomId, page);
    this.#store.change(roomId, (room) => {
      const isFirst = room.talk.window.stale && room.talk.window.messages.length === 0;
      const talk = { ...room.talk, window: openWindow(room.talk.window, messages, left) };
      return { ...room, talk: isFirst ? beginVisit(talk, room.unread) : talk };
    });
  }

  /** Requests wait in a place of their own, until they are answered. */
  #keep(roomId: string, page: readonly Message[]): readonly Message[] {
    const waiting = page.filter(({ request }) => request);
    if (waiting.length === 0) return page;
    const { requests } = this.#talk(roomId);
    const known = new Set(requests.map(({ id }) => id));
    this.set(roomId, { requests: [...requests, ...waiting.filter(({ id }) => !known.has(id))] });
    return page.filter(({ request }) => !request);
  }

  /** Invariant 1. */
  async #read(roomId: string, fn: () => Promise<void>): Promise<void> {
    if (this.#reading.has(roomId)) return;
    // The node may be gone, or the room not joined yet: the window stays stale and is read again.
    const reading = fn().catch(() => {});
    this.#reading.set(roomId, reading);
    await reading;
    this.#reading.delete(roomId);
  }

  /** A page of what is shown of a room. */
  #history(roomId: string, of: Omit<Params<'history'>, 'room'>): Promise<Result<'history'>> {
    const { direct } = this.#talk(roomId);
    return this.#store.request('history', { room: roomId, ...of, ...(direct ? { direct: direct.id } : {}) });
  }

  #show(roomId: string, direct: Person | null): void {
    this.#store.change(roomId, (room) =>
      room.talk.direct?.id === direct?.id ? room : { ...room, talk: show(room.talk, direct) },
    );
  }

  #change(roomId: string, change: (window: MessageWindow) => MessageWindow): void {
    this.#store.change(roomId, (room) => {
      const window = change(room.talk.window);
      return window === room.talk.window ? room : { ...room, talk: { ...room.talk, window } };
    });
  }

  #talk(roomId: string): Talk {
    const room = this.#store.room(roomId);
    if (!room) throw new Error('There is no such room.');
    return room.talk;
  }
}
