import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Message, MessageId } from './message.js';

/** One instance, and how it is sent a message. */
export interface LivePeer {
  readonly id: PeerId;
  readonly send: (message: Message) => void;
}

export interface LivePushEvents {
  delivered(id: MessageId, to: PeerId, count: number): void;
  undelivered(ids: readonly MessageId[], to: PeerId): void;
}

/**
 * Messages to those who are here now, and to nobody later.
 *
 * 1. A message is sent to each peer until it has confirmed it, over any change of stream.
 * 2. It counts as delivered when somebody has confirmed it, not when it was written.
 * 3. A peer that confirms nothing costs at most `unacknowledgedLines` messages; then it misses some, and nobody else.
 */
export class LivePush {
  readonly #events: LivePushEvents;
  readonly #waiting = new Map<LivePeer, Message[]>();
  readonly #have = new Map<MessageId, Set<PeerId>>();

  constructor(events: LivePushEvents) {
    this.#events = events;
  }

  add(peer: LivePeer): void {
    this.#waiting.set(peer, []);
  }

  remove(peer: LivePeer): void {
    const waiting = this.#waiting.get(peer) ?? [];
    this.#waiting.delete(peer);
    const missing = waiting.filter(({ id }) => !this.#have.get(id)?.has(peer.id)).map(({ id }) => id);
    if (missing.length > 0) this.#events.undelivered(missing, peer.id);
  }

  /** The channel is open on another stream. */
  reset(peer: LivePeer): void {
    for (const message of this.#waiting.get(peer) ?? []) peer.send(message);
  }

  push(message: Message): void {
    for (const [peer, waiting] of this.#waiting) {
      if (waiting.length >= LIMITS.unacknowledgedLines) continue; // Invariant 3
      waiting.push(message);
      peer.send(message);
    }
  }

  got(peer: LivePeer, ids: readonly MessageId[]): void {
    const waiting = this.#waiting.get(peer) ?? [];
    for (const id of ids) {
      const at = waiting.findIndex((message) => message.id === id);
      if (at < 0) continue;
      waiting.splice(at, 1);
      const people = this.#have.get(id) ?? new Set();
      if (people.has(peer.id)) continue;
      this.#have.set(id, people.add(peer.id));
      if (this.#have.size > LIMITS.unacknowledgedLines)
        this.#have.delete(this.#have.keys().next().value as MessageId);
      this.#events.delivered(id, peer.id, people.size);
    }
  }

  /** Who has confirmed a message. */
  have(id: MessageId): readonly PeerId[] {
    return [...(this.#have.get(id) ?? [])];
  }
}
