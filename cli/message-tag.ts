import { ChatterError } from '../src/errors.js';

/** Digits of a message's id that are shown; as wide as a time of day, `#` included. */
const TAG_DIGITS = 4;

interface Tagged {
  readonly id: string;
}

/** What a message is called where somebody has to name it: the same on every machine, as its id is. */
export const messageTag = ({ id }: Tagged): string => `#${id.slice(0, TAG_DIGITS)}`;

/**
 * The one of `messages` that a tag, or more digits of the id, means. Throws MESSAGE_UNKNOWN, and USAGE where it means
 * several.
 */
export function messageByTag<T extends Tagged>(messages: Iterable<T>, tag: string): T {
  const digits = tag.slice(1).toLowerCase();
  const fitting = new Map(
    [...messages].filter(({ id }) => id.startsWith(digits)).map((each) => [each.id, each]),
  );
  const [found, ...more] = fitting.values();
  if (!found) throw new ChatterError('MESSAGE_UNKNOWN', { message: `No message ${tag} was shown here.` });
  if (more.length === 0) return found;
  const longer = [found, ...more].map(({ id }) => `#${id.slice(0, 2 * TAG_DIGITS)}`);
  throw new ChatterError('USAGE', { message: `Several messages are ${tag}; write ${longer.join(' or ')}.` });
}
