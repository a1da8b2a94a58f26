import { Inbox } from 'lucide-react';
import { useTalks } from '../chat/use-talks.js';
import { Face } from '../parts/face.js';
import { usePage, useStore } from '../state/use-page.js';
import { peopleHere } from './people-here.js';

/** Who is here, to be written to alone, and those who wait to be heard. */
export function RailPeople() {
  const store = useStore();
  const talks = useTalks();
  const { rooms, shown, screen, link } = usePage();
  const { people, more } = peopleHere(rooms, shown);
  const waiting = [...rooms.values()].filter(({ requests }) => requests > 0);
  const direct = screen.type === 'room' && shown ? (rooms.get(shown)?.talk.direct?.id ?? null) : null;
  if (people.length === 0 && waiting.length === 0) return null;
  return (
    <section className="rail-people" aria-label="People">
      <h2>People</h2>
      {people.map(({ person, roomId }) => (
        <button
          key={person.id}
          type="button"
          className="rail-room rail-person"
          title={`Write to ${person.name} alone`}
          aria-label={`Write to ${person.name} alone`}
          aria-current={person.id === direct ? 'page' : undefined}
          onClick={() => talks.direct(roomId, person)}
        >
          <Face id={person.id} size={22} presence={link === 'open' ? 'here' : 'gone'} />
          <span className="cut">{person.name}</span>
        </button>
      ))}
      {more > 0 && <p className="rail-more">and {more} more: Ctrl K</p>}
      {waiting.map(({ roomId, room, requests }) => (
        <button
          key={roomId}
          type="button"
          className="rail-room"
          title={`Requests in ${room}`}
          onClick={() => store.show(roomId)}
        >
          <Inbox aria-hidden="true" />
          <span className="cut">Requests{waiting.length > 1 ? ` in ${room}` : ''}</span>
          <span className="count">{requests}</span>
        </button>
      ))}
    </section>
  );
}
