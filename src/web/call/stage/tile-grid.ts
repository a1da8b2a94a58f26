export interface GridShape {
  columns: number;
  rows: number;
  /** CSS pixels of one tile, without the gaps. */
  tileWidth: number;
  tileHeight: number;
}

/** Between the tiles, in CSS pixels; `call.css` says the same. */
const GRID_GAP_PX = 10;
/** Faces look right in this shape; a tile may be higher, never flatter. */
const RATIO = 16 / 9;

/** Columns and rows that make `count` tiles of a stage of this size as large as can be. */
export function gridShape(count: number, width: number, height: number): GridShape {
  let best: GridShape = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  let bestArea = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const tileWidth = Math.max(0, (width - GRID_GAP_PX * (columns - 1)) / columns);
    const tileHeight = Math.max(0, (height - GRID_GAP_PX * (rows - 1)) / rows);
    const pictureWidth = Math.min(tileWidth, tileHeight * RATIO);
    const area = pictureWidth * (pictureWidth / RATIO);
    if (area <= bestArea) continue;
    bestArea = area;
    best = { columns, rows, tileWidth: Math.min(tileWidth, tileHeight * RATIO), tileHeight };
  }
  return best;
}

/** The second, small encoding is about this wide. */
const SMALL_WIDTH_PX = 420;

/** True if a picture that is shown this wide needs the small encoding only. */
export const isSmallEnough = (cssWidth: number, pixelRatio: number): boolean =>
  cssWidth * pixelRatio <= SMALL_WIDTH_PX;
