import './room.css';
import {
  Archive,
  ChevronLeft,
  DoorOpen,
  Ellipsis,
  FolderOpen,
  PanelRight,
  Search,
  UserPlus,
} from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { RoomInfo } from '../../daemon/api.js';
import { CallBar } from '../call/stage/call-bar.js';
import { CallButton } from '../call/stage/call-button.js';
import { Composer } from '../chat/composer/composer.js';
import { RoomDataDialog } from '../chat/keeping/room-data-dialog.js';
import { RequestsBar } from '../chat/requests/requests-bar.js';
import { Timeline } from '../chat/timeline.js';
import { DropTarget } from '../files/drop-target.js';
import { FilesOverview } from '../files/files-overview.js';
import { Failure } from '../parts/failure.js';
import { SidePanel } from '../people/side-panel.js';
import { KIND_ICONS } from '../shell/rail.js';
import { useWide } from '../shell/use-wide.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { Alone } from './alone.js';
import { DirectHead } from './direct-head.js';
import { InviteDialog } from './invite.js';
import { MuteItem } from './mute-item.js';

const KINDS: Record<RoomInfo['kind'], string> = { open: 'Open', protected: 'Passphrase', private: 'Private' };

/** One room: what was said, who is here, and the field to say something. */
export function Room({ room }: { room: RoomState }) {
  const { person } = usePage();
  const [inviting, setInviting] = useState(false);
  const [keeping, setKeeping] = useState(false);
  const [files, setFiles] = useState(false);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const wide = useWide();
  const panel = chosen ?? wide;
  const store = useStore();
  const { window, direct } = room.talk;
  const isSilent = window.messages.length === 0 && !window.stale;
  const isTalk = !files || direct !== null;
  const alone = !direct && room.here.size === 0 && room.entries.length === 0 && isSilent;
  return (
    <>
      <main className="room">
        {direct && (
          <DirectHead
            room={room}
            person={direct}
            panel={panel || person !== null}
            onPanel={() => store.showPerson(person === direct.id ? null : direct.id)}
          />
        )}
        {!direct && (
          <Head
            room={room}
            panel={panel}
            files={files}
            onFiles={() => setFiles(!files)}
            onPanel={() => setChosen(!panel)}
            onInvite={() => setInviting(true)}
            onKeeping={() => setKeeping(true)}
            onFailure={setFailure}
          />
        )}
        <CallBar room={room} />
        <RequestsBar room={room} />
        <Failure text={failure} />
        {files && !direct && <FilesOverview room={room} onShared={panel ? null : () => setChosen(true)} />}
        {isTalk && (alone ? <Alone room={room} /> : <Timeline key={direct?.id ?? ''} room={room} />)}
        {isTalk && <Composer key={`of ${direct?.id ?? ''}`} room={room} />}
        <DropTarget room={room} />
      </main>
      {(panel || person) && (
        <SidePanel room={room} files={files} byWidth={chosen === null} onClose={() => setChosen(false)} />
      )}
      {keeping && <RoomDataDialog room={room} onClose={() => setKeeping(false)} />}
      {inviting && <InviteDialog room={room.room} roomId={room.roomId} onClose={() => setInviting(false)} />}
    </>
  );
}

interface HeadProps {
  room: RoomState;
  panel: boolean;
  files: boolean;
  onFiles: () => void;
  onPanel: () => void;
  onInvite: () => void;
  onKeeping: () => void;
  onFailure: (text: string | null) => void;
}

function Head({ room, panel, files, onFiles, onPanel, onInvite, onKeeping, onFailure }: HeadProps) {
  const store = useStore();
  const { link } = usePage();
  const Icon = KIND_ICONS[room.info?.kind ?? 'open'];
  const people = room.here.size === 0 ? 'only you here' : `${room.here.size + 1} here`;
  const about = [room.info ? KINDS[room.info.kind] : '', link === 'open' ? people : 'not connected'];
  const leave = () => store.leave(room.roomId).catch((err: Error) => onFailure(err.message));
  return (
    <header className="room-head">
      <button
        type="button"
        className="icon-button only-narrow"
        aria-label="All rooms"
        onClick={() => store.go({ type: 'enter' })}
      >
        <ChevronLeft aria-hidden="true" />
      </button>
      <Icon className="room-kind" aria-hidden="true" />
      <h1 className="cut">{room.room}</h1>
      <span className="room-about">{about.filter(Boolean).join(' · ')}</span>
      <button type="button" className="button quiet only-wide" onClick={onInvite}>
        <UserPlus aria-hidden="true" /> Invite
      </button>
      <button
        type="button"
        className="icon-button"
        title="Files"
        aria-label="Files"
        aria-pressed={files}
        onClick={onFiles}
      >
        <FolderOpen aria-hidden="true" />
      </button>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="icon-button" title="More" aria-label={`More about ${room.room}`}>
          <Ellipsis aria-hidden="true" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            <DropdownMenu.Item className="menu-item" onSelect={onInvite}>
              <UserPlus aria-hidden="true" /> Invite somebody
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => store.search({ text: '' })}>
              <Search aria-hidden="true" /> Search here
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={onKeeping}>
              <Archive aria-hidden="true" /> What is kept…
            </DropdownMenu.Item>
            <MuteItem roomId={room.roomId} />
            <DropdownMenu.Separator className="menu-line" />
            <DropdownMenu.Item className="menu-item" onSelect={() => void leave()}>
              <DoorOpen aria-hidden="true" /> Leave the room
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <button
        type="button"
        className="icon-button only-wide"
        title="Search here (Ctrl F)"
        aria-label="Search here"
        onClick={() => store.search({ text: '' })}
      >
        <Search aria-hidden="true" />
      </button>
      <i className="room-line" />
      <CallButton room={room} />
      <button
        type="button"
        className="icon-button"
        title="People"
        aria-label="People"
        aria-pressed={panel}
        onClick={onPanel}
      >
        <PanelRight aria-hidden="true" />
      </button>
    </header>
  );
}
