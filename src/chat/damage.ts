import type { PeerId } from '../identity/peer-id.js';
import type { ChatStore, StoredMessage } from './chat-store.js';
import type { Messages } from './message.js';
import type { MissingBodies } from './missing-bodies.js';
import type { Notices } from './notices.js';
import { canBeMarkedSo } from './sound.js';
import type { Work } from './work.js';

export interface DamageDependencies {
  self: PeerId;
  store: ChatStore;
  messages: Messages;
  bodies: MissingBodies;
  work: Work;
  notices: Notices;
}

/** What the disk has changed of a history: told, and asked for again as far as others can give it. */
export class Damage {
  readonly #deps: DamageDependencies;
  #known = false;

  constructor(deps: DamageDependencies) {
    this.#deps = deps;
  }

  /** A part of this history was damaged on this disk. */
  get known(): boolean {
    return this.#known;
  }

  /** Tells of it once. */
  tell(): void {
    this.#known = true;
    this.#deps.notices.tell('HISTORY_DAMAGED');
  }

  /** Bodies that are not what their headers say go, and are asked for again; for anything else the database is mended. */
  found(damaged: readonly StoredMessage[]): void {
    const { self, store, messages, bodies, work } = this.#deps;
    this.tell();
    const placed = damaged.filter((message) => messages.isPlaced(message) && canBeMarkedSo(message, self));
    if (placed.length < damaged.length) store.damaged();
    if (placed.length === 0) return;
    work.attempt(async () => {
      await work.alone(() => bodies.drop(placed));
      await bodies.ask();
    });
  }
}
