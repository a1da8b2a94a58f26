/** Chatter for programs: a node within this process. The command line and the page use the daemon instead. */
export { ChatterError, type ErrorCode } from './errors.js';
export { ChatterNode, type JoinRequest, type NodeEvents, type NodeOptions, type NodePaths } from './node.js';
export type { Member, Room, RoomEvents } from './room/room.js';
