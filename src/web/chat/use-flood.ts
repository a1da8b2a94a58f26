import { useEffect, useRef, useState } from 'react';

/** More new rows than this within `CALM_MS` are more than anybody reads. */
const FLOOD_ROWS = 40;
const CALM_MS = 1_000;

/** Whether more comes at the end than anybody can read, until it has been calm for a second. */
export function useFlood(rows: readonly { readonly id: string }[]): boolean {
  const [flooded, setFlooded] = useState(false);
  const seen = useRef<string | undefined>(undefined);
  const count = useRef(0);
  const calm = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    const last = seen.current;
    seen.current = rows.at(-1)?.id;
    if (last === undefined || last === seen.current) return;
    count.current += rows.length - 1 - rows.findLastIndex(({ id }) => id === last);
    if (count.current > FLOOD_ROWS) setFlooded(true);
    calm.current ??= setTimeout(function look() {
      const isFlood = count.current > FLOOD_ROWS;
      count.current = 0;
      calm.current = isFlood ? setTimeout(look, CALM_MS) : null;
      if (!isFlood) setFlooded(false);
    }, CALM_MS);
  }, [rows]);
  useEffect(
    () => () => {
      if (calm.current !== null) clearTimeout(calm.current);
      calm.current = null;
    },
    [],
  );
  return flooded;
}
