import { useCallback, useEffect, useRef, useState } from 'react';
import type { SharedInfo } from '../../daemon/files-api.js';
import { usePage, useStore } from '../state/use-page.js';
import { type Owner, placeKey, type Shared } from './shared-rows.js';

/** A burst of changes is asked about once. */
const GATHER_MS = 400;

export interface SharedTree extends Shared {
  /** Everybody was asked once. */
  asked: boolean;
  /** Who did not answer. */
  silent: readonly Owner[];
  open: ReadonlySet<string>;
  setOpen: (owner: string, path: string, open: boolean) => void;
  again: () => void;
}

/** What everybody in a room shares, as far as it was opened; it follows what they change. */
export function useShared(roomId: string, self: string): SharedTree {
  const store = useStore();
  const { link } = usePage();
  const [answers, setAnswers] = useState<Shared['answers']>(new Map());
  const [owners, setOwners] = useState<readonly Owner[]>([]);
  const [silent, setSilent] = useState<readonly Owner[]>([]);
  const [asked, setAsked] = useState(false);
  const [open, setOpenPlaces] = useState<ReadonlyMap<string, { owner: string; path: string }>>(new Map());
  const opened = useRef(open);
  opened.current = open;

  const put = useCallback((key: string, entries: readonly SharedInfo[]) => {
    setAnswers((known) => new Map(known).set(key, entries));
  }, []);

  /** What lies directly under a place of one person's. */
  const ask = useCallback(
    async (owner: string, path: string) => {
      const { entries } = await store.request('ls', { room: roomId, path, from: owner });
      put(placeKey(owner, path), entries);
    },
    [store, roomId, put],
  );

  const askAll = useCallback(async () => {
    const found = await store.request('ls', { room: roomId });
    const byOwner = new Map<string, SharedInfo[]>();
    for (const entry of found.entries)
      byOwner.set(entry.owner.id, [...(byOwner.get(entry.owner.id) ?? []), entry]);
    const who = [...byOwner.values()].flatMap(([first]) => (first ? [first.owner] : []));
    setOwners(who.sort((a, b) => Number(b.id === self) - Number(a.id === self) || compare(a, b)));
    setSilent(found.silent);
    for (const [id, entries] of byOwner) put(placeKey(id, ''), entries);
    setAsked(true);
    const inside = [...opened.current.values()].filter(
      ({ owner, path }) => path !== '' && byOwner.has(owner),
    );
    await Promise.all(inside.map(({ owner, path }) => ask(owner, path)));
  }, [store, roomId, self, put, ask]);

  const again = useCallback(() => void askAll().catch(() => {}), [askAll]); // the strip says that the node is gone

  useEffect(() => {
    if (link !== 'open') return undefined;
    again();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const forget = store.listen((event) => {
      const concerns =
        (event.type === 'shares-changed' || event.type === 'peer-joined' || event.type === 'peer-left') &&
        event.roomId === roomId;
      if (!concerns) return;
      timer ??= setTimeout(() => {
        timer = null;
        again();
      }, GATHER_MS);
    });
    return () => {
      forget();
      if (timer) clearTimeout(timer);
    };
  }, [store, roomId, link, again]);

  const setOpen = (owner: string, path: string, isOpen: boolean) => {
    const key = placeKey(owner, path);
    setOpenPlaces((places) => {
      const next = new Map(places);
      if (isOpen) next.set(key, { owner, path });
      else next.delete(key);
      return next;
    });
    if (isOpen && path !== '') void ask(owner, path).catch(() => put(key, []));
  };
  return { answers, owners, silent, asked, open: new Set(open.keys()), setOpen, again };
}

const compare = (a: Owner, b: Owner): number => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
