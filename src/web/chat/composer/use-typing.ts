import { useCallback, useEffect, useRef } from 'react';
import { useStore } from '../../state/use-page.js';

/** It ends by itself after 6 s, so it is told again before. */
const AGAIN_MS = 3_000;

/** Tells the others that one is writing: at most every few seconds, and its end once. */
export function useTyping(roomId: string): (on: boolean) => void {
  const store = useStore();
  const toldAt = useRef<number | null>(null);
  const tell = useCallback(
    (on: boolean) => {
      const now = performance.now();
      if (on ? toldAt.current !== null && now - toldAt.current < AGAIN_MS : toldAt.current === null) return;
      toldAt.current = on ? now : null;
      store.request('typing', { room: roomId, on }).catch(() => {}); // nobody has to know
    },
    [store, roomId],
  );
  useEffect(() => () => tell(false), [tell]);
  return tell;
}
