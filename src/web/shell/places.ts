import type { Known } from '../../daemon/api.js';
import type { RoomState } from '../state/model.js';
import { SETTINGS_PAGES, type SettingsPage } from '../state/screen.js';

/** Where one can go by its name. */
export type Place =
  | { type: 'room'; name: string; about: string; room: RoomState }
  | { type: 'person'; name: string; about: string; person: Known }
  | { type: 'settings'; name: string; about: string; page: SettingsPage }
  | { type: 'enter'; name: string; about: string };

const MANY = 12;

/** Every place there is: rooms, then people whom one met, then the page's own. Pure. */
export function placesOf(
  rooms: Iterable<RoomState>,
  people: readonly Known[],
  settingsWords: Record<SettingsPage, string>,
): Place[] {
  return [
    ...[...rooms].map(
      (room): Place => ({
        type: 'room',
        name: room.room,
        about: room.joined ? 'Room' : 'Room, not joined',
        room,
      }),
    ),
    ...people
      .filter(({ name, blocked }) => name !== '' && !blocked)
      .map(
        (person): Place => ({
          type: 'person',
          name: person.name,
          about: `#${person.tag}${person.here ? ', here' : ''}`,
          person,
        }),
      ),
    { type: 'enter', name: 'New room, or join one', about: '' },
    ...SETTINGS_PAGES.map(
      (page): Place => ({ type: 'settings', name: settingsWords[page], about: 'Settings', page }),
    ),
  ];
}

/** The places that fit what was typed, best first: names that begin so, then words, then anything in them. Pure. */
export function fitting(places: readonly Place[], typed: string): Place[] {
  const wanted = fold(typed);
  return places
    .map((place) => ({ place, rank: rankOf(fold(place.name), wanted) }))
    .filter(({ rank }) => rank < NO_FIT)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MANY)
    .map(({ place }) => place);
}

const NO_FIT = 3;

function rankOf(name: string, wanted: string): number {
  if (name.startsWith(wanted)) return 0;
  if (name.includes(` ${wanted}`)) return 1;
  return name.includes(wanted) ? 2 : NO_FIT;
}

/** Names that differ in case or marks alone are one to whoever looks for them. */
const fold = (text: string): string => text.trim().normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
