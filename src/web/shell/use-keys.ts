import { useEffect } from 'react';
import type { State } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

/** Parts of the window that F6 goes through, in this order. */
const STOPS = [
  '.rail nav [aria-current]',
  '.timeline',
  '.composer textarea',
  '.panel [role=tab][aria-selected=true]',
];

/** Keys that work wherever the focus is. */
export function useKeys(): void {
  const store = useStore();
  const state = usePage();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'F6') {
        event.preventDefault();
        nextStop(event.shiftKey ? -1 : 1)?.focus();
      }
      const isSearch = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (isSearch && (event.key === 'f' || event.key === 'k') && state.rooms.size > 0) {
        event.preventDefault();
        store.search({ text: '' });
      }
      const step = event.altKey && !event.ctrlKey ? STEPS[event.key] : undefined;
      const next = step && roomBeside(state, step);
      if (next) {
        event.preventDefault();
        store.show(next);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [store, state]);
}

const STEPS: { [key: string]: number } = { ArrowUp: -1, ArrowDown: 1 };

function nextStop(step: number): HTMLElement | null {
  const stops = STOPS.map((stop) => document.querySelector<HTMLElement>(stop)).filter(
    (stop) => stop !== null,
  );
  const at = stops.findIndex(
    (stop) => stop === document.activeElement || stop.contains(document.activeElement),
  );
  return stops.at((at + step) % stops.length) ?? null;
}

function roomBeside({ rooms, shown }: State, step: number): string | undefined {
  const joined = [...rooms.values()].filter((room) => room.joined);
  if (joined.length === 0) return undefined;
  const at = joined.findIndex(({ roomId }) => roomId === shown);
  return joined.at((at + step) % joined.length)?.roomId;
}
