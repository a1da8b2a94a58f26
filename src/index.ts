/** Chatter for programs: a node within this process. The command line and the page use the daemon instead. */
export { ChatterError, type ErrorCode } from './errors.js';
export type { JoinRequest } from './node/choose-room.js';
export { ChatterNode, type NodeEvents } from './node/node.js';
export type { NodeOptions, NodePaths } from './node/options.js';
export type { Member, Room, RoomEvents } from './room/room.js';
