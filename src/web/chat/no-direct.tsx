import { LockKeyhole } from 'lucide-react';
import type { Person } from '../../daemon/api.js';
import { Face } from '../parts/face.js';

/** In the place of messages where none were written between two yet. */
export function NoDirect({ person }: { person: Person }) {
  return (
    <div className="no-direct">
      <Face id={person.id} size={56} />
      <h2>You and {person.name}</h2>
      <p>
        <LockKeyhole aria-hidden="true" /> What you write here is for {person.name} alone: nobody else in the
        room can read it.
      </p>
    </div>
  );
}
