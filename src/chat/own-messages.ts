import type { MessageId } from './message.js';

const REMEMBERED = 256;

/** The newest messages that were written here: those whose way to others is told message by message. */
export class OwnMessages {
  readonly #messages: { readonly id: MessageId; readonly clock: number }[] = [];

  add(id: MessageId, clock: number): void {
    this.#messages.push({ id, clock });
    if (this.#messages.length > REMEMBERED) this.#messages.shift();
  }

  /** Those after one clock, up to another. */
  between(after: number, upTo: number): readonly { readonly id: MessageId; readonly clock: number }[] {
    return this.#messages.filter(({ clock }) => clock > after && clock <= upTo);
  }
}
