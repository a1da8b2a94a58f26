import { Hand, MicOff, MonitorUp, Pin, PinOff, Volume2, VolumeX } from 'lucide-react';
import { Face } from '../../parts/face.js';
import { useCall, useCallStore } from '../use-call.js';
import { Picture } from './picture.js';
import type { TileSpec } from './stage-tiles.js';

/** One person of the stage, or one screen in small. */
export function Tile({ tile, large = false }: { tile: TileSpec; large?: boolean }) {
  const store = useCallStore();
  const { speaking, pinned, volumes } = useCall();
  const { member, picture, isScreen, muted, key } = tile;
  const { peer, self, hand } = member;
  const speaks = !isScreen && speaking.has(self ? 'self' : member.member);
  const name = self ? 'You' : peer.name;
  const track = self
    ? (store.stream('camera')?.getVideoTracks()[0] ?? null)
    : picture && store.receivedTrack(picture.track);
  const shown = self && isScreen ? null : track;
  const isPinned = pinned === key;
  const volume = volumes.get(peer.id) ?? 1;
  return (
    <figure
      className={`tile ${speaks ? 'speaks' : ''} ${large ? 'large' : ''}`}
      aria-label={tileLabel(tile, speaks)}
    >
      {shown && (picture || self) ? (
        <Picture
          track={shown}
          label={isScreen ? `${name}'s screen` : name}
          mirrored={self}
          whole={isScreen}
        />
      ) : (
        <span className="tile-face">
          {isScreen ? <MonitorUp aria-hidden="true" /> : <Face id={peer.id} size={large ? 96 : 64} />}
          {isScreen && self && (
            <>
              <span>You show this screen</span>
              <button type="button" className="tile-stop" onClick={() => store.stopShowing()}>
                Stop showing
              </button>
            </>
          )}
        </span>
      )}
      <div className="tile-tools">
        {hand && !isScreen && (
          <span className="tile-pill hand">
            <Hand aria-hidden="true" /> Hand is up
          </span>
        )}
        {!self && !isScreen && (
          <label className="tile-pill tile-volume" title={`Volume of ${name}`}>
            {volume === 0 ? <VolumeX aria-hidden="true" /> : <Volume2 aria-hidden="true" />}
            <input
              type="range"
              min="0"
              max="200"
              value={Math.round(volume * 100)}
              aria-label={`Volume of ${name}`}
              onChange={(event) => store.setVolume(peer.id, Number(event.target.value) / 100)}
            />
          </label>
        )}
        <button
          type="button"
          className="tile-pill tile-pin"
          aria-pressed={isPinned}
          aria-label={isPinned ? `Unpin ${name}` : `Pin ${name}`}
          title={isPinned ? 'Unpin' : 'Pin: keep it large'}
          onClick={() =>
            store.set({ pinned: isPinned ? null : key, ...(isPinned ? {} : { layout: 'spotlight' }) })
          }
        >
          {isPinned ? <PinOff aria-hidden="true" /> : <Pin aria-hidden="true" />}
        </button>
      </div>
      <figcaption className="tile-name">
        {speaks && (
          <span className="bars" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
        )}
        {muted && !isScreen && !speaks && <MicOff className="muted" aria-hidden="true" />}
        <span className="cut">{isScreen ? `${self ? 'Your' : `${name}’s`} screen` : name}</span>
      </figcaption>
    </figure>
  );
}

const tileLabel = ({ member, isScreen, muted }: TileSpec, speaks: boolean) => {
  const name = member.self ? 'You' : member.peer.name;
  if (isScreen) return `${name}, screen`;
  return [name, muted ? 'muted' : '', speaks ? 'speaking' : '', member.hand ? 'hand is up' : '']
    .filter(Boolean)
    .join(', ');
};
