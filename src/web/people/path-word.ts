import type { Peer } from '../../daemon/api.js';

const WORDS: Record<NonNullable<Peer['path']>, string> = {
  lan: 'LAN',
  direct: 'a typed address',
  internet: 'the Internet',
  relayed: 'another member',
};

/** How somebody is reached, in words. */
export const pathWord = (path: Peer['path']): string => (path ? WORDS[path] : 'no way known');
