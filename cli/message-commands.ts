import type { Message } from '../src/daemon/chat-api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { messageByTag } from './message-tag.js';

const VERBS = ['reply', 'edit', 'delete', 'react'] as const;
export type MessageVerb = (typeof VERBS)[number];

export const isMessageVerb = (verb: string): verb is MessageVerb => VERBS.includes(verb as MessageVerb);

/** Whether a verb can be about a message. */
export function suits(verb: MessageVerb, { self, deleted, expired, kind, request }: Message): boolean {
  if (deleted || request) return false;
  if (verb === 'delete') return self;
  return verb === 'edit' ? self && !expired && (kind === 'text' || kind === 'me') : true;
}

/**
 * What `#a3f2 some words` after a verb is about; without a tag the last message of one's own, or, to answer and react,
 * of somebody else. `messages` are those shown, the newest last. Throws MESSAGE_UNKNOWN and USAGE.
 */
export function aboutMessage(
  verb: MessageVerb,
  argument: string,
  messages: Iterable<Message>,
): { message: Message; text: string; tagged: boolean } {
  const [, tag, rest = ''] = /^(#[0-9a-f]{4,64})(?:\s+(.*))?$/is.exec(argument) ?? [];
  if (tag !== undefined) return { message: messageByTag(messages, tag), text: rest, tagged: true };
  const isOwn = verb === 'edit' || verb === 'delete';
  const message = [...messages].findLast((each) => each.self === isOwn && suits(verb, each));
  if (message) return { message, text: argument, tagged: false };
  throw new ChatterError('MESSAGE_UNKNOWN', {
    message: isOwn
      ? 'You have said nothing here that was shown.'
      : 'Nobody else has said anything here that was shown.',
  });
}

/** Answers a message: to one person alone where it was said to one alone. */
export async function reply(client: Client, message: Message, text: string): Promise<void> {
  const { roomId: room, id: replyTo, to, self, author } = message;
  if (to) await client.request('dm', { room, person: self ? to.id : author.id, text, replyTo });
  else await client.request('say', { room, text, replyTo });
}

/** `/reply`, `/edit`, `/delete` and `/react`; resolves to what is to be shown. */
export async function messageCommand(
  client: Client,
  verb: MessageVerb,
  argument: string,
  messages: Iterable<Message>,
): Promise<string[]> {
  const { message, text, tagged } = aboutMessage(verb, argument, messages);
  const { roomId: room, id } = message;
  switch (verb) {
    case 'reply':
      await reply(client, message, needed(text, '/reply needs words: /reply TEXT, or /reply #TAG TEXT.'));
      return [];
    case 'edit':
      await client.request('edit', {
        room,
        id,
        text: needed(text, '/edit needs the new words: /edit #TAG TEXT.'),
      });
      return [];
    case 'delete':
      // What cannot be taken back is done to what was named alone.
      if (!tagged)
        throw new ChatterError('USAGE', {
          message: '/delete needs the tag of a message of yours: /delete #TAG.',
        });
      await client.request('delete', { room, id });
      return ['Deleted for everyone: at once where people are here, for the others when they return.'];
    default: {
      const emoji = needed(text.trim(), '/react needs an emoji: /react 👍, or /react #TAG 👍.');
      const on = !message.reactions.some((each) => each.emoji === emoji && each.mine);
      await client.request('react', { room, id, emoji, on });
      return [];
    }
  }
}

function needed(text: string, message: string): string {
  if (text.trim() === '') throw new ChatterError('USAGE', { message });
  return text;
}
