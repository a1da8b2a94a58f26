import type { Person } from '../../daemon/api.js';
import type { RoomState } from '../state/model.js';

/** People who fit the rail beside the rooms. */
const SHOWN = 8;

/**
 * Who is here in any room, each once, with a room to be met in: in the one that is shown where they are. Those who are
 * verified first, then by name.
 */
export function peopleHere(
  rooms: ReadonlyMap<string, RoomState>,
  shown: string | null,
): { people: { person: Person; roomId: string }[]; more: number } {
  const found = new Map<string, { person: Person; roomId: string }>();
  for (const { here, joined, roomId } of rooms.values()) {
    if (!joined) continue;
    for (const person of here.values())
      if (!found.has(person.id) || roomId === shown) found.set(person.id, { person, roomId });
  }
  const all = [...found.values()].sort(
    ({ person: a }, { person: b }) =>
      Number(b.verified === true) - Number(a.verified === true) || a.name.localeCompare(b.name),
  );
  return { people: all.slice(0, SHOWN), more: Math.max(0, all.length - SHOWN) };
}
