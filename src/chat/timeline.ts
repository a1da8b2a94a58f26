import type { PeerId } from '../identity/peer-id.js';
import { peerId, publicKeyOf } from '../identity/peer-id.js';
import { showText } from '../text.js';
import { FLAG, type StoredMessage } from './chat-store.js';
import { type Box, type Content, decodeBody, openContent, sealedFor } from './content.js';
import { KINDS, type MessageId } from './message.js';
import { compare } from './order.js';

/** A message as it is shown, with what has been done to it since. */
export interface Shown {
  readonly id: MessageId;
  readonly clock: number;
  readonly row: number;
  readonly kind: 'text' | 'me' | 'file' | 'call';
  readonly author: PeerId;
  readonly mine: boolean;
  readonly text: string;
  readonly sent: number;
  readonly clockOff: boolean;
  readonly replyTo: MessageId | null;
  /** The one person whom a direct message is for. */
  readonly to: PeerId | null;
  readonly mentionsMe: boolean;
  /** When it was last edited. */
  readonly edited: number | null;
  readonly deleted: boolean;
  readonly expired: boolean;
  readonly reactions: readonly { emoji: string; people: readonly PeerId[] }[];
  readonly entry: Uint8Array | null;
  /** Highest clock of this folder's below it: its own where it is of this folder. */
  readonly covers: number;
}

/** What a message says to this person, and to whom if it is sealed. */
export interface Opened {
  readonly content: Content | null;
  readonly to: PeerId | null;
}

/** Reads messages as one person, who can open what was sealed by or for them. */
export class Reader {
  readonly self: PeerId;
  readonly #box: Box;

  constructor(self: PeerId, box: Box) {
    this.self = self;
    this.#box = box;
  }

  open({ author, kind, body }: Pick<StoredMessage, 'author' | 'kind' | 'body'>): Opened {
    const content = body && decodeBody(kind, body);
    if (content?.kind !== 'direct') return { content, to: null };
    const key = sealedFor(content.sealed);
    const to = key && peerId(key);
    if (!to || (author !== this.self && to !== this.self)) return { content: null, to };
    const other = author === this.self ? to : author;
    return { content: openContent(content.sealed, publicKeyOf(other), this.#box), to };
  }

  /** What is said in it, as far as it can be read. */
  text(message: Pick<StoredMessage, 'author' | 'kind' | 'body'>): string | null {
    const { content } = this.open(message);
    return content && 'text' in content ? showText(content.text) : null;
  }

  /** The edit that counts: the last one in the order of the room, by the message's author. */
  edit(message: StoredMessage, about: readonly StoredMessage[]): StoredMessage | null {
    let last: StoredMessage | null = null;
    for (const each of about) {
      if (each.author !== message.author || each.body === null) continue;
      if (this.open(each).content?.kind !== 'edit') continue;
      if (!last || compare(each, last) > 0) last = each;
    }
    return last;
  }

  /** What a message is found by. */
  found(message: StoredMessage, about: readonly StoredMessage[]): string | null {
    if ((message.flags & FLAG.shown) === 0 || (message.flags & (FLAG.erased | FLAG.expired)) !== 0)
      return null;
    const edit = this.edit(message, about);
    return this.text(edit ?? message);
  }

  show(message: StoredMessage, about: readonly StoredMessage[]): Shown {
    const { content, to } = this.open(message);
    const edit = this.edit(message, about);
    const deleted = (message.flags & FLAG.erased) !== 0;
    return {
      id: message.id,
      clock: message.clock,
      row: message.row,
      kind: shownKind(message, content),
      author: message.author,
      mine: (message.flags & FLAG.mine) !== 0,
      text: deleted ? '' : (this.text(edit ?? message) ?? ''),
      sent: message.sent,
      clockOff: (message.flags & FLAG.clockOff) !== 0,
      replyTo: content && 'replyTo' in content ? content.replyTo : null,
      to,
      mentionsMe: (message.flags & FLAG.mentionsMe) !== 0,
      edited: edit?.sent ?? null,
      deleted,
      expired: !deleted && message.body === null,
      reactions: deleted ? [] : this.#reactions(about),
      entry: content && 'entry' in content ? content.entry : null,
      covers: message.covers,
    };
  }

  #reactions(about: readonly StoredMessage[]): { emoji: string; people: PeerId[] }[] {
    const states = new Map<string, { emoji: string; author: PeerId; on: boolean }>();
    for (const each of about.toSorted(compare)) {
      const { content } = this.open(each);
      if (content?.kind !== 'react') continue;
      const { emoji, on } = content;
      states.set(`${each.author} ${emoji}`, { emoji, author: each.author, on });
    }
    const people = new Map<string, PeerId[]>();
    for (const { emoji, author, on } of states.values())
      if (on) people.set(emoji, [...(people.get(emoji) ?? []), author]);
    return [...people].map(([emoji, authors]) => ({ emoji, people: authors }));
  }
}

function shownKind(message: StoredMessage, content: Content | null): Shown['kind'] {
  const kind = content?.kind ?? KINDS[message.kind];
  return kind === 'me' || kind === 'file' || kind === 'call' ? kind : 'text';
}
