import { Phone } from 'lucide-react';
import type { RoomState } from '../../state/model.js';
import { useCall, useCallStore } from '../use-call.js';

/** In the head of a room: starts its call, or joins it. */
export function CallButton({ room }: { room: RoomState }) {
  const store = useCallStore();
  const { calls } = useCall();
  const label = (calls.get(room.roomId)?.members.length ?? 0) > 0 ? 'Join the call' : 'Call';
  return (
    <button
      type="button"
      className="icon-button"
      title={label}
      aria-label={label}
      onClick={() => store.preview(room.roomId, room.room)}
    >
      <Phone aria-hidden="true" />
    </button>
  );
}
