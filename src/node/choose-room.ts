import { ChatterError } from '../errors.js';
import { isInvite, parseInvite } from '../membership/invite.js';
import { isLobby, type KnownRoom, type KnownRooms, reaching, roomTag } from '../room/known-rooms.js';
import { openRoom, privateRoom, protectedRoom } from '../room/room-kinds.js';
import { cleanName } from '../text.js';

export interface JoinRequest {
  /** A name, a `name#tag`, an id, or a text with an invite link in it. */
  room: string;
  passphrase?: string;
  /** The open room of this name, whatever else is known by it. */
  open?: boolean;
  /** Has agreed to join an open room although a protected one of this name is known. */
  openAnyway?: boolean;
  /** The own name in this room. */
  name?: string;
  /** Addresses host:port to dial for this room. */
  peers?: readonly string[];
  /** Where it is looked for from now on; what was chosen before, or anywhere, when left out. */
  reach?: 'here' | 'anywhere';
  /** Throws REACH_NEEDED for an open room that is new here, unless `reach` is given. */
  asksReach?: boolean;
}

/** The one known room that `ref` means. Throws ROOM_UNKNOWN, ROOM_AMBIGUOUS or INVITE_INVALID. */
export function findRoom(known: KnownRooms, ref: string, isJoined: (id: string) => boolean): KnownRoom {
  const found = known.find(ref);
  if (found.length > 1) {
    // Where one of them is joined and the others are not, there is no doubt.
    const joined = found.filter(({ keys }) => isJoined(keys.id));
    if (joined.length === 1) return joined[0] as KnownRoom;
    throw new ChatterError('ROOM_AMBIGUOUS', {
      message: `Several rooms bear this name: ${found.map(roomTag).join(', ')}.`,
    });
  }
  if (!found[0]) throw new ChatterError('ROOM_UNKNOWN');
  return found[0];
}

/** The room that a request means, known or new. */
export async function chooseRoom(
  known: KnownRooms,
  { room: ref, passphrase, open, openAnyway }: JoinRequest,
  isJoined: (id: string) => boolean,
): Promise<KnownRoom> {
  if (isInvite(ref)) {
    const { secret, label } = parseInvite(ref);
    const fresh = privateRoom(secret, cleanName(label) ?? 'private');
    return known.get(fresh.keys.id) ?? fresh;
  }
  if (passphrase !== undefined) {
    const fresh = await protectedRoom(ref, passphrase);
    return known.get(fresh.keys.id) ?? fresh;
  }
  const found = known.find(ref);
  if (!open && found.length > 0) return findRoom(known, ref, isJoined);
  if (!openAnyway && found.some(({ seed }) => seed.tier !== 'open'))
    throw new ChatterError('ROOM_NAME_TAKEN');
  return found.find(({ seed }) => seed.tier === 'open') ?? (await openRoom(ref));
}

/** The room as far as it is looked for from now on; `usual` is this person's preference for new ones. */
export function chooseReach(
  room: KnownRoom,
  { reach, asksReach }: JoinRequest,
  { isNew, usual }: { isNew: boolean; usual: string },
): KnownRoom {
  if (reach === 'anywhere' && isLobby(room)) {
    throw new ChatterError('USAGE', { message: 'The lobby is of this network alone.' });
  }
  if (reach !== undefined) return reaching(room, reach === 'here');
  if (isNew && usual === 'here') return reaching(room, true);
  if (asksReach && isNew && usual === 'ask' && room.seed.tier === 'open' && !isLobby(room))
    throw new ChatterError('REACH_NEEDED');
  return room;
}
