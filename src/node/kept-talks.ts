import type { RoomChat } from '../chat/room-chat.js';
import type { KnownRoom } from '../room/known-rooms.js';
import type { Member } from '../room/room.js';

/** What was said in a room and who is there to talk with; a joined room is one. */
export interface Talk {
  readonly keys: { readonly id: string };
  readonly label: string;
  /** The own name in the room. */
  readonly name: string;
  readonly members: readonly Member[];
  readonly chat: RoomChat;
}

/**
 * The histories of rooms that are known and not joined now, as they lie on this disk: each is opened when it is first
 * looked at, and closed before its room is joined or forgotten.
 */
export class KeptTalks {
  readonly #chatOf: (known: KnownRoom) => Promise<RoomChat>;
  readonly #chats = new Map<string, Promise<RoomChat>>();

  constructor(chatOf: (known: KnownRoom) => Promise<RoomChat>) {
    this.#chatOf = chatOf;
  }

  async of(known: KnownRoom, name: string): Promise<Talk> {
    const { keys, label } = known;
    const chat = this.#chats.get(keys.id) ?? this.#open(known);
    this.#chats.set(keys.id, chat);
    return { keys, label, name, members: [], chat: await chat };
  }

  /** Lets go of a room's history. */
  async release(id: string): Promise<void> {
    const chat = this.#chats.get(id);
    this.#chats.delete(id);
    await (await chat?.catch(() => undefined))?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#chats.keys()].map((id) => this.release(id)));
  }

  async #open(known: KnownRoom): Promise<RoomChat> {
    try {
      const chat = await this.#chatOf(known);
      await chat.open();
      return chat;
    } catch (err) {
      this.#chats.delete(known.keys.id);
      throw err;
    }
  }
}
