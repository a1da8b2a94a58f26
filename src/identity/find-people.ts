import { type PeerId, peerTag } from './peer-id.js';

/** Somebody that a person could mean: the names that they bear now. */
export interface Candidate {
  readonly id: PeerId;
  readonly names: readonly string[];
}

const ID = /^[0-9a-f]{64}$/;
const TAGGED = /^(.*)#([0-9a-hjkmnp-tv-z]{6})$/s;

/**
 * Those that `ref` can mean: an id (also of somebody never seen), `name#tag`, `#tag`, or a name in any case. Several
 * may bear one name.
 */
export function findPeople(ref: string, candidates: Iterable<Candidate>): PeerId[] {
  if (ID.test(ref)) return [ref as PeerId];
  const all = [...candidates];
  const named = (name: string) =>
    all.filter(({ names }) => names.some((other) => fold(other) === fold(name)));
  const [, name = '', tag] = TAGGED.exec(ref) ?? [];
  // A name that ends like somebody's tag is not taken for it.
  const found = tag ? (name ? named(name) : all).filter(({ id }) => peerTag(id) === tag) : named(ref);
  return found.map(({ id }) => id);
}

const fold = (name: string) => name.normalize('NFKC').toLowerCase().trim();
