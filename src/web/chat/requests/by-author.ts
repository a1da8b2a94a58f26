import type { Message } from '../../../daemon/chat-api.js';

/** Waiting messages by who wrote them; who wrote last comes first. */
export function byAuthor(messages: readonly Message[]): { person: Message['author']; messages: Message[] }[] {
  const people = new Map<string, { person: Message['author']; messages: Message[] }>();
  for (const message of messages) {
    const known = people.get(message.author.id)?.messages ?? [];
    people.delete(message.author.id);
    people.set(message.author.id, { person: message.author, messages: [...known, message] });
  }
  return [...people.values()].reverse();
}
