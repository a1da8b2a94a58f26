import { Minus, Plus } from 'lucide-react';
import { type Zoom, zoomed } from './screen-scale.js';

/** Smaller, as it is seen now (and a click makes it one to one), larger, and fitted. */
export function ScreenZoom({ zoom, onScale }: { zoom: Zoom; onScale: (scale: number | null) => void }) {
  const percent = `${Math.round((zoom.scale ?? zoom.fitted) * 100)} %`;
  return (
    <fieldset className="segments" aria-label="Size of the screen">
      <button type="button" aria-label="Zoom out" onClick={() => onScale(zoomed(zoom, 'out'))}>
        <Minus aria-hidden="true" />
      </button>
      <button
        type="button"
        aria-label={`${percent}, one to one`}
        aria-pressed={zoom.scale === 1}
        title="One to one"
        onClick={() => onScale(1)}
      >
        {percent}
      </button>
      <button type="button" aria-label="Zoom in" onClick={() => onScale(zoomed(zoom, 'in'))}>
        <Plus aria-hidden="true" />
      </button>
      <button type="button" aria-pressed={zoom.scale === null} onClick={() => onScale(null)}>
        Fit
      </button>
    </fieldset>
  );
}
