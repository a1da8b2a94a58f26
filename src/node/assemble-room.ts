import { MemoryChatStore } from '../chat/memory-chat-store.js';
import { RoomChat } from '../chat/room-chat.js';
import type { Clock } from '../clock.js';
import type { RateCap } from '../files/rate-cap.js';
import { RoomFiles } from '../files/room-files.js';
import { RoomShares } from '../files/room-shares.js';
import { LIMITS } from '../limits.js';
import { isLobby, type KnownRoom } from '../room/known-rooms.js';
import { Room } from '../room/room.js';
import type { Stores } from './stores.js';

export interface AssemblyOptions {
  stores: Stores;
  /** This running node's own name. */
  instance: string;
  /** What the node's rooms share. */
  uploadCap: RateCap;
  downloadCap: RateCap;
  dataFolder: string;
  umask?: number;
  clock: Clock;
  /** The own name in the room, as it is now. */
  ownName: () => string;
  /** Whether this person is in a call of another room. */
  isBusy: () => boolean;
}

/** What is said in a room, not opened yet. The lobby keeps nothing on disk. */
export async function assembleChat(
  known: KnownRoom,
  { stores, clock, ownName }: Pick<AssemblyOptions, 'stores' | 'clock' | 'ownName'>,
): Promise<RoomChat> {
  const { id } = known.keys;
  const live = isLobby(known);
  return new RoomChat({
    roomId: id,
    self: stores.identity,
    store: live ? new MemoryChatStore({ messages: LIMITS.lobbyMessages }) : await stores.chats.room(id),
    writers: stores.writers,
    clock,
    names: () => [ownName()],
    trust: stores.people,
    live,
    keep: known.seed.tier === 'open' ? '30d' : 'forever',
  });
}

/** A room with its chat, files, shares and call, not opened yet. */
export async function assembleRoom(known: KnownRoom, options: AssemblyOptions): Promise<Room> {
  const { stores, instance, clock, ownName, isBusy } = options;
  const { identity } = stores;
  const { keys, label } = known;
  const live = isLobby(known);
  const files = new RoomFiles({
    roomId: keys.id,
    self: identity.id,
    signer: identity,
    store: stores.transfers,
    cache: stores.hashes,
    uploadCap: options.uploadCap,
    downloadCap: options.downloadCap,
    clock,
    live,
    umask: options.umask,
  });
  const chat = await assembleChat(known, options);
  const shares = new RoomShares({
    roomId: keys.id,
    self: identity.id,
    store: stores.shares,
    cache: stores.hashes,
    clock,
    files,
    dataFolder: options.dataFolder,
  });
  const self = { id: identity.id, instance, name: ownName() };
  return new Room({ keys, label, self, clock, files, shares, chat, isBusy });
}
