import type { RoomState } from '../state/model.js';

export const LOBBY = 'lobby';

/** Rooms as they stand in the rail: the lobby of this network, then the others. */
export const inRailOrder = (rooms: Iterable<RoomState>): RoomState[] =>
  [...rooms].sort((a, b) => Number(b.room === LOBBY) - Number(a.room === LOBBY));
