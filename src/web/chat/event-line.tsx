import { ArrowRightLeft, Info, LogIn, LogOut, PenLine, Unplug } from 'lucide-react';
import type { Person } from '../../daemon/api.js';
import { pathWord } from '../people/path-word.js';
import type { Entry } from '../state/model.js';

type LineEntry = Exclude<Entry, { type: 'message' | 'file' }>;

const ICONS = {
  joined: LogIn,
  left: LogOut,
  lost: Unplug,
  renamed: PenLine,
  moved: ArrowRightLeft,
  notice: Info,
};

/** Who came and went, in a line of words. */
export function EventLine({ entry }: { entry: LineEntry }) {
  const Icon = ICONS[entry.type];
  return (
    <p className="event-line">
      <Icon aria-hidden="true" />
      <span>{eventWords(entry)}</span>
    </p>
  );
}

export function eventWords(entry: LineEntry): string {
  switch (entry.type) {
    case 'joined':
      return `${names(entry.people)} joined`;
    case 'left':
      return `${names(entry.people)} left`;
    case 'lost':
      return `The link to ${names(entry.people)} was lost; trying every way`;
    case 'renamed':
      return `${entry.was} is now ${entry.person.name}`;
    case 'moved':
      return `${entry.person.name} is reached by ${pathWord(entry.path)} now`;
    default:
      return entry.text;
  }
}

const MANY = 3;

function names(people: readonly Person[]): string {
  if (people.length > MANY) return `${people.length} people`;
  const all = people.map(({ name }) => name);
  const last = all.pop() as string;
  return all.length > 0 ? `${all.join(', ')} and ${last}` : last;
}
