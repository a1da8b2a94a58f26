import type { Connection } from '../connection/connection.js';
import { parseAddress } from '../discovery/address.js';
import type { DirectDiscovery } from '../discovery/direct.js';
import { networkLinks } from '../discovery/interfaces.js';
import { isLobby } from '../room/known-rooms.js';
import type { RememberedAddresses } from '../room/remembered-addresses.js';
import type { Room } from '../room/room.js';

/** Keeps where somebody listens: the address that was dialled, since one that came in has a port of the moment. */
export async function rememberWhereabouts(
  remembered: RememberedAddresses,
  { keys, label }: Room,
  { id: peer, link: { isInitiator, carrier, path, address } }: Connection,
): Promise<void> {
  if (!isInitiator || carrier !== 'tcp' || isLobby({ seed: keys, label })) return;
  await remembered.met(keys.id, { peer, address, lan: path === 'lan' });
}

/** Tries the addresses at which people of this room were met, with this room's greeting alone. */
export async function redial(
  remembered: RememberedAddresses,
  direct: DirectDiscovery,
  room: Room,
): Promise<void> {
  for (const { peer, address, lan } of await remembered.of(room.keys.id)) {
    const parsed = parseAddress(address);
    direct.addRemembered(parsed, room.keys.id, () => {
      if (room.members.some(({ id }) => id === peer)) return false;
      return !lan || networkLinks().some((link) => !link.loopback && link.contains(parsed.host));
    });
  }
}
