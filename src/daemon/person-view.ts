import { type PeerId, peerTag } from '../identity/peer-id.js';
import { ownSafetyNumber, safetyNumber } from '../identity/safety-number.js';
import type { ChatterNode } from '../node/node.js';
import type { KnownPerson } from '../room/people.js';
import type { Known, Person, Result } from './api.js';

/** People as the API shows them: with a tag, and with what this person thinks of them. */
export class PersonView {
  readonly #node: ChatterNode;

  constructor(node: ChatterNode) {
    this.#node = node;
  }

  person(id: PeerId, name: string): Person {
    const { verified, muted } = this.#node.trust.marks(id);
    return {
      id,
      name,
      tag: peerTag(id),
      ...(verified ? { verified } : {}),
      ...(muted ? { muted } : {}),
    };
  }

  known({ id, names, firstSeen, lastSeen, marks }: KnownPerson): Known {
    return {
      id,
      name: names[0] ?? '',
      tag: peerTag(id),
      names: [...names],
      firstSeen: new Date(firstSeen).toISOString(),
      lastSeen: new Date(lastSeen).toISOString(),
      here: [...this.#node.rooms.values()].some(({ members }) => members.some((member) => member.id === id)),
      ...marks,
    };
  }

  all(): Known[] {
    return this.#node.people.map((person) => this.known(person));
  }

  blocked(): Person[] {
    const blocked = this.#node.people.filter(({ marks }) => marks.blocked);
    return blocked.map(({ id, names }) => this.person(id, names[0] ?? ''));
  }

  /** The one that `ref` means, with the numbers to compare. Throws as `ChatterNode.personId`. */
  compared(ref: string): Result<'person'> {
    const own = this.#node.identity.id;
    const person = this.#node.person(ref);
    return {
      ...this.known(person),
      safetyNumber: safetyNumber(own, person.id),
      ownNumber: ownSafetyNumber(own),
      theirNumber: ownSafetyNumber(person.id),
    };
  }
}

/** What is told when somebody's name looks like that of a person known by another key. */
export function lookalikeSentence(peer: Person, known: Known): string {
  const which = known.blocked
    ? 'whom you have blocked'
    : known.verified
      ? 'whom you have verified'
      : `last seen on ${known.lastSeen.slice(0, 10)}`;
  return (
    `${peer.name}#${peer.tag} has another key than ${known.name}#${known.tag}, ${which}. It may be another computer ` +
    `of theirs, or somebody else: npx chatter verify "#${peer.tag}" compares.`
  );
}
