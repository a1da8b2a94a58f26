import type { Person } from '../../../daemon/api.js';

/** What a line that begins with `/` wants. */
export type Asked =
  | { type: 'say'; text: string; me: boolean }
  | { type: 'direct'; person: Person; text: string }
  | { type: 'name'; name: string }
  | { type: 'search'; text: string }
  | { type: 'leave' }
  | { type: 'wrong'; text: string };

interface SlashCommand {
  verb: string;
  usage: string;
  does: string;
}

/** The commands that a field of text can do; the rest of the terminal's have buttons here. */
export const SLASH_COMMANDS: readonly SlashCommand[] = [
  { verb: 'me', usage: '/me TEXT', does: 'say what you do: /me waves' },
  { verb: 'dm', usage: '/dm NAME TEXT', does: 'say something to one person alone' },
  { verb: 'name', usage: '/name NAME', does: 'change your name in this room' },
  { verb: 'search', usage: '/search TEXT', does: 'find what was said' },
  { verb: 'leave', usage: '/leave', does: 'leave the room' },
];

/** Reads what was typed. A line that begins with `//` says what stands after the first stroke. */
export function readLine(typed: string, people: readonly Person[]): Asked {
  if (!typed.startsWith('/')) return { type: 'say', text: typed, me: false };
  if (typed.startsWith('//')) return { type: 'say', text: typed.slice(1), me: false };
  const [, verb = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(typed) ?? [];
  const argument = rest.trim();
  switch (verb) {
    case 'me':
      return argument ? { type: 'say', text: argument, me: true } : wrong('/me needs what you do.');
    case 'dm':
      return direct(argument, people);
    case 'name':
      return argument ? { type: 'name', name: argument } : wrong('/name needs the new name.');
    case 'search':
      return { type: 'search', text: argument };
    case 'leave':
      return { type: 'leave' };
    default: {
      const verbs = SLASH_COMMANDS.map((each) => `/${each.verb}`).join(' ');
      return wrong(`There is no /${verb} here. There is ${verbs}; // begins a line with a stroke.`);
    }
  }
}

/** The longest name that the text begins with is meant, with or without an `@`. */
function direct(argument: string, people: readonly Person[]): Asked {
  const text = argument.replace(/^@/, '');
  const lower = text.toLowerCase();
  const named = people
    .flatMap((person) => [person.name, `#${person.tag}`, person.id].map((word) => ({ person, word })))
    .filter(({ word }) => `${lower} `.startsWith(`${word.toLowerCase()} `))
    .sort((a, b) => b.word.length - a.word.length);
  const [first, second] = named;
  if (!first) return wrong('/dm needs the name of somebody in this room, and what to say.');
  if (second && second.word.length === first.word.length && second.person.id !== first.person.id)
    return wrong(`Several people are called ${first.word}: use #${first.person.tag} or another tag.`);
  const said = text.slice(first.word.length).trim();
  return said ? { type: 'direct', person: first.person, text: said } : wrong('/dm needs what to say.');
}

const wrong = (text: string): Asked => ({ type: 'wrong', text });
