import { useMemo } from 'react';
import type { Person } from '../../daemon/api.js';
import type { RoomState } from '../state/model.js';
import type { Mentionable } from './find-mentions.js';

/** Everybody who can be mentioned in a room, as far as the page knows them: who is or was here, and who wrote. */
export function useMentionable({ self, here, gone, talk }: RoomState): Mentionable {
  const people = new Map<string, Person>();
  for (const { author } of talk.window.messages) people.set(author.id, author);
  for (const { person } of gone.values()) people.set(person.id, person);
  for (const person of here.values()) people.set(person.id, person);
  people.delete(self?.id ?? '');
  const others = [...people.values()].flatMap(written).sort().join('\n');
  const own = self ? written(self).join('\n') : '';
  // The same object as long as the names are the same, so that no message is drawn anew.
  return useMemo(() => ({ others: others.split('\n'), self: own.split('\n') }), [others, own]);
}

const written = ({ name, tag }: Person): string[] => [name.toLowerCase(), `#${tag}`.toLowerCase()];
