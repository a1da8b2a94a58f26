import { createContext, useContext, useSyncExternalStore } from 'react';
import type { CallStore } from './call-store.js';
import type { CallView } from './call-view.js';

export const CallContext = createContext<CallStore | null>(null);

/** The tab's one store of calls. */
export function useCallStore(): CallStore {
  const store = useContext(CallContext);
  if (!store) throw new Error('There is no call store above this component.');
  return store;
}

/** What is shown of calls now. */
export function useCall(): CallView {
  const store = useCallStore();
  return useSyncExternalStore(store.subscribe, store.snapshot);
}
