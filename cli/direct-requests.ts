import type { Person } from '../src/daemon/api.js';

/** So many are named on one line; `/requests` lists all of them. */
const NAMED = 3;

/**
 * People who are not verified and want to write to one alone, without what they wrote: two lines, however many they are.
 * `nameOf` says how they are called here.
 */
export function requestLines(people: readonly Person[], nameOf: (person: Person) => string): string[] {
  const [only] = people;
  if (!only) return [];
  if (people.length === 1) {
    const ref = `#${only.tag}`;
    return [
      `${nameOf(only)}, who is not verified, wants to write to you alone.`,
      `/allow ${ref} shows it   /refuse ${ref} hides it`,
    ];
  }
  const names = people.slice(0, NAMED).map(({ name, tag }) => `${name}#${tag}`);
  const more = people.length - names.length;
  const last = more > 0 ? `${more} more` : (names.pop() as string);
  return [
    `${people.length} people, who are not verified, want to write to you alone: ${names.join(', ')} and ${last}.`,
    '/allow NAME shows it   /refuse NAME hides it   /requests lists them',
  ];
}
