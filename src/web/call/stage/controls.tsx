import { Ellipsis, Hand, Mic, MicOff, MonitorUp, PhoneOff, Video, VideoOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { liveSources } from '../capture/capture-state.js';
import { useCall, useCallStore } from '../use-call.js';

/** The row under the stage. A label names what a click does. */
export function Controls({ onMore }: { onMore: () => void }) {
  const store = useCallStore();
  const { capture, hand, settings, talking } = useCall();
  const live = liveSources(capture);
  const isAsking = (source: 'microphone' | 'camera') => capture.slots.get(source)?.asking != null;
  const [microphone, camera] = [live.includes('microphone'), live.includes('camera')];
  const talk = settings.pushToTalk && microphone;
  return (
    <div className="controls" role="toolbar" aria-label="Call">
      <Control
        label={microphone ? (talk ? (talking ? 'You are heard' : 'Hold to talk') : 'Mute') : 'Unmute'}
        keys={talk ? 'Space' : 'M'}
        off={!microphone || (talk && !talking)}
        busy={isAsking('microphone')}
        onClick={() => store.toggle('microphone')}
      >
        {microphone ? <Mic aria-hidden="true" /> : <MicOff aria-hidden="true" />}
      </Control>
      <Control
        label={camera ? 'Camera off' : 'Camera'}
        keys="V"
        off={!camera}
        busy={isAsking('camera')}
        onClick={() => store.toggle('camera')}
      >
        {camera ? <Video aria-hidden="true" /> : <VideoOff aria-hidden="true" />}
      </Control>
      <Control label="Show" keys="S" onClick={() => store.show()}>
        <MonitorUp aria-hidden="true" />
      </Control>
      <Control
        label={hand ? 'Lower' : 'Hand'}
        keys="R"
        pressed={hand}
        wideOnly
        onClick={() => store.raiseHand(!hand)}
      >
        <Hand aria-hidden="true" />
      </Control>
      <Control label="More" onClick={onMore}>
        <Ellipsis aria-hidden="true" />
      </Control>
      <Control label="Leave" hang onClick={() => void store.leave()}>
        <PhoneOff aria-hidden="true" />
      </Control>
    </div>
  );
}

interface ControlProps {
  label: string;
  keys?: string;
  /** What it stands for is not on. */
  off?: boolean;
  busy?: boolean;
  pressed?: boolean;
  hang?: boolean;
  wideOnly?: boolean;
  onClick: () => void;
  children: ReactNode;
}

function Control({ label, keys, off, busy, pressed, hang, wideOnly, onClick, children }: ControlProps) {
  const classes = ['control', off ? 'off' : '', hang ? 'hang' : '', wideOnly ? 'wide-only' : ''];
  return (
    <button
      type="button"
      className={classes.filter(Boolean).join(' ')}
      aria-pressed={pressed}
      aria-busy={busy}
      onClick={onClick}
    >
      <span className="control-face">{children}</span>
      <span className="control-label">
        {label} {keys && <kbd className="wide-only">{keys}</kbd>}
      </span>
    </button>
  );
}
