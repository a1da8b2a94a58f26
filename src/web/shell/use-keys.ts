import { useEffect, useState } from 'react';
import type { State } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { inRailOrder } from './rail-order.js';

/** Parts of the window that F6 goes through, in this order. */
const STOPS = [
  '.rail nav [aria-current]',
  '.timeline',
  '.composer textarea',
  '.panel [role=tab][aria-selected=true]',
];

/** What is open above the page hears its own keys. */
const ABOVE = '[role=dialog], [role=alertdialog], [role=menu], [role=listbox]';

/** Keys that work wherever the focus is (`keys.ts`). Tells whether the dialog of Ctrl K is open, and sets it. */
export function useKeys(): [going: boolean, setGoing: (going: boolean) => void] {
  const store = useStore();
  const state = usePage();
  const [going, setGoing] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const { key, altKey, shiftKey } = event;
      const ctrl = event.ctrlKey || event.metaKey;
      if (key === 'F6') nextStop(shiftKey ? -1 : 1)?.focus();
      else if (key === 'k' && ctrl && !altKey && !shiftKey && state.listed) setGoing(true);
      else if (key === 'f' && ctrl && !altKey && !shiftKey && state.rooms.size > 0)
        store.search({ text: '' });
      else if (key === 'Escape' && !document.querySelector(ABOVE)) back();
      else {
        const step = altKey && !ctrl ? STEPS[key] : undefined;
        const next = step && roomBeside(state, step);
        if (!next) return;
        store.show(next);
      }
      event.preventDefault();
    };
    const back = () => {
      if (state.person) store.showPerson(null);
      else document.querySelector<HTMLElement>('.composer textarea')?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [store, state]);
  return [going, setGoing];
}

const STEPS: { [key: string]: number } = { ArrowUp: -1, ArrowDown: 1 };

function nextStop(step: number): HTMLElement | null {
  const stops = STOPS.map((stop) => document.querySelector<HTMLElement>(stop)).filter(
    (stop) => stop !== null,
  );
  const at = stops.findIndex(
    (stop) => stop === document.activeElement || stop.contains(document.activeElement),
  );
  const from = at < 0 && step < 0 ? 0 : at;
  return stops.at((from + step) % stops.length) ?? null;
}

function roomBeside({ rooms, shown }: State, step: number): string | undefined {
  const joined = inRailOrder(rooms.values()).filter((room) => room.joined);
  if (joined.length === 0) return undefined;
  const at = joined.findIndex(({ roomId }) => roomId === shown);
  return joined.at((at + step) % joined.length)?.roomId;
}
