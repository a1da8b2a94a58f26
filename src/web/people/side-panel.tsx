import './people.css';
import { X } from 'lucide-react';
import { Tabs } from 'radix-ui';
import type { RoomState } from '../state/model.js';
import { usePage } from '../state/use-page.js';
import { PeopleList } from './people-list.js';
import { PersonPanel } from './person-panel.js';

interface SidePanelProps {
  room: RoomState;
  /** Shown only where the window has a place for it. */
  byWidth: boolean;
  onClose: () => void;
}

/** Beside the talk: people, or one person. */
export function SidePanel({ room, byWidth, onClose }: SidePanelProps) {
  const { person } = usePage();
  const className = byWidth && !person ? 'panel by-width' : 'panel';
  if (person) {
    return (
      <aside className={className} aria-label="Person">
        <PersonPanel key={person} id={person} room={room} />
      </aside>
    );
  }
  return (
    <Tabs.Root asChild defaultValue="people">
      <aside className={className} aria-label="People">
        <div className="panel-head">
          <Tabs.List className="tabs" aria-label="People">
            <Tabs.Trigger className="tab" value="people">
              People <span>{room.here.size + 1}</span>
            </Tabs.Trigger>
          </Tabs.List>
          <button type="button" className="icon-button only-sheet" aria-label="Close" onClick={onClose}>
            <X aria-hidden="true" />
          </button>
        </div>
        <Tabs.Content className="panel-body" value="people">
          <PeopleList room={room} />
        </Tabs.Content>
      </aside>
    </Tabs.Root>
  );
}
