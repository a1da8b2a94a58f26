import type { Message } from '../src/daemon/chat-api.js';

/** Nobody names what went by so long ago without looking for it. */
const REMEMBERED = 1_000;

/** The messages that a window has shown lately: what a tag can mean there. */
export class ShownMessages implements Iterable<Message> {
  readonly #messages = new Map<string, Message>();

  /** Takes a message, or what became of it. */
  see(message: Message): void {
    this.#messages.delete(message.id);
    this.#messages.set(message.id, message);
    if (this.#messages.size > REMEMBERED) this.#messages.delete(this.#messages.keys().next().value as string);
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** Whoever was shown last comes last. */
  [Symbol.iterator](): Iterator<Message> {
    return this.#messages.values();
  }
}
