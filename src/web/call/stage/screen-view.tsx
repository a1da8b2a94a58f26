import { Scan } from 'lucide-react';
import { type PointerEvent, useEffect, useState } from 'react';
import { useCallStore } from '../use-call.js';
import { Picture } from './picture.js';
import { fittedScale } from './screen-scale.js';
import type { TileSpec } from './stage-tiles.js';
import { useSize } from './use-size.js';

interface ScreenViewProps {
  tile: TileSpec;
  /** Pixels of this display for one of the picture; null fits it into the stage. */
  scale: number | null;
  /** Says which scale that comes to, at each change. */
  onFitted: (scale: number) => void;
}

/** A shared screen at native sharpness: one to one, or larger and smaller; dragged or moved by arrow keys. */
export function ScreenView({ tile, scale, onFitted }: ScreenViewProps) {
  const store = useCallStore();
  const [frame, place] = useSize<HTMLDivElement>();
  const [size, setSize] = useState({ width: tile.picture?.width ?? 0, height: tile.picture?.height ?? 0 });
  const track = tile.picture ? store.receivedTrack(tile.picture.track) : null;
  useEffect(() => {
    const video = frame.current?.querySelector('video');
    if (!video || !track) return undefined;
    const read = () => setSize({ width: video.videoWidth, height: video.videoHeight });
    video.addEventListener('resize', read);
    video.addEventListener('loadedmetadata', read);
    return () => {
      video.removeEventListener('resize', read);
      video.removeEventListener('loadedmetadata', read);
    };
  }, [track, frame]);
  useEffect(() => onFitted(fittedScale(size, place, window.devicePixelRatio)), [onFitted, size, place]);
  useEffect(() => {
    const picture = frame.current?.querySelector<HTMLElement>('.screen-picture');
    if (!picture) return;
    // Sizes through the object model: the page's policy lets no style attribute in.
    const ratio = window.devicePixelRatio;
    picture.style.width = scale === null ? '100%' : `${(size.width * scale) / ratio}px`;
    picture.style.height = scale === null ? '100%' : `${(size.height * scale) / ratio}px`;
  }, [scale, size, frame]);
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1 || !frame.current) return;
    frame.current.scrollLeft -= event.movementX;
    frame.current.scrollTop -= event.movementY;
  };
  const name = tile.member.self ? 'Your screen' : `${tile.member.peer.name}’s screen`;
  return (
    <figure className="tile screen" aria-label={name}>
      <div
        ref={frame}
        className={scale === null ? 'screen-frame' : 'screen-frame zoomed'}
        onPointerMove={drag}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move what is larger than the stage
        tabIndex={0}
      >
        <div className="screen-picture">
          <Picture track={track} label={name} whole />
        </div>
      </div>
      {scale !== null && (
        <span className="tile-pill screen-hint">
          <Scan aria-hidden="true" />
          {scale === 1 ? 'One to one · drag to pan' : `${Math.round(scale * 100)} % · drag to pan`}
        </span>
      )}
    </figure>
  );
}
