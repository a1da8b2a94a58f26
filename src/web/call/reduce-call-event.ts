import type { ApiEvent, Person } from '../../daemon/api.js';
import type { CallInfo } from '../../daemon/call-api.js';
import type { CallView, Ring, RingAnswer } from './call-view.js';

/** Events of calls, as far as they are shown. */
type CallEvent =
  | { type: 'call-changed'; info: CallInfo }
  | { type: 'call-ended' }
  | { type: 'call-ringing'; from: Person; direct: boolean }
  | { type: 'call-ring-ended'; from: Person; direct: boolean; reason: 'answered' | 'declined' | 'missed' }
  | { type: 'call-ring-answer'; to: Person; answer: RingAnswer['answer'] };

/** What is known of calls after an event of the node. Pure: the same view comes back for what is not shown. */
export function reduceCallEvent(view: CallView, event: ApiEvent): CallView {
  const { roomId, room, call } = event as unknown as { roomId: string; room: string; call: string };
  const happened = event as unknown as CallEvent;
  switch (happened.type) {
    case 'call-changed':
      return { ...view, calls: new Map(view.calls).set(roomId, happened.info) };
    case 'call-ended': {
      const calls = new Map(view.calls);
      calls.delete(roomId);
      return { ...view, calls, rings: view.rings.filter((ring) => ring.call !== call) };
    }
    case 'call-ringing': {
      if (event.old) return view; // it rang before this page was there
      const { from, direct } = happened;
      const ring: Ring = { room, roomId, call, from, direct };
      return { ...view, rings: [...without(view.rings, call, from), ring] };
    }
    case 'call-ring-ended': {
      const { from, direct, reason } = happened;
      // Whoever was busy, or not here, has not heard it ring: it was missed all the same.
      const ring: Ring = { room, roomId, call, from, direct };
      const missed = reason === 'missed' ? [...withoutFrom(view.missed, ring), ring] : view.missed;
      return { ...view, rings: without(view.rings, call, from), missed };
    }
    case 'call-ring-answer': {
      const { to, answer } = happened;
      return { ...view, ringing: answer === 'accepted' ? null : { to, answer } };
    }
    default:
      return view;
  }
}

const without = (rings: readonly Ring[], call: string, from: Person) =>
  rings.filter((ring) => ring.call !== call || ring.from.id !== from.id);

/** One line a person and place is enough, however often they rang. */
const withoutFrom = (rings: readonly Ring[], { roomId, from, direct }: Ring) =>
  rings.filter((ring) => ring.roomId !== roomId || ring.from.id !== from.id || ring.direct !== direct);
