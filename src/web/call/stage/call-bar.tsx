import { Phone, PhoneMissed } from 'lucide-react';
import { useEffect } from 'react';
import { Face } from '../../parts/face.js';
import type { RoomState } from '../../state/model.js';
import type { LeftReason } from '../call-view.js';
import { useCall, useCallStore } from '../use-call.js';
import { Duration } from './duration.js';

const WHY: Record<LeftReason, string> = {
  slept: 'You left the call when the computer slept.',
  reloaded: 'You left the call when this page was loaded anew.',
  moved: 'The call is in another tab.',
  'kept-elsewhere': 'The call is in another tab.',
  'node-lost': 'You left the call when Chatter stopped.',
};

/** Above the talk of a room: its call, one that was missed, or why one is not in it any more. */
export function CallBar({ room }: { room: RoomState }) {
  const store = useCallStore();
  const { calls, left, missed, place, failure } = useCall();
  const { roomId } = room;
  useEffect(() => void store.readCalls(), [store]);
  const call = calls.get(roomId);
  const isIn = place.type === 'in' && place.roomId === roomId;
  const missedHere = missed.filter((ring) => ring.roomId === roomId);
  if (isIn) {
    return (
      <div className="call-bar" role="status">
        <Phone aria-hidden="true" />
        <span className="grow">
          <b>You are in the call</b>
        </span>
        <button type="button" className="button" onClick={() => store.set({ stage: true })}>
          Back to the call
        </button>
      </div>
    );
  }
  if (left?.roomId === roomId) {
    const isElsewhere = left.reason === 'moved' || left.reason === 'kept-elsewhere';
    return (
      <div className="call-bar" role="status">
        <Phone aria-hidden="true" />
        <span className="grow">{WHY[left.reason]}</span>
        <button
          type="button"
          className="button primary"
          onClick={() => void store.join(roomId, room.room, call?.direct ?? null, isElsewhere)}
        >
          {isElsewhere ? 'Move it here' : 'Rejoin'}
        </button>
        <button type="button" className="button quiet" onClick={() => store.set({ left: null })}>
          Not now
        </button>
      </div>
    );
  }
  return (
    <>
      {failure && (
        <div className="call-bar" role="alert">
          <Phone aria-hidden="true" />
          <span className="grow">{failure}</span>
          <button type="button" className="button quiet" onClick={() => store.set({ failure: null })}>
            Close
          </button>
        </div>
      )}
      {missedHere.map((ring) => (
        <div className="call-bar" role="status" key={`${ring.call} ${ring.from.id}`}>
          <PhoneMissed className="missed" aria-hidden="true" />
          <span className="grow">
            Missed call from <b>{ring.from.name}</b>
          </span>
          <button
            type="button"
            className="button"
            onClick={() => store.preview(roomId, room.room, ring.from)}
          >
            Call back
          </button>
          <button
            type="button"
            className="button quiet"
            onClick={() => store.set({ missed: missed.filter((each) => each !== ring) })}
          >
            Close
          </button>
        </div>
      ))}
      {call && call.members.length > 0 && (
        <div className="call-bar" role="status">
          <Phone aria-hidden="true" />
          <span className="grow cut">
            <b>Call in {room.room}</b> · <Duration since={call.started} />
          </span>
          <span className="faces">
            {call.members.slice(0, 4).map(({ peer, member }) => (
              <Face key={member} id={peer.id} size={20} />
            ))}
          </span>
          <button
            type="button"
            className="button primary"
            onClick={() => store.preview(roomId, room.room, call.direct)}
          >
            Join
          </button>
        </div>
      )}
    </>
  );
}
