import { Mic, MicOff, Video, VideoOff, Volume2 } from 'lucide-react';
import { Face } from '../../parts/face.js';
import { Failure } from '../../parts/failure.js';
import type { RoomState } from '../../state/model.js';
import { liveSources, type SourceId } from '../capture/capture-state.js';
import { failureWords, listed } from '../capture/capture-words.js';
import { useCall, useCallStore } from '../use-call.js';
import { DeviceChoice } from './device-choice.js';
import { LevelMeter } from './level-meter.js';
import { Picture } from './picture.js';
import { playTest } from './play-test.js';

/** Before joining: how one looks and sounds, with which devices. Everything is off until it is turned on here. */
export function Preview({ room }: { room: RoomState }) {
  const store = useCallStore();
  const { capture, calls, place, settings } = useCall();
  const live = liveSources(capture);
  const [camera, microphone] = [live.includes('camera'), live.includes('microphone')];
  const others = (calls.get(room.roomId)?.members ?? []).filter(({ self }) => !self);
  const to = place.type === 'preview' ? place.to : null;
  const track = store.stream('camera')?.getVideoTracks()[0] ?? null;
  const { width, height } = track?.getSettings() ?? {};
  const failures = [...capture.slots].flatMap(([source, { failure }]) =>
    failure ? [failureWords(source as SourceId, failure)] : [],
  );
  const isBusy = place.type === 'joining';
  const title = to
    ? `Call ${to.name}`
    : others.length > 0
      ? `Join the call in ${room.room}`
      : `Start a call in ${room.room}`;
  return (
    <div className="preview">
      <div className="preview-inner">
        <h2>{title}</h2>
        <p className="preview-who">
          {others.length > 0 ? (
            <>
              <span className="faces">
                {others.slice(0, 4).map(({ peer, member }) => (
                  <Face key={member} id={peer.id} size={20} />
                ))}
              </span>
              {listed(others.map(({ peer }) => peer.name))} {others.length > 1 ? 'are' : 'is'} in it
            </>
          ) : to ? (
            `It rings at ${to.name}'s for half a minute.`
          ) : (
            'Nobody is in it yet. Everybody in the room is told.'
          )}
        </p>
        <div className="preview-columns">
          <div>
            <figure className="tile preview-tile">
              {track ? (
                <Picture track={track} label="You, as others will see you" mirrored />
              ) : (
                <span className="tile-face">
                  <VideoOff aria-hidden="true" />
                  <span>Your camera is off</span>
                </span>
              )}
              <figcaption className="tile-name">
                {!microphone && <MicOff className="muted" aria-hidden="true" />}
                <span>{track ? 'You, as others will see you' : 'You'}</span>
              </figcaption>
            </figure>
            <div className="preview-switches">
              <button
                type="button"
                className="button large"
                aria-pressed={microphone}
                onClick={() => store.toggle('microphone')}
              >
                {microphone ? <Mic aria-hidden="true" /> : <MicOff aria-hidden="true" />}
                Microphone is {microphone ? 'on' : 'off'}
              </button>
              <button
                type="button"
                className="button large"
                aria-pressed={camera}
                onClick={() => store.toggle('camera')}
              >
                {camera ? <Video aria-hidden="true" /> : <VideoOff aria-hidden="true" />}
                Camera is {camera ? 'on' : 'off'}
              </button>
            </div>
            <Failure text={failures.length > 0 ? failures.join(' ') : null} />
          </div>
          <div className="preview-devices">
            <DeviceChoice
              kind="videoinput"
              setting="cameraId"
              label="Camera"
              icon={Video}
              note={camera && width ? `${width} × ${height}` : 'off'}
            />
            <DeviceChoice
              kind="audioinput"
              setting="microphoneId"
              label="Microphone"
              icon={Mic}
              note={microphone ? 'on' : 'off'}
            />
            <LevelMeter stream={store.stream('microphone')} />
            <DeviceChoice kind="audiooutput" setting="speakerId" label="Sound" icon={Volume2} />
            <button type="button" className="link" onClick={() => void playTest(settings.speakerId)}>
              Play a test
            </button>
            <label className="check">
              <input
                type="checkbox"
                checked={settings.pushToTalk}
                onChange={(event) => store.setSettings({ pushToTalk: event.target.checked })}
              />
              <span>
                Push to talk: hold <kbd>Space</kbd>
              </span>
            </label>
            <label className="check">
              <input
                type="checkbox"
                checked={settings.noiseSuppression}
                onChange={(event) => store.setSettings({ noiseSuppression: event.target.checked })}
              />
              <span>Take noise out of my voice</span>
            </label>
            <button
              type="button"
              className="button primary large wide"
              disabled={isBusy}
              onClick={() => void store.join(room.roomId, room.room, to)}
            >
              {joinWords(camera, microphone, isBusy)}
            </button>
            <button type="button" className="button quiet large wide" onClick={() => store.cancelPreview()}>
              Not now
            </button>
          </div>
        </div>
      </div>
    </div>
  );
}

function joinWords(camera: boolean, microphone: boolean, isBusy: boolean): string {
  if (isBusy) return 'Joining …';
  if (camera && microphone) return 'Join with camera and microphone';
  if (camera) return 'Join with camera, muted';
  if (microphone) return 'Join with microphone';
  return 'Join to listen and watch';
}
