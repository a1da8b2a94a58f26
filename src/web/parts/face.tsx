import './face.css';
import { memo } from 'react';

const TILES: readonly ((x: number, y: number, fill: string) => React.JSX.Element)[] = [
  (x, y, fill) => <circle key={`${x}${y}`} cx={x + 8} cy={y + 8} r="5.5" fill={fill} />,
  (x, y, fill) => <path key={`${x}${y}`} d={`M${x} ${y}h16v16A16 16 0 0 1 ${x} ${y}z`} fill={fill} />,
  (x, y, fill) => (
    <path key={`${x}${y}`} d={`M${x + 16} ${y}v16H${x}A16 16 0 0 1 ${x + 16} ${y}z`} fill={fill} />
  ),
  (x, y, fill) => <path key={`${x}${y}`} d={`M${x} ${y + 16}V${y}a16 16 0 0 1 16 16z`} fill={fill} />,
];

export type Presence = 'here' | 'gone' | 'none';

/** A quilt drawn from a person's id: who borrows a name does not get the face. */
export const Face = memo(function Face({
  id,
  size = 32,
  presence = 'none',
}: {
  id: string;
  size?: number;
  presence?: Presence;
}) {
  const bytes = bytesOf(id);
  const hue = ((bytes[0] ?? 0) * 360) / 256;
  const fills = [`oklch(0.66 0.1 ${hue})`, `oklch(0.42 0.09 ${hue})`];
  return (
    <span className={`face ${presence}`} data-size={size}>
      <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
        <rect width="32" height="32" fill={`oklch(0.93 0.04 ${hue})`} />
        {[0, 1, 2, 3].map((cell) => {
          const byte = bytes[cell + 1] ?? 0;
          const tile = TILES[byte % TILES.length] as (typeof TILES)[number];
          return tile((cell % 2) * 16, (cell >> 1) * 16, fills[(byte >> 3) % 2] as string);
        })}
      </svg>
      {presence !== 'none' && <i className="dot" />}
    </span>
  );
});

/** Bytes of a hash of the id (FNV-1a, 32 bit, stretched): an id is a key, whose own bytes are random already. */
function bytesOf(id: string): number[] {
  let hash = 0x811c9dc5;
  return Array.from({ length: 5 }, (_, round) => {
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ (id.charCodeAt(i) + round), 0x01000193);
    return (hash >>> 13) & 0xff;
  });
}
