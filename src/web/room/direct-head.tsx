import { BadgeCheck, ChevronLeft, LockKeyhole, PanelRight } from 'lucide-react';
import type { Person } from '../../daemon/api.js';
import { Face } from '../parts/face.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

interface DirectHeadProps {
  room: RoomState;
  person: Person;
  panel: boolean;
  onPanel: () => void;
}

/** Above what was written with one person alone: who it is, and the way back to the room. */
export function DirectHead({ room, person, panel, onPanel }: DirectHeadProps) {
  const store = useStore();
  const { link } = usePage();
  const isHere = link === 'open' && room.here.has(person.id);
  const { name, verified } = room.here.get(person.id) ?? person;
  return (
    <header className="room-head">
      <button
        type="button"
        className="icon-button"
        title={`Back to ${room.room}`}
        aria-label={`Back to ${room.room}`}
        onClick={() => store.show(room.roomId)}
      >
        <ChevronLeft aria-hidden="true" />
      </button>
      <Face id={person.id} size={26} presence={isHere ? 'here' : 'gone'} />
      <h1 className="cut">{name}</h1>
      {verified && <BadgeCheck className="verified" role="img" aria-label="verified" />}
      <span className="room-about">
        <LockKeyhole aria-hidden="true" /> You two alone · {isHere ? `in ${room.room}` : 'not here now'}
      </span>
      <button
        type="button"
        className="icon-button"
        title={`About ${name}`}
        aria-label={`About ${name}`}
        aria-pressed={panel}
        onClick={onPanel}
      >
        <PanelRight aria-hidden="true" />
      </button>
    </header>
  );
}
