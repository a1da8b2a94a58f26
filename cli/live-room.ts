import type { RoomInfo } from '../src/daemon/api.js';

/** True for the one room of which nothing is kept: who is not here gets nothing of it. */
export const isLive = ({ room, kind }: Pick<RoomInfo, 'room' | 'kind'>): boolean =>
  room === 'lobby' && kind === 'open';
