import { BadgeCheck, BellOff, Clock, Globe, Link2, Network, TriangleAlert, Waypoints } from 'lucide-react';
import { useEffect } from 'react';
import type { Peer, Person } from '../../daemon/api.js';
import { Face } from '../parts/face.js';
import { lastSeen } from '../parts/times.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

const READ_EVERY_MS = 5_000;

export const PATHS: Record<NonNullable<Peer['path']>, { icon: typeof Globe; word: string }> = {
  lan: { icon: Network, word: 'LAN' },
  direct: { icon: Link2, word: 'Direct' },
  internet: { icon: Globe, word: 'Internet' },
  relayed: { icon: Waypoints, word: 'Via a member' },
};

/** Who is here, by which way; and who was. */
export function PeopleList({ room }: { room: RoomState }) {
  const store = useStore();
  const { peers, link } = usePage();
  const { self, here, gone } = room;
  const count = here.size;
  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew when somebody comes or goes
  useEffect(() => {
    void store.readPeers();
    const timer = setInterval(() => void store.readPeers(), READ_EVERY_MS);
    return () => clearInterval(timer);
  }, [store, count]);
  const known = link === 'open';
  return (
    <>
      <h3>
        {known ? 'Here' : 'Was here'} <span>{here.size + 1}</span>
      </h3>
      <ul>
        {self && (
          <li className="person">
            <Face id={self.id} presence={known ? 'here' : 'gone'} />
            <div>
              <span className="person-name">
                <b className="cut">{self.name}</b> you
              </span>
              <span className="person-path">This computer</span>
            </div>
          </li>
        )}
        {[...here.values()].map((person) => (
          <PersonRow key={person.id} person={person} peer={peers.get(person.id)} known={known} />
        ))}
      </ul>
      {gone.size > 0 && (
        <>
          <h3>
            Not here <span>{gone.size}</span>
          </h3>
          <ul>
            {[...gone.values()].map(({ person, at }) => (
              <li key={person.id}>
                <button type="button" className="person" onClick={() => store.showPerson(person.id)}>
                  <Face id={person.id} presence="gone" />
                  <span className="person-words">
                    <Name person={person} verified={person.verified === true} />
                    <span className="person-path">
                      <Clock aria-hidden="true" /> Last seen {lastSeen(at)}
                    </span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function PersonRow({ person, peer, known }: { person: Person; peer: Peer | undefined; known: boolean }) {
  const store = useStore();
  const path = peer?.path ? PATHS[peer.path] : null;
  const Icon = known ? (path?.icon ?? Network) : Clock;
  return (
    <li>
      <button type="button" className="person" onClick={() => store.showPerson(person.id)}>
        <Face id={person.id} presence={known ? 'here' : 'gone'} />
        <span className="person-words">
          <Name person={person} verified={peer?.verified ?? person.verified === true} />
          {peer?.resembles && (
            <span className="person-path risk">
              <TriangleAlert aria-hidden="true" /> Not the {peer.resembles.name} whom you verified
            </span>
          )}
          <span className="person-path">
            <Icon aria-hidden="true" />
            {known ? pathWords(peer) : 'Unknown until Chatter is back'}
          </span>
        </span>
        {person.muted && <BellOff role="img" aria-label="muted" />}
      </button>
    </li>
  );
}

function Name({ person, verified }: { person: Person; verified: boolean }) {
  return (
    <span className="person-name">
      <b className="cut">{person.name}</b>
      {verified && <BadgeCheck className="verified" role="img" aria-label="verified" />}
      <span className="tag">#{person.tag}</span>
    </span>
  );
}

function pathWords(peer: Peer | undefined): string {
  const words = [peer?.path ? PATHS[peer.path].word : 'Connecting'];
  if (typeof peer?.rttMs === 'number') words.push(milliseconds(peer.rttMs));
  if ((peer?.instances.length ?? 0) > 1) words.push(`on ${peer?.instances.length} computers`);
  return words.join(' · ');
}

export const milliseconds = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
