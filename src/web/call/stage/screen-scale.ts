/** How a screen is shown: fitted into the stage, or at a scale. */
export interface Zoom {
  /** Pixels of this display for one of the picture; null fits it into the stage. */
  scale: number | null;
  /** What the scale is while it is fitted. */
  fitted: number;
}

const STEP = 1.25;
const LEAST = 0.25;
const MOST = 4;

/** One step larger or smaller than it is seen now, fitted or not. */
export const zoomed = ({ scale, fitted }: Zoom, step: 'in' | 'out'): number =>
  Math.min(MOST, Math.max(LEAST, (scale ?? fitted) * (step === 'in' ? STEP : 1 / STEP)));

/** The scale at which a picture fills a place and no more; 1 while one of them is not known. */
export function fittedScale(
  picture: { width: number; height: number },
  place: { width: number; height: number },
  pixelRatio: number,
): number {
  const scale = Math.min(place.width / picture.width, place.height / picture.height) * pixelRatio;
  return Number.isFinite(scale) && scale > 0 ? scale : 1;
}
