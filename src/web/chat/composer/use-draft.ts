import { useCallback, useEffect, useRef, useState } from 'react';
import { usePage, useStore } from '../../state/use-page.js';
import { useTalks } from '../use-talks.js';

/** After the last key, so that a fast writer does not make the node write as fast. */
const KEPT_AFTER_MS = 300;
/** Own texts that may come back as events, at most. */
const TOLD_KEPT = 32;

/** What is typed, by room and by the person for whom alone it is, also while something else is shown. */
const typed = new Map<string, string>();

/**
 * What is typed and not sent yet. The node keeps it, so that it outlives the page and the node itself, and every window
 * shows it. Text that the node has not taken yet is never replaced by what it has. What is for one person (`direct`)
 * alone is kept by this page, so that it never stands in the room's own field.
 */
export function useDraft(
  roomId: string,
  direct: string | null,
): [text: string, write: (text: string) => void] {
  const store = useStore();
  const talks = useTalks();
  const { link, rooms } = usePage();
  const place = direct === null ? roomId : `${roomId} ${direct}`;
  const [text, setText] = useState(typed.get(place) ?? '');
  const now = useRef(text);
  const told = useRef<string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const tell = useCallback(() => {
    timer.current = null;
    const said = now.current;
    told.current = [...told.current, said].slice(-TOLD_KEPT);
    store.request('draft', { room: roomId, text: said }).catch(() => {
      told.current = told.current.filter((each) => each !== said); // told again when the node is back
    });
  }, [store, roomId]);

  const write = useCallback(
    (value: string) => {
      now.current = value;
      typed.set(place, value);
      setText(value);
      if (direct === null) timer.current ??= setTimeout(tell, KEPT_AFTER_MS);
    },
    [place, direct, tell],
  );

  const take = useCallback(
    (value: string) => {
      now.current = value;
      typed.set(place, value);
      told.current = [value];
      setText(value);
    },
    [place],
  );

  const isReady = direct === null && link === 'open' && rooms.get(roomId)?.joined === true;
  useEffect(() => {
    if (!isReady) return;
    store.request('draft', { room: roomId }).then(
      ({ text: kept, replyTo }) => {
        if (now.current === '' && kept !== '') take(kept);
        else if (now.current !== kept) tell();
        if (replyTo)
          store.request('message', { room: roomId, id: replyTo }).then(
            (message) => talks.compose(roomId, { replyTo: message }),
            () => {}, // it is gone: then it is no answer any more
          );
      },
      () => {}, // the node is gone again
    );
  }, [store, talks, roomId, isReady, take, tell]);

  useEffect(
    () =>
      store.listen((event) => {
        if (event.type !== 'draft' || event.roomId !== roomId || direct !== null) return;
        const isOwn = told.current.includes(event.text);
        const isKept = timer.current === null && told.current.at(-1) === now.current;
        if (!isOwn && (isKept || now.current === '')) take(event.text);
      }),
    [store, roomId, direct, take],
  );
  useEffect(
    () => () => {
      if (timer.current === null) return;
      clearTimeout(timer.current);
      tell();
    },
    [tell],
  );
  return [text, write];
}
