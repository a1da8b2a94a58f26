import { Hash, House, KeyRound, Lock, Plus, Search, Settings } from 'lucide-react';
import type { RoomInfo } from '../../daemon/api.js';
import { Questions } from '../entry/questions.js';
import { useJoin } from '../entry/use-join.js';
import { TransfersSummary } from '../files/transfers-summary.js';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { Logo } from '../parts/logo.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { LOBBY } from './rail-order.js';
import { RailPeople } from './rail-people.js';

export const KIND_ICONS: Record<RoomInfo['kind'], typeof Hash> = {
  open: Hash,
  protected: KeyRound,
  private: Lock,
};

/** Rooms, what is under way, and oneself. */
export function Rail() {
  const store = useStore();
  const { rooms, shown, self, screen, link } = usePage();
  const joining = useJoin();
  const all = [...rooms.values()].filter(({ room }) => room !== LOBBY);
  const lobby = [...rooms.values()].find(({ room }) => room === LOBBY);
  const isDirect = shown !== null && rooms.get(shown)?.talk.direct !== null;
  const current = screen.type === 'room' && !isDirect ? shown : null;
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
          className="icon-button rail-search"
          title="Search (Ctrl F)"
          aria-label="Search in all rooms"
          onClick={() => store.search({ text: '' })}
        >
          <Search aria-hidden="true" />
        </button>
        <button
          type="button"
          className="icon-button"
          title="New room, or join one"
          aria-label="New room, or join one"
          onClick={() => store.go({ type: 'enter' })}
        >
          <Plus aria-hidden="true" />
        </button>
      </div>
      <nav aria-label="Rooms">
        <h2>This network</h2>
        <button
          type="button"
          className={lobby && newIn(lobby) > 0 ? 'rail-room unread' : 'rail-room'}
          title="Lobby"
          aria-current={lobby && lobby.roomId === current ? 'page' : undefined}
          onClick={() => (lobby ? choose(lobby) : void joining.join({ room: LOBBY }))}
        >
          <House aria-hidden="true" />
          <span className="cut">Lobby</span>
          {lobby?.joined && <RoomMarks room={lobby} />}
        </button>
        {all.length > 0 && <h2>Rooms</h2>}
        {all.map((room) => {
          const Icon = KIND_ICONS[room.info?.kind ?? 'open'];
          return (
            <button
              key={room.roomId}
              type="button"
              title={room.room}
              className={`rail-room ${room.joined ? '' : 'away'} ${newIn(room) > 0 ? 'unread' : ''}`}
              aria-current={room.roomId === current ? 'page' : undefined}
              onClick={() => choose(room)}
            >
              <Icon aria-hidden="true" />
              <span className="rail-letters" aria-hidden="true">
                {firstLetters(room.room)}
              </span>
              <span className="cut">{room.room}</span>
              <RoomMarks room={room} />
            </button>
          );
        })}
        <RailPeople />
        <Failure text={joining.failure} />
      </nav>
      <TransfersSummary />
      {self && (
        <div className="rail-self">
          <Face id={self.id} size={30} presence={link === 'open' ? 'here' : 'gone'} />
          <div className="rail-self-name">
            <b className="cut">{self.name}</b>
            <span>{link === 'open' ? 'On this computer' : 'Chatter stopped'}</span>
          </div>
          <button
            type="button"
            className="icon-button"
            title="Settings"
            aria-label="Settings"
            onClick={() => store.go({ type: 'settings', page: 'you' })}
          >
            <Settings aria-hidden="true" />
          </button>
        </div>
      )}
      <Questions joining={joining} />
    </aside>
  );
}

function RoomMarks({ room }: { room: RoomState }) {
  const count = newIn(room);
  if (count > 0) {
    const isForMe = room.mentions > 0 || room.requests > 0;
    return (
      <span className={isForMe ? 'count new' : 'count'}>
        {count > MANY ? `${MANY}+` : count}
        <span className="hidden-text"> unread{room.mentions > 0 ? `, ${room.mentions} about you` : ''}</span>
      </span>
    );
  }
  if (!room.joined) return <span className="count-text">left</span>;
  return room.here.size > 0 ? <span className="count-text here">{room.here.size + 1} here</span> : null;
}

const MANY = 999;

const newIn = ({ unread, offers }: RoomState): number => unread + offers;

/** What stands for a room where its name has no place: two characters as people count them. */
const firstLetters = (name: string): string =>
  Array.from(new Intl.Segmenter().segment(name), ({ segment }) => segment)
    .slice(0, 2)
    .join('');
