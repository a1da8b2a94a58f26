import { Hash, Plus, Settings, User } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import type { Known } from '../../daemon/api.js';
import type { Joining } from '../entry/use-join.js';
import { Dialog } from '../parts/dialog.js';
import { SETTINGS_WORDS } from '../settings/settings-words.js';
import { usePage, useStore } from '../state/use-page.js';
import { fitting, type Place, placesOf } from './places.js';

const ICONS: Record<Place['type'], typeof Hash> = {
  room: Hash,
  person: User,
  settings: Settings,
  enter: Plus,
};

/** Ctrl K: a name is typed and one is there. `joining` asks what entering a room that is not joined may ask. */
export function GoDialog({ joining, onClose }: { joining: Joining; onClose: () => void }) {
  const store = useStore();
  const { rooms } = usePage();
  const id = useId();
  const [people, setPeople] = useState<readonly Known[]>([]);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  useEffect(() => {
    store.request('people', {}).then(setPeople, () => {}); // rooms and settings are there all the same
  }, [store]);
  const found = fitting(placesOf(rooms.values(), people, SETTINGS_WORDS), typed);
  const chosen = Math.min(at, found.length - 1);
  const go = (place: Place | undefined) => {
    if (!place) return;
    onClose();
    if (place.type === 'settings') store.go({ type: 'settings', page: place.page });
    if (place.type === 'enter') store.go({ type: 'enter' });
    if (place.type === 'room') {
      if (place.room.joined) store.show(place.room.roomId);
      else void joining.join({ room: place.room.roomId });
    }
    if (place.type === 'person') {
      const with_ = [...rooms.values()].find(({ here }) => here.has(place.person.id));
      if (with_) store.show(with_.roomId);
      else store.go({ type: 'room' });
      store.showPerson(place.person.id);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + found.length) % Math.max(found.length, 1));
    else if (event.key === 'Enter') go(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Go to" onClose={onClose}>
      <input
        className="field"
        role="combobox"
        aria-label="A room, a person or a setting"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        placeholder="A room, a person or a setting"
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} className="go-list" role="listbox" aria-label="Places">
        {found.map((place, index) => {
          const Icon = ICONS[place.type];
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above hears the keys
            <div
              key={keyOf(place)}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={index === chosen ? 'menu-item chosen' : 'menu-item'}
              onClick={() => go(place)}
            >
              <Icon aria-hidden="true" />
              <span className="cut">{place.name}</span>
              <small>{place.about}</small>
            </div>
          );
        })}
      </div>
      <p className="panel-about" role="status">
        {found.length === 0 ? 'Nothing of this name is known here.' : ''}
      </p>
    </Dialog>
  );
}

function keyOf(place: Place): string {
  if (place.type === 'room') return place.room.roomId;
  if (place.type === 'person') return place.person.id;
  return place.name;
}
