import { useEffect, useState } from 'react';

const POINTS = 60;
const HEIGHT = 34;
const WIDTH = 280;

/** How a number went, as a line. A new value is taken at each drawing that brings one. */
export function Sparkline({ value, label }: { value: number | null; label: string }) {
  const [values, setValues] = useState<readonly number[]>([]);
  useEffect(() => {
    if (value !== null) setValues((known) => [...known, value].slice(-POINTS));
  }, [value]);
  if (values.length < 2) return null;
  const most = Math.max(...values) * 1.2;
  const points = values.map((each, i) => {
    const x = (i * WIDTH) / (values.length - 1);
    return `${x.toFixed(1)},${(HEIGHT - (each / most) * HEIGHT + 1).toFixed(1)}`;
  });
  return (
    <figure className="spark">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" aria-hidden="true">
        <polyline points={points.join(' ')} />
      </svg>
      <figcaption>{label}</figcaption>
    </figure>
  );
}
