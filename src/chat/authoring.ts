import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import { type PeerId, publicKeyOf } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import { type Box, type Content, isEmoji, sealContent } from './content.js';
import type { HistoryPages } from './history-pages.js';
import type { MessageId } from './message.js';
import type { Shown } from './timeline.js';
import type { Said, Writing } from './writing.js';

export interface SayOptions {
  replyTo?: MessageId;
  /** A line about oneself: `/me waves`. */
  me?: boolean;
  /** The one person whom it is for. */
  to?: PeerId;
}

export interface AuthoringDependencies {
  self: Box & { readonly id: PeerId };
  pages: HistoryPages;
  writing: Writing;
}

/** What this person says and does to messages, checked before it is written. */
export class Authoring {
  readonly #deps: AuthoringDependencies;

  constructor(deps: AuthoringDependencies) {
    this.#deps = deps;
  }

  /** Throws MESSAGE_INVALID; PEER_UNKNOWN if `to` is nobody's key. */
  async say(text: string, { replyTo, me = false, to }: SayOptions = {}): Promise<Said> {
    checkText(text);
    const content: Content = { kind: me ? 'me' : 'text', text, replyTo: replyTo ?? null };
    return this.#deps.writing.write(this.#sealed(content, to ?? null), null);
  }

  /** Throws MESSAGE_UNKNOWN, NOT_YOURS, MESSAGE_DELETED, MESSAGE_INVALID. */
  async edit(id: MessageId, text: string): Promise<Shown> {
    checkText(text);
    const { to } = await this.#ownMessage(id);
    return this.#writeAbout(id, this.#sealed({ kind: 'edit', text }, to));
  }

  /** Deletes an own message for everyone. Throws as `edit` does. */
  async delete(id: MessageId): Promise<Shown> {
    await this.#ownMessage(id);
    return this.#writeAbout(id, { kind: 'delete' });
  }

  /** Throws MESSAGE_UNKNOWN, MESSAGE_DELETED, MESSAGE_INVALID. */
  async react(id: MessageId, emoji: string, on = true): Promise<Shown> {
    if (!isEmoji(emoji))
      throw new ChatterError('MESSAGE_INVALID', { message: 'A reaction is one character.' });
    const { to, author, deleted } = await this.#deps.pages.message(id);
    if (deleted) throw new ChatterError('MESSAGE_DELETED');
    const other = to === this.#deps.self.id ? author : to;
    return this.#writeAbout(id, this.#sealed({ kind: 'react', emoji, on }, other));
  }

  async #writeAbout(id: MessageId, content: Content): Promise<Shown> {
    await this.#deps.writing.write(content, id);
    return this.#deps.pages.message(id);
  }

  async #ownMessage(id: MessageId): Promise<Shown> {
    const shown = await this.#deps.pages.message(id);
    if (!shown.mine) throw new ChatterError('NOT_YOURS');
    if (shown.deleted) throw new ChatterError('MESSAGE_DELETED');
    return shown;
  }

  #sealed(content: Content, to: PeerId | null): Content {
    if (!to) return content;
    const sealed = sealContent(content, publicKeyOf(to), this.#deps.self);
    if (!sealed) throw new ChatterError('PEER_UNKNOWN');
    return sealed;
  }
}

function checkText(text: string): void {
  if (text.trim() === '' || b4a.byteLength(text) > LIMITS.lineBytes || !text.isWellFormed())
    throw new ChatterError('MESSAGE_INVALID');
}
