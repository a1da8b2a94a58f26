import type { Peer } from '../src/daemon/api.js';

const LABELS = { lan: 'LAN', direct: 'direct', internet: 'Internet', relayed: 'relayed' } as const;

/** How people know the way to a peer. */
export const pathLabel = (path: Peer['path']): string => (path ? LABELS[path] : 'no path');
