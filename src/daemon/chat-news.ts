import { ERRORS } from '../errors.js';
import type { Room } from '../room/room.js';
import type { EventBody } from './api.js';
import { type MessageView, where } from './message-view.js';

/** What happens in a room's history as events, in the order in which it happened, though each has to be looked up. */
export function tellChat(room: Room, view: MessageView, tell: (event: EventBody) => void): void {
  const { chat } = room;
  const ref = where(room);
  let turn: Promise<void> = Promise.resolve();
  const later = (event: () => Promise<EventBody>) => {
    turn = turn.then(async () => tell(await event())).catch(() => undefined); // the room is closing
  };
  chat.on('message', (shown) =>
    later(async () => ({ type: 'message', ...(await view.message(room, shown)) })),
  );
  chat.on('edited', (shown) =>
    later(async () => ({ type: 'message-edited', ...(await view.message(room, shown)) })),
  );
  chat.on('deleted', ({ id, by, clock }) =>
    later(async () => ({ type: 'message-deleted', ...ref, id, by: view.who(room, by), clock })),
  );
  chat.on('reaction', ({ message, by, emoji, on }) =>
    later(async () => {
      const { id, reactions } = await view.message(room, message);
      return { type: 'reaction', ...ref, id, by: view.who(room, by), emoji, on, reactions };
    }),
  );
  chat.on('delivered', ({ id, to, count }) =>
    later(async () => {
      const of = await view.others(room);
      return { type: 'message-delivered', ...ref, id, to: view.who(room, to), count, of };
    }),
  );
  room.on('undelivered', ({ ids, to }) =>
    tell({ type: 'message-undelivered', ...ref, ids, to: view.who(room, to.id) }),
  );
  chat.on('receipt', ({ member, delivered, read }) =>
    later(async () => ({ type: 'receipt', ...ref, peer: view.who(room, member), delivered, read })),
  );
  chat.on('typing', ({ peer, on }) => tell({ type: 'typing', ...ref, peer: view.who(room, peer), on }));
  chat.on('counts', ({ unread, mentions }) =>
    later(async () => ({ type: 'unread', ...ref, unread, mentions, requests: chat.waiting })),
  );
  chat.on('changed', ({ added, done }) =>
    later(async () => ({ type: 'history-changed', ...ref, added, done })),
  );
  chat.on('draft', ({ text, replyTo }) => tell({ type: 'draft', ...ref, text, replyTo }));
  chat.on('notice', ({ code, peer }) =>
    tell({
      type: 'history-notice',
      ...ref,
      code,
      text: ERRORS[code],
      ...(peer ? { peer: view.who(room, peer) } : {}),
    }),
  );
}
