import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';

/** Above this part of a room's room for messages an author may have `AUTHOR_SHARE` of it at most. */
const TIGHT = 0.8;
const AUTHOR_SHARE = 0.25;

/** How much room a room's messages take, and whose more of it may be. */
export class LogQuota {
  readonly #shares = new Map<PeerId, number>();
  #count = 0;

  /** Messages stored. */
  get count(): number {
    return this.#count;
  }

  /** So many messages of an author were stored. */
  add(author: PeerId, messages: number): void {
    this.#shares.set(author, (this.#shares.get(author) ?? 0) + messages);
    this.#count += messages;
  }

  has(author: PeerId): boolean {
    return (this.#shares.get(author) ?? 0) > 0;
  }

  /** Whether another message of this author is taken in; `coming` are stored with it, and count already. */
  hasRoom(author: PeerId, coming: number): boolean {
    const count = this.#count + coming;
    if (count < LIMITS.chatRoomMessages * TIGHT) return true;
    if (count >= LIMITS.chatRoomMessages) return false;
    return (this.#shares.get(author) ?? 0) < count * AUTHOR_SHARE;
  }
}
