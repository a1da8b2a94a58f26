import { useCallback, useEffect, useRef, useState } from 'react';
import type { Message } from '../../../daemon/chat-api.js';
import { useStore } from '../../state/use-page.js';

const PAGE = 30;
/** After the last key: the next letter mostly follows. */
const ASKED_AFTER_MS = 150;

export interface Search {
  /** Newest first. */
  found: readonly Message[];
  /** Older ones are left. */
  more: boolean;
  busy: boolean;
  failure: string | null;
  older: () => void;
}

const NOTHING: readonly Message[] = [];

/** What holds these words in these rooms. Each answer is of the newest question. */
export function useSearch(text: string, roomIds: readonly string[]): Search {
  const store = useStore();
  const [found, setFound] = useState(NOTHING);
  const [left, setLeft] = useState<ReadonlyMap<string, string>>(new Map());
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const turn = useRef(0);
  const rooms = roomIds.join(' ');

  /** Asks these rooms, each from where the last answer ended. */
  const ask = useCallback(
    async (known: readonly Message[], from: ReadonlyMap<string, string | undefined>) => {
      const mine = ++turn.current;
      setBusy(true);
      setFailure(null);
      try {
        const pages = await Promise.all(
          [...from].map(async ([room, before]) => {
            const params = { room, search: text, limit: PAGE, ...(before ? { before } : {}) };
            return { room, ...(await store.request('history', params)) };
          }),
        );
        if (mine !== turn.current) return;
        const all = [...known, ...pages.flatMap(({ messages }) => messages)];
        setFound(all.sort((a, b) => (a.sent < b.sent ? 1 : a.sent > b.sent ? -1 : 0)));
        setLeft(
          new Map(
            pages.flatMap(({ room, more, messages }) =>
              more && messages[0] ? [[room, messages[0].id] as const] : [],
            ),
          ),
        );
      } catch (err) {
        if (mine === turn.current) setFailure((err as Error).message);
      }
      if (mine === turn.current) setBusy(false);
    },
    [store, text],
  );

  useEffect(() => {
    if (text.trim() === '') {
      turn.current++;
      setFound(NOTHING);
      setLeft(new Map());
      setBusy(false);
      return undefined;
    }
    setBusy(true);
    setFound(NOTHING);
    const from = new Map(rooms.split(' ').map((room) => [room, undefined]));
    const timer = setTimeout(() => void ask(NOTHING, from), ASKED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text, rooms, ask]);

  return { found, more: left.size > 0, busy, failure, older: () => void ask(found, left) };
}
