import { createContext, useContext } from 'react';
import type { Talks } from './talks.js';

export const TalksContext = createContext<Talks | null>(null);

/** What can be done with what is said. */
export function useTalks(): Talks {
  const talks = useContext(TalksContext);
  if (!talks) throw new Error('There are no talks above this component.');
  return talks;
}
