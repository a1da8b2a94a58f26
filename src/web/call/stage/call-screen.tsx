import type { RoomState } from '../../state/model.js';
import { useCall } from '../use-call.js';
import { Preview } from './preview.js';
import { Stage } from './stage.js';

/** What takes the room's place while its call is in sight; null while the talk is. */
export function CallScreen({ room, otherwise }: { room: RoomState; otherwise: React.ReactNode }) {
  const { place, stage } = useCall();
  if (!stage || place.type === 'none' || place.roomId !== room.roomId) return otherwise;
  if (place.type === 'in') return <Stage room={room} info={place.info} />;
  return (
    <main className="room">
      <header className="room-head">
        <h1 className="cut">{room.room}</h1>
        <span className="room-about">Call</span>
      </header>
      <Preview room={room} />
    </main>
  );
}
