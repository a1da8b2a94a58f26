import type { PeerId } from '../identity/peer-id.js';
import type { Counts, RoomSettings } from './chat-store.js';
import type { MessageId } from './message.js';
import type { Notice } from './notices.js';
import type { Reach } from './receipts.js';
import type { Shown } from './timeline.js';

/** What happens in the chat of a room. */
export type ChatEvents = {
  message: [Shown];
  edited: [Shown];
  deleted: [{ id: MessageId; by: PeerId; clock: number }];
  reaction: [{ message: Shown; by: PeerId; emoji: string; on: boolean }];
  /** `count` people have it now; `to` is the latest of them. */
  delivered: [{ id: MessageId; to: PeerId; count: number }];
  /** Live rooms: the last stream to somebody was lost before they confirmed these. */
  undelivered: [{ ids: readonly MessageId[]; to: PeerId }];
  receipt: [{ member: PeerId } & Reach];
  typing: [{ peer: PeerId; on: boolean }];
  counts: [Counts];
  /** Much came, or went, at once: what is shown is to be read again. */
  changed: [{ added: number; done: boolean }];
  notice: [Notice];
  draft: [RoomSettings['draft']];
};
