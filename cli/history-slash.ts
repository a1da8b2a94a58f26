import type { Person } from '../src/daemon/api.js';
import type { Message } from '../src/daemon/chat-api.js';
import type { Client } from '../src/daemon/client.js';
import { ChatterError } from '../src/errors.js';
import { Names } from './event-lines.js';
import { dayAndTime, messageLines } from './message-lines.js';
import { PLAIN, safe } from './output.js';
import { personLabel } from './person-commands.js';

const VERBS = ['search', 'history', 'mentions', 'dm', 'requests', 'allow', 'refuse'] as const;
type HistoryVerb = (typeof VERBS)[number];

export const isHistoryVerb = (verb: string): verb is HistoryVerb => VERBS.includes(verb as HistoryVerb);

const FOUND = 20;
const MOST = 500;
/** Of what waited so many messages are shown once it is allowed; `/history` and `/search` find the others. */
const SHOWN_DIRECT = 100;

interface HistoryContext {
  room: string;
  /** Is told of the messages that are shown. */
  see: (message: Message) => void;
  /** What is allowed now stands in the window by itself. */
  showsHistory: boolean;
}

/** `/search`, `/dm` and the like in a room; resolves to what is to be shown. */
export async function historyCommand(
  client: Client,
  verb: HistoryVerb,
  argument: string,
  { room, see, showsHistory }: HistoryContext,
): Promise<string[]> {
  switch (verb) {
    case 'search': {
      if (!argument) throw new ChatterError('USAGE', { message: '/search needs words.' });
      const { messages, more } = await client.request('history', { room, search: argument, limit: FOUND });
      const lines = shown(messages, see);
      if (lines.length === 0) return ['Nothing was found.'];
      return more ? [...lines, `The newest ${FOUND}; more words find less.`] : lines;
    }
    case 'history': {
      const limit = argument === '' ? FOUND : Number(argument);
      if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
        throw new ChatterError('USAGE', { message: `/history takes a number from 1 to ${MOST}.` });
      const { messages } = await client.request('history', { room, limit });
      return messages.length === 0 ? ['Nothing was said here.'] : shown(messages, see);
    }
    case 'mentions': {
      const lines = shown(await client.request('mentions', { room, limit: FOUND }), see);
      return lines.length === 0 ? ['Nothing here mentions you.'] : lines;
    }
    case 'dm': {
      const members = await client.request('members', { room });
      const { person, text } = personAndText(
        argument,
        members.map((member) => member.person),
      );
      await client.request('dm', { room, person, text });
      return [];
    }
    case 'requests': {
      const waiting = await client.request('requests', { room });
      const lines = waiting.map(
        ({ person, messages }) =>
          `${personLabel(person)}  ${messages} ${messages === 1 ? 'message' : 'messages'}`,
      );
      return lines.length === 0
        ? ['Nobody waits for an answer.']
        : [...lines, '/allow NAME shows it; /refuse NAME'];
    }
    default: {
      if (!argument) throw new ChatterError('USAGE', { message: `/${verb} needs a name, or name#tag.` });
      await client.request('dmAnswer', { room, person: argument, accept: verb === 'allow' });
      if (verb === 'refuse') return [`What ${safe(argument)} writes to you alone is not shown.`];
      const told = `What ${safe(argument)} writes to you alone is shown`;
      if (showsHistory) return [`${told}, where it was written.`];
      return [`${told}.`, ...shown(await directFrom(client, room, argument), see)];
    }
  }
}

/** The newest of what somebody wrote to one alone, however much they said to everybody since. */
async function directFrom(client: Client, room: string, from: string): Promise<Message[]> {
  const direct: Message[] = [];
  let before: string | undefined;
  for (;;) {
    const page = await client.request('history', { room, from, before, limit: MOST });
    direct.unshift(...page.messages.filter(({ to, self }) => to && !self));
    before = page.messages[0]?.id;
    if (!page.more || before === undefined || direct.length >= SHOWN_DIRECT)
      return direct.slice(-SHOWN_DIRECT);
  }
}

function shown(messages: readonly Message[], see: (message: Message) => void): string[] {
  const names = new Names();
  for (const message of messages) {
    names.see(message.author);
    see(message);
  }
  const today = dayAndTime(new Date().toISOString()).slice(0, 10);
  return messages.flatMap((message) =>
    messageLines(message, { paint: PLAIN, nameOf: (person) => names.of(person), full: true, today }),
  );
}

/**
 * Who and what in `Blue Heron lunch?`: the longest name of `people` that it begins with, in quotes or not, or a first
 * word that can be a name or tag. Throws USAGE where there is nobody or nothing.
 */
export function personAndText(argument: string, people: readonly Person[]): { person: string; text: string } {
  const [, quoted, afterQuote = ''] = /^"([^"]+)"[:,]?\s+(.*)$/s.exec(argument) ?? [];
  if (quoted !== undefined) return { person: quoted, text: afterQuote };
  const refs = people.flatMap((person) => [`${person.name}#${person.tag}`, person.name]);
  const lower = argument.toLowerCase();
  const isNameAlone = refs.some((name) => name.toLowerCase() === lower.trimEnd());
  const ref = refs
    .filter((name) => lower.startsWith(name.toLowerCase()) && /^[:,]?\s/.test(argument.slice(name.length)))
    .sort((a, b) => b.length - a.length)[0];
  const [, word = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(argument) ?? [];
  const person = ref ?? word;
  const text = ref === undefined ? rest : argument.slice(ref.length).replace(/^[:,]?\s+/, '');
  if (isNameAlone || person === '' || text.trim() === '')
    throw new ChatterError('USAGE', { message: '/dm needs somebody and words: /dm NAME TEXT.' });
  return { person, text };
}
