import type { PeerId } from '../identity/peer-id.js';
import { FLAG, type StoredMessage } from './chat-store.js';
import { KINDS, type Messages } from './message.js';

export interface SoundOptions {
  messages: Messages;
  self: PeerId;
  /** The room keeps nothing: its clocks are of this node alone. */
  live: boolean;
}

/** Whether a stored message is what was verified when it came, and what is kept beside it can be true of it. */
export function isSound(stored: StoredMessage, { messages, self, live }: SoundOptions): boolean {
  return messages.isWhole(stored) && canBeMarkedSo(stored, self) && (live || messages.isPlaced(stored));
}

/** Whether these marks can be a message's: one bit more or less would show it as deleted, or as one's own. */
export function canBeMarkedSo({ flags, author, body, target, kind }: StoredMessage, self: PeerId): boolean {
  const is = (flag: number) => (flags & flag) !== 0;
  if (is(FLAG.mine) !== (author === self)) return false;
  if (is(FLAG.erased | FLAG.expired | FLAG.awaited) !== (body === null)) return false;
  return !is(FLAG.shown) || (target === null && !NEVER_SHOWN.has(kind));
}

const NEVER_SHOWN = new Set((['edit', 'delete', 'react'] as const).map((kind) => KINDS.indexOf(kind)));
