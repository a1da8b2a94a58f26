import './call.css';
import { capturedWords, receivedWords } from '../capture/capture-words.js';
import { useCall, useCallStore } from '../use-call.js';

/** The red line while anything is captured: what, who gets it, and the end of it. */
export function LiveStrip() {
  const store = useCallStore();
  const { capture, place, settings, talking } = useCall();
  const words = capturedWords(capture);
  if (!words) return <div className="live-strip" role="status" hidden />;
  const others = place.type === 'in' ? place.info.members.filter(({ self }) => !self) : [];
  const names = others.slice(0, 3).map(({ peer }) => peer.name);
  if (others.length > 3) names.push(`${others.length - 3} more`);
  const isHushed = settings.pushToTalk && !talking && place.type === 'in';
  const whom = receivedWords(capture, names, others.length > 1);
  return (
    <div className="live-strip" role="status">
      <i className="live-dot" aria-hidden="true" />
      <b>{words}</b>
      <span className="cut">
        {whom}
        {isHushed && names.length > 0 && ' Your voice only while you hold Space.'}
      </span>
      <button type="button" className="live-stop" onClick={() => store.stopAll()}>
        Stop all
      </button>
    </div>
  );
}
