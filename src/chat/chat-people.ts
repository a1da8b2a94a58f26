import type { PeerId } from '../identity/peer-id.js';
import type { ChatStore } from './chat-store.js';
import type { LivePush } from './live-push.js';
import type { Reach, Receipts } from './receipts.js';
import type { Shown } from './timeline.js';

export interface ChatPeopleDependencies {
  self: PeerId;
  store: ChatStore;
  receipts: Receipts;
  push: LivePush;
  live: boolean;
}

/** The people of a history: who has written in it, and who has what of it. */
export class ChatPeople {
  readonly #deps: ChatPeopleDependencies;

  constructor(deps: ChatPeopleDependencies) {
    this.#deps = deps;
  }

  /** Everybody who ever wrote here or gave a receipt, but oneself; when they last wrote, in ms since 1970. */
  async all(): Promise<Map<PeerId, number | null>> {
    const { self, store, receipts } = this.#deps;
    const people = new Map<PeerId, number | null>();
    for (const member of receipts.members) people.set(member, null);
    for (const { author, sent } of await store.authors()) people.set(author, sent);
    people.delete(self);
    return people;
  }

  reach(member: PeerId): Reach {
    return this.#deps.receipts.reach(member);
  }

  /** Who has an own message, and who has read it. What another folder of one's own wrote is not known. */
  receiptsOf({ id, mine, clock, covers }: Shown): { delivered: PeerId[]; read: PeerId[] } {
    const { self, receipts, push, live } = this.#deps;
    if (!mine) return { delivered: [], read: [] };
    if (live) return { delivered: [...push.have(id)], read: [] };
    if (covers !== clock) return { delivered: [], read: [] };
    const isOther = (member: PeerId) => member !== self;
    return {
      delivered: receipts.have(clock).filter(isOther),
      read: receipts.haveRead(clock).filter(isOther),
    };
  }
}
