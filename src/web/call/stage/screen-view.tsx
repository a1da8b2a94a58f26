import { Scan } from 'lucide-react';
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import { useCallStore } from '../use-call.js';
import { Picture } from './picture.js';
import type { TileSpec } from './stage-tiles.js';

export interface Zoom {
  /** Screen pixels of the picture a pixel of it; null fits it into the stage. */
  scale: number | null;
}

/** A shared screen at native sharpness: one to one, or larger and smaller; dragged or moved by arrow keys. */
export function ScreenView({ tile, zoom }: { tile: TileSpec; zoom: Zoom }) {
  const store = useCallStore();
  const frame = useRef<HTMLDivElement>(null);
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
  }, [track]);
  useEffect(() => {
    const picture = frame.current?.querySelector<HTMLElement>('.screen-picture');
    if (!picture) return;
    // Sizes through the object model: the page's policy lets no style attribute in.
    const ratio = window.devicePixelRatio;
    picture.style.width = zoom.scale === null ? '100%' : `${(size.width * zoom.scale) / ratio}px`;
    picture.style.height = zoom.scale === null ? '100%' : `${(size.height * zoom.scale) / ratio}px`;
  }, [zoom.scale, size]);
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
        className={zoom.scale === null ? 'screen-frame' : 'screen-frame zoomed'}
        onPointerMove={drag}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move what is larger than the stage
        tabIndex={0}
      >
        <div className="screen-picture">
          <Picture track={track} label={name} whole />
        </div>
      </div>
      {zoom.scale !== null && (
        <span className="tile-pill screen-hint">
          <Scan aria-hidden="true" />
          {zoom.scale === 1 ? 'One to one · drag to pan' : `${Math.round(zoom.scale * 100)} % · drag to pan`}
        </span>
      )}
    </figure>
  );
}
