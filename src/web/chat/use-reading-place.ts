import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react';

/** Heights of the view within which the next page is asked for: it comes before the reader is there. */
const READ_AHEAD = 2.5;

/** Nearer to the end than this is at the end. */
const NEAR_END_PX = 60;

/** What of the rows is in sight. */
export interface Sight {
  atEnd: boolean;
  /** Little is left above, or below. */
  nearTop: boolean;
  nearBottom: boolean;
  /** Id of the last row that is wholly in sight, or of which the end is; null where there is none. */
  last: string | null;
}

interface ReadingPlaceOptions {
  view: RefObject<HTMLElement | null>;
  /** Holds the rows, each with `data-id`. */
  list: RefObject<HTMLElement | null>;
  following: boolean;
  onSight: (sight: Sight) => void;
}

/**
 * Keeps the reader's place while rows come, go and grow around it: what is read does not move, or the end stays in
 * sight while the reader is there. Rows have the heights that they have, so nothing is estimated and nothing jumps.
 * Gives back what looks at the rows anew.
 */
export function useReadingPlace({ view, list, following, onSight }: ReadingPlaceOptions): () => void {
  /** A row in sight, and how far below the top of the view it was when the view stood at `scrollTop`. */
  const held = useRef<{ id: string; top: number; scrollTop: number } | null>(null);

  const keep = useCallback(() => {
    const [element, rows] = [view.current, list.current];
    if (!element || !rows) return;
    if (following) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const row = held.current && rowOf(rows, held.current.id);
    if (!row || !held.current) return;
    const { top, scrollTop, id } = held.current;
    // The reader may have scrolled since; where rows went, the browser may have moved the view itself.
    const wasCut = scrollTop > element.scrollHeight - element.clientHeight;
    const scrolled = wasCut ? 0 : element.scrollTop - scrollTop;
    const moved = topOf(row, element) - (top - scrolled);
    if (Math.abs(moved) >= 1) element.scrollTop += moved;
    held.current = { id, top: topOf(row, element), scrollTop: element.scrollTop };
  }, [view, list, following]);

  const look = useCallback(() => {
    const [element, rows] = [view.current, list.current];
    if (!element || !rows) return;
    if (!following) keep(); // rows may have changed their heights since, with nobody to tell
    const { scrollTop, scrollHeight, clientHeight } = element;
    // Wholly in sight: what is above of a row at the edge may change its height, as where it becomes one of a group.
    const first =
      focusedRow(rows, element) ??
      messageFrom(
        rows,
        firstWhere(rows, (row) => topOf(row, element) >= 0),
      );
    held.current = first?.dataset.id ? { id: first.dataset.id, top: topOf(first, element), scrollTop } : null;
    const below = firstWhere(rows, (row) => topOf(row, element) + row.offsetHeight > clientHeight + 1);
    const last = below ? below.previousElementSibling : rows.lastElementChild;
    const left = scrollHeight - scrollTop - clientHeight;
    onSight({
      atEnd: left < NEAR_END_PX,
      nearTop: scrollTop < clientHeight * READ_AHEAD,
      nearBottom: left < clientHeight * READ_AHEAD,
      last: (last as HTMLElement | null)?.dataset.id ?? null,
    });
  }, [view, list, following, keep, onSight]);

  // After every drawing: what is held of the talk may have changed at either end.
  useLayoutEffect(keep);
  // Pictures load, cards change, the window becomes narrower.
  useEffect(() => {
    const [element, rows] = [view.current, list.current];
    if (!element || !rows) return undefined;
    const observer = new ResizeObserver(keep);
    observer.observe(element);
    observer.observe(rows);
    return () => observer.disconnect();
  }, [view, list, keep]);
  return look;
}

/** The first row for which this is so, where it is so for all rows after it. */
function firstWhere(rows: HTMLElement, fits: (row: HTMLElement) => boolean): HTMLElement | null {
  let [low, high] = [0, rows.children.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(rows.children[middle] as HTMLElement)) high = middle;
    else low = middle + 1;
  }
  return (rows.children[low] as HTMLElement | undefined) ?? null;
}

/**
 * Other rows may move or go when more of the history comes, and the first message may become one of a group: what is
 * below it would move with its height.
 */
function messageFrom(rows: HTMLElement, row: HTMLElement | null): HTMLElement | null {
  const first = rows.querySelector('[data-message]');
  for (let next: Element | null = row; next; next = next.nextElementSibling)
    if (next !== first && next.hasAttribute('data-message')) return next as HTMLElement;
  return row;
}

/** The row that the reader is at by the keyboard, or in which something was clicked, while any of it is in sight. */
function focusedRow(rows: HTMLElement, view: HTMLElement): HTMLElement | null {
  const row = document.activeElement?.closest<HTMLElement>('.timeline-row');
  if (!row || row.parentElement !== rows) return null;
  const top = topOf(row, view);
  return top + row.offsetHeight > 0 && top < view.clientHeight ? row : null;
}

const rowOf = (rows: HTMLElement, id: string) =>
  rows.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);

const topOf = (row: HTMLElement, view: HTMLElement) =>
  row.getBoundingClientRect().top - view.getBoundingClientRect().top;
