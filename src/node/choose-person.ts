import { ChatterError } from '../errors.js';
import { type Candidate, findPeople } from '../identity/find-people.js';
import { type PeerId, peerTag } from '../identity/peer-id.js';

/** The one other person that `ref` means. Throws PEER_UNKNOWN, PEER_AMBIGUOUS, and PEER_SELF for oneself. */
export function choosePerson(ref: string, candidates: readonly Candidate[], self: PeerId): PeerId {
  const found = findPeople(ref, candidates);
  const others = found.filter((id) => id !== self);
  if (others.length > 1) {
    const [label] = ref.split('#') as [string];
    const refs = others.map((id) => `${label}#${peerTag(id)}`);
    throw new ChatterError('PEER_AMBIGUOUS', {
      message: `Several people bear this name: ${refs.join(', ')}.`,
    });
  }
  if (!others[0]) throw new ChatterError(found.length > 0 ? 'PEER_SELF' : 'PEER_UNKNOWN');
  return others[0];
}
