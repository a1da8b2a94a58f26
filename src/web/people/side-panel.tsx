import './people.css';
import { X } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { FilesPanel } from '../files/files-panel.js';
import type { RoomState } from '../state/model.js';
import { usePage } from '../state/use-page.js';
import { PeopleList } from './people-list.js';
import { PersonPanel } from './person-panel.js';

interface SidePanelProps {
  room: RoomState;
  /** Shown only where the window has a place for it. */
  byWidth: boolean;
  /** Opens with files, as beside the files of the room. */
  files: boolean;
  onClose: () => void;
}

/** Beside the talk: people, or one person, or everybody's shared folders. */
export function SidePanel({ room, byWidth, files, onClose }: SidePanelProps) {
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
    <Tabs.Root key={String(files)} asChild defaultValue={files ? 'files' : 'people'}>
      <aside className={className} aria-label="People">
        <div className="panel-head">
          <Tabs.List className="tabs" aria-label="People and files">
            <Tabs.Trigger className="tab" value="people">
              People <span>{room.here.size + 1}</span>
            </Tabs.Trigger>
            <Tabs.Trigger className="tab" value="files">
              Shared files
            </Tabs.Trigger>
          </Tabs.List>
          <button type="button" className="icon-button only-sheet" aria-label="Close" onClick={onClose}>
            <X aria-hidden="true" />
          </button>
        </div>
        <Tabs.Content className="panel-body" value="people">
          <PeopleList room={room} />
        </Tabs.Content>
        <Tabs.Content className="panel-body" value="files">
          <FilesPanel room={room} />
        </Tabs.Content>
      </aside>
    </Tabs.Root>
  );
}
