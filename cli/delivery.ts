import type { Message } from '../src/daemon/chat-api.js';

/**
 * Who has an own message, in few words; empty for what somebody else said. In a room of which nothing is kept (`live`)
 * whoever comes later gets nothing. Only those count who gave a receipt for it.
 */
export function deliveryWords(message: Message, live: boolean): string {
  const { self, to, deliveredTo, readBy, of, deleted } = message;
  if (!self || deleted) return '';
  const [have, read] = [deliveredTo.length, readBy.length];
  if (have === 0) return live ? 'nobody has it' : to ? 'kept until they come' : 'only here so far';
  if (to || of === 1) return read > 0 ? 'read' : 'delivered';
  if (have < of) return `with ${have} of ${of}`;
  if (read === 0) return `with all ${of}`;
  return read < of ? `read by ${read} of ${of}` : 'read by all';
}

/** An own message once somebody has everything up to clock `delivered`, and has read up to `read`. */
export function withReceipt(
  message: Message,
  { peer, delivered, read }: { peer: Message['author']; delivered: number; read: number },
): Message {
  const { self, to, clock, deliveredTo, readBy } = message;
  if (!self || (to && to.id !== peer.id)) return message;
  const has = (people: readonly { id: string }[]) => people.some(({ id }) => id === peer.id);
  const isNew = clock <= delivered && !has(deliveredTo);
  const isRead = clock <= read && !has(readBy);
  if (!isNew && !isRead) return message;
  return {
    ...message,
    deliveredTo: isNew ? [...deliveredTo, peer] : deliveredTo,
    readBy: isRead ? [...readBy, peer] : readBy,
  };
}
