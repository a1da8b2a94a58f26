import './alone.css';
import { Globe, Wifi } from 'lucide-react';
import type { RoomState } from '../state/model.js';
import { Invite } from './invite.js';

/** A room without anybody else: what is being done about it, and what the person can do. */
export function Alone({ room }: { room: RoomState }) {
  const anywhere = room.info?.reach === 'anywhere';
  return (
    <div className="alone">
      <h2>Nobody else is here yet</h2>
      <p>Chatter keeps looking. Whoever comes is shown here at once.</p>
      <ul className="looking">
        <li>
          <Wifi aria-hidden="true" />
          <div>
            <b>This network</b>
            <span>Asked every few seconds who else is in {room.room}.</span>
          </div>
          <span>looking</span>
        </li>
        <li>
          <Globe aria-hidden="true" />
          <div>
            <b>Internet</b>
            <span>
              {anywhere
                ? 'Announced under a name that only members can read.'
                : 'This room is for this network only.'}
            </span>
          </div>
          <span>{anywhere ? 'looking' : 'off'}</span>
        </li>
      </ul>
      <Invite roomId={room.roomId} />
    </div>
  );
}
