import { Phone, PhoneOff } from 'lucide-react';
import { Dialog } from '../../parts/dialog.js';
import { Face } from '../../parts/face.js';
import { useStore } from '../../state/use-page.js';
import { useCall, useCallStore } from '../use-call.js';

/** Somebody calls: answer, look first, or decline. */
export function RingDialogs() {
  const page = useStore();
  const store = useCallStore();
  const { rings, ringing } = useCall();
  const [ring] = rings;
  if (ring) {
    return (
      <Dialog
        alert
        title={`${ring.from.name} calls you`}
        description={ring.direct ? 'A call with you alone.' : `Into the call in ${ring.room}.`}
        onClose={() => store.decline(ring)}
      >
        <div className="ring">
          <Face id={ring.from.id} size={64} />
        </div>
        <div className="dialog-buttons ring-buttons">
          <button type="button" className="button live" onClick={() => store.decline(ring)}>
            <PhoneOff aria-hidden="true" /> Decline
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              page.show(ring.roomId);
              store.preview(ring.roomId, ring.room, ring.direct ? ring.from : null);
            }}
          >
            Look first
          </button>
          <button
            type="button"
            className="button primary"
            onClick={() => {
              page.show(ring.roomId);
              void store.answer(ring);
            }}
          >
            <Phone aria-hidden="true" /> Answer, microphone on
          </button>
        </div>
      </Dialog>
    );
  }
  if (!ringing) return null;
  const { to, answer } = ringing;
  const words = {
    ringing: `Ringing ${to.name} …`,
    accepted: '',
    declined: `${to.name} does not take the call now.`,
    missed: `${to.name} did not answer.`,
    busy: `${to.name} is in another call.`,
  }[answer];
  return (
    <div className="ring-note" role="status">
      <Phone aria-hidden="true" />
      <span>{words}</span>
      {answer !== 'ringing' && (
        <button type="button" className="button quiet" onClick={() => store.set({ ringing: null })}>
          Close
        </button>
      )}
    </div>
  );
}
