import { Hash, House, KeyRound, Lock, Plus } from 'lucide-react';
import { useState } from 'react';
import type { RoomInfo } from '../../daemon/api.js';
import { Questions } from '../entry/questions.js';
import { useJoin } from '../entry/use-join.js';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { Logo } from '../parts/logo.js';
import { RenameDialog } from '../people/rename-dialog.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

const LOBBY = 'lobby';

const KINDS: Record<RoomInfo['kind'], typeof Hash> = { open: Hash, protected: KeyRound, private: Lock };

/** Rooms, and oneself. */
export function Rail() {
  const store = useStore();
  const { rooms, shown, self } = usePage();
  const joining = useJoin();
  const [renaming, setRenaming] = useState(false);
  const all = [...rooms.values()].filter(({ room }) => room !== LOBBY);
  const lobby = [...rooms.values()].find(({ room }) => room === LOBBY);
  const choose = (room: RoomState) => {
    if (room.joined) store.show(room.roomId);
    else void joining.join({ room: room.roomId });
  };
  return (
    <aside className="rail" aria-label="Rooms">
      <div className="rail-head">
        <Logo />
        <button
          type="button"
          className="icon-button"
          title="New room, or join one"
          aria-label="New room, or join one"
          onClick={() => store.show(null)}
        >
          <Plus aria-hidden="true" />
        </button>
      </div>
      <nav aria-label="Rooms">
        <h2>This network</h2>
        <button
          type="button"
          className="rail-room"
          title="Lobby"
          aria-current={lobby && lobby.roomId === shown ? 'page' : undefined}
          onClick={() => (lobby ? choose(lobby) : void joining.join({ room: LOBBY }))}
        >
          <House aria-hidden="true" />
          <span className="cut">Lobby</span>
          {lobby?.joined && <RoomMarks room={lobby} />}
        </button>
        {all.length > 0 && <h2>Rooms</h2>}
        {all.map((room) => {
          const Icon = KINDS[room.info?.kind ?? 'open'];
          return (
            <button
              key={room.roomId}
              type="button"
              title={room.room}
              className={`rail-room ${room.joined ? '' : 'away'} ${room.unread > 0 ? 'unread' : ''}`}
              aria-current={room.roomId === shown ? 'page' : undefined}
              onClick={() => choose(room)}
            >
              <Icon aria-hidden="true" />
              <span className="cut">{room.room}</span>
              <RoomMarks room={room} />
            </button>
          );
        })}
        <Failure text={joining.failure} />
      </nav>
      {self && (
        <div className="rail-self">
          <Face id={self.id} size={30} presence="here" />
          <div className="rail-self-name">
            <b className="cut">{self.name}</b>
            <span>On this computer</span>
          </div>
          <button type="button" className="link" onClick={() => setRenaming(true)}>
            Change
          </button>
        </div>
      )}
      <Questions joining={joining} />
      {renaming && self && <RenameDialog name={self.name} onClose={() => setRenaming(false)} />}
    </aside>
  );
}

function RoomMarks({ room }: { room: RoomState }) {
  if (room.unread > 0) {
    return (
      <span className="count new">
        {room.unread}
        <span className="hidden-text"> unread</span>
      </span>
    );
  }
  if (!room.joined) return <span className="count-text">left</span>;
  return room.here.size > 0 ? <span className="count-text">{room.here.size + 1} here</span> : null;
}
