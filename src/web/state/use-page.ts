import { createContext, useContext, useSyncExternalStore } from 'react';
import type { State } from './model.js';
import type { PageStore } from './page-store.js';

export const StoreContext = createContext<PageStore | null>(null);

/** The page's one store. */
export function useStore(): PageStore {
  const store = useContext(StoreContext);
  if (!store) throw new Error('There is no store above this component.');
  return store;
}

/** What is shown now; the component is drawn again when it changes. */
export function usePage(): State {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.snapshot);
}
