import {
  keysFromSeed,
  openRoomSeed,
  privateRoomSeed,
  protectedRoomSeed,
  type RoomSeed,
} from '../membership/room-keys.js';
import { normaliseRoomName } from '../membership/room-name.js';
import { isLobby, type KnownRoom } from './known-rooms.js';

/** The open room of this name. Takes a stretch (about 0.1 s). Throws ROOM_NAME_INVALID. */
export async function openRoom(name: string): Promise<KnownRoom> {
  return fresh(await openRoomSeed(name), normaliseRoomName(name), null);
}

/** The room of this name and passphrase. Takes two stretches. Throws ROOM_NAME_INVALID or PASSPHRASE_INVALID. */
export async function protectedRoom(name: string, passphrase: string): Promise<KnownRoom> {
  return fresh(await protectedRoomSeed(name, passphrase), normaliseRoomName(name), null);
}

/** The room of this 32-byte secret. */
export function privateRoom(secret: Uint8Array, label: string): KnownRoom {
  return fresh(privateRoomSeed(secret), label, secret);
}

const fresh = (seed: RoomSeed, label: string, secret: Uint8Array | null): KnownRoom => ({
  keys: keysFromSeed(seed, isLobby({ seed, label })),
  seed,
  label,
  secret,
  joined: false,
  ownName: null,
});
