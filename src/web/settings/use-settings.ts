import { useCallback, useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { usePage, useStore } from '../state/use-page.js';

type Setting = Result<'settings'>[number];

export interface NodeSettings {
  /** By key; empty until they are read. */
  settings: ReadonlyMap<string, Setting>;
  /** What was wrong with the last change, by key. */
  failures: ReadonlyMap<string, string>;
  set: (key: string, value: string | null) => Promise<void>;
}

/** The node's own settings, the same that `chatter set` shows. */
export function useSettings(): NodeSettings {
  const store = useStore();
  const { link } = usePage();
  const [settings, setSettings] = useState<ReadonlyMap<string, Setting>>(new Map());
  const [failures, setFailures] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    if (link !== 'open') return;
    store.request('settings', {}).then(
      (all) => setSettings(new Map(all.map((each) => [each.key, each]))),
      () => {}, // read again when the node is back
    );
  }, [store, link]);
  const set = useCallback(
    async (key: string, value: string | null) => {
      try {
        const setting = await store.request('set', { key, value });
        setSettings((all) => new Map(all).set(key, setting));
        setFailures((all) => without(all, key));
      } catch (err) {
        setFailures((all) => new Map(all).set(key, (err as Error).message));
      }
    },
    [store],
  );
  return { settings, failures, set };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
