import type { PeerId } from '../identity/peer-id.js';
import type { Trust } from '../identity/trust.js';
import type { ChatStore, DirectSender, LeftOut, RoomSettings } from './chat-store.js';

export interface WelcomeDependencies {
  store: ChatStore;
  trust: Trust;
  /** Whose direct messages are wanted, or not, though they are not verified. */
  answers: () => RoomSettings['direct'];
  /** Everybody who has written in the room. */
  authors: () => Iterable<PeerId>;
}

/**
 * Whose messages are shown, and whose direct messages wait until it is said whether they are wanted.
 *
 * 1. Nothing of a blocked person is shown, nor counted; unblocked, all of it is there again.
 * 2. Direct messages of somebody who is not verified wait for an answer. Until then they are shown as a request and not
 *    counted; declined, they are not shown.
 */
export class Welcome {
  readonly #deps: WelcomeDependencies;
  readonly #senders = new Set<PeerId>();

  constructor(deps: WelcomeDependencies) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const { author } of await this.#deps.store.directSenders()) this.#senders.add(author);
  }

  /** Whether this person has sent direct messages to this one. */
  knows(sender: PeerId): boolean {
    return this.#senders.has(sender);
  }

  /** Somebody has sent a direct message to this person. */
  heard(sender: PeerId): void {
    this.#senders.add(sender);
  }

  /** Whether direct messages of this person wait for an answer. */
  waits(sender: PeerId): boolean {
    const { verified, blocked } = this.#deps.trust.marks(sender);
    return !verified && !blocked && this.#deps.answers()[sender] === undefined;
  }

  /** Those who wait for an answer. */
  get waiting(): PeerId[] {
    return [...this.#senders].filter((sender) => this.waits(sender));
  }

  /** Those who wait, with how much they sent; who wrote last is last. */
  async requests(): Promise<DirectSender[]> {
    return (await this.#deps.store.directSenders()).filter(({ author }) => this.waits(author));
  }

  hides(author: PeerId, isDirect: boolean): boolean {
    if (this.#deps.trust.marks(author).blocked) return true;
    return isDirect && this.#deps.answers()[author] === false;
  }

  counts(author: PeerId, isDirect: boolean): boolean {
    return !this.hides(author, isDirect) && !(isDirect && this.waits(author));
  }

  /** What is not shown. */
  get hidden(): LeftOut {
    const { trust, authors } = this.#deps;
    const blocked = [...new Set(authors())].filter((author) => trust.marks(author).blocked);
    return { authors: blocked, direct: [...this.#senders].filter((sender) => this.hides(sender, true)) };
  }

  /** What is not counted. */
  get uncounted(): LeftOut {
    const { authors, direct } = this.hidden;
    return { authors, direct: [...direct, ...this.waiting] };
  }
}
