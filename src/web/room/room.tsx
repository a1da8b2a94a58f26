import './room.css';
import { DoorOpen, FolderOpen, UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import type { RoomInfo } from '../../daemon/api.js';
import { DropTarget } from '../files/drop-target.js';
import { FilesOverview } from '../files/files-overview.js';
import { PeoplePanel } from '../people/people-panel.js';
import type { RoomState } from '../state/model.js';
import { useStore } from '../state/use-page.js';
import { Alone } from './alone.js';
import { Composer } from './composer.js';
import { InviteDialog } from './invite.js';
import { Timeline } from './timeline.js';

const KINDS: Record<RoomInfo['kind'], string> = { open: 'Open', protected: 'Passphrase', private: 'Private' };

/** From this width on there is a place for the people beside the talk, as `shell.css` says. */
const WIDE_PX = 1100;

/** One room: what was said, who is here, and the field to say something. */
export function Room({ room }: { room: RoomState }) {
  const store = useStore();
  const [inviting, setInviting] = useState(false);
  const [files, setFiles] = useState(false);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const panel = chosen ?? window.innerWidth > WIDE_PX;
  const kind = room.info ? KINDS[room.info.kind] : '';
  const people = room.here.size === 0 ? 'only you here' : `${room.here.size + 1} here`;
  return (
    <>
      <main className={panel ? 'room with-panel' : 'room'}>
        <header className="room-head">
          <h1 className="cut">{room.room}</h1>
          <span className="room-about">{[kind, people].filter(Boolean).join(' · ')}</span>
          <button type="button" className="button quiet" onClick={() => setInviting(true)}>
            <UserPlus aria-hidden="true" /> Invite
          </button>
          <button
            type="button"
            className="icon-button"
            title="Files"
            aria-label="Files"
            aria-pressed={files}
            onClick={() => setFiles(!files)}
          >
            <FolderOpen aria-hidden="true" />
          </button>
          <button
            type="button"
            className="icon-button"
            title="Leave the room"
            aria-label="Leave the room"
            onClick={() =>
              void store.request('leave', { room: room.roomId }).then(
                () => store.show(null),
                () => {},
              )
            }
          >
            <DoorOpen aria-hidden="true" />
          </button>
          <button
            type="button"
            className="icon-button"
            title="People"
            aria-label="People"
            aria-pressed={panel}
            onClick={() => setChosen(!panel)}
          >
            <Users aria-hidden="true" />
          </button>
        </header>
        {files && <FilesOverview room={room} />}
        {!files &&
          (room.here.size === 0 && room.entries.length === 0 ? (
            <Alone room={room} />
          ) : (
            <Timeline room={room} />
          ))}
        {!files && <Composer room={room} />}
        <DropTarget room={room} />
      </main>
      {panel && <PeoplePanel room={room} byWidth={chosen === null} />}
      {inviting && <InviteDialog room={room.room} roomId={room.roomId} onClose={() => setInviting(false)} />}
    </>
  );
}
