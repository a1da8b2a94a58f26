import type { Person } from '../../../daemon/api.js';
import { findEmoji } from '../emoji/find-emoji.js';
import { SLASH_COMMANDS } from './slash-commands.js';

/** One way on from what is typed. */
export interface Completion {
  /** What is put in the place of what was typed. */
  readonly text: string;
  readonly shown: string;
  /** Beside it, quieter. */
  readonly about: string;
  readonly person?: Person;
}

export interface Completing {
  /** The part of the text that a completion replaces. */
  readonly from: number;
  readonly to: number;
  readonly completions: readonly Completion[];
}

const SHOWN = 8;
const EMOJI_FROM = 2;

/** What the text before the caret could go on with: a person after `@`, an emoji after `:`, a command after `/`. */
export function complete(text: string, caret: number, people: readonly Person[]): Completing | null {
  const before = text.slice(0, caret);
  const found = command(before) ?? mention(before, people) ?? emoji(before);
  return found && found.completions.length > 0 ? { ...found, to: caret } : null;
}

type Found = Omit<Completing, 'to'> | null;

function command(before: string): Found {
  const [, typed] = /^\/(\w*)$/.exec(before) ?? [];
  if (typed === undefined) return null;
  const completions = SLASH_COMMANDS.filter(({ verb }) => verb.startsWith(typed)).map(
    ({ verb, usage, does }) => ({ text: `/${verb} `, shown: usage, about: does }),
  );
  return { from: 0, completions };
}

/** Names may hold spaces: what was typed may be several words. */
function mention(before: string, people: readonly Person[]): Found {
  const [whole, typed = ''] = /(?<![\p{L}\p{N}_])@([^@\n]{0,60})$/u.exec(before) ?? [];
  if (whole === undefined) return null;
  const lower = typed.toLowerCase();
  const fits = ({ name, tag }: Person) =>
    name.toLowerCase().startsWith(lower) ||
    name
      .toLowerCase()
      .split(/\s+/)
      .some((word) => word.startsWith(lower)) ||
    `#${tag}`.toLowerCase().startsWith(lower);
  const completions = people
    .filter(fits)
    .slice(0, SHOWN)
    .map((person) => ({
      text: `@${mentionOf(person, people)} `,
      shown: person.name,
      about: `#${person.tag}`,
      person,
    }));
  return { from: before.length - whole.length, completions };
}

function emoji(before: string): Found {
  const [whole, typed = ''] = /(?<![\p{L}\p{N}_:]):([a-z_]+)$/iu.exec(before) ?? [];
  if (whole === undefined || typed.length < EMOJI_FROM) return null;
  const completions = findEmoji(typed, SHOWN).map(([each, name]) => ({
    text: `${each} `,
    shown: each,
    about: name,
  }));
  return { from: before.length - whole.length, completions };
}

/** What is written after the `@`: the name where only one bears it, the tag else. */
function mentionOf({ name, tag }: Person, people: readonly Person[]): string {
  const same = people.filter((other) => other.name.toLowerCase() === name.toLowerCase());
  return same.length > 1 ? `#${tag}` : name;
}
