import { useSyncExternalStore } from 'react';

/** From this width on there is a place for a panel beside the talk, as `shell.css` says. */
const WIDE = window.matchMedia('(min-width: 1101px)');

/** Whether the window is that wide; the component is drawn again when it changes. */
export const useWide = (): boolean => useSyncExternalStore(onChange, () => WIDE.matches);

function onChange(listener: () => void): () => void {
  WIDE.addEventListener('change', listener);
  return () => WIDE.removeEventListener('change', listener);
}
