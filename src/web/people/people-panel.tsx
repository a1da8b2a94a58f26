import './people.css';
import { BadgeCheck, Clock, Globe, Link2, Network, Waypoints } from 'lucide-react';
import { useEffect } from 'react';
import type { Peer, Person } from '../../daemon/api.js';
import { Face } from '../parts/face.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

const READ_EVERY_MS = 5_000;

const PATHS: Record<NonNullable<Peer['path']>, { icon: typeof Globe; word: string }> = {
  lan: { icon: Network, word: 'LAN' },
  direct: { icon: Link2, word: 'Direct' },
  internet: { icon: Globe, word: 'Internet' },
  relayed: { icon: Waypoints, word: 'Via a member' },
};

/** Who is here, by which way; and who was. `byWidth`: shown only where the window has a place for it. */
export function PeoplePanel({ room, byWidth }: { room: RoomState; byWidth: boolean }) {
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
    <aside className={byWidth ? 'panel by-width' : 'panel'} aria-label="People">
      <h2 className="panel-head">
        People <span>{here.size + 1}</span>
      </h2>
      <div className="panel-body">
        <h3>
          {known ? 'Here' : 'Here when Chatter last answered'} <span>{here.size + 1}</span>
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
                <li className="person" key={person.id}>
                  <Face id={person.id} presence="gone" />
                  <div>
                    <span className="person-name">
                      <b className="cut">{person.name}</b> <span className="tag">#{person.tag}</span>
                    </span>
                    <span className="person-path">
                      <Clock aria-hidden="true" /> Last seen{' '}
                      {new Date(at).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })}
                    </span>
                  </div>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </aside>
  );
}

function PersonRow({ person, peer, known }: { person: Person; peer: Peer | undefined; known: boolean }) {
  const path = peer?.path ? PATHS[peer.path] : null;
  const Icon = path?.icon ?? Network;
  return (
    <li className="person">
      <Face id={person.id} presence={known ? 'here' : 'gone'} />
      <div>
        <span className="person-name">
          <b className="cut">{person.name}</b>
          {peer?.verified && <BadgeCheck className="verified" role="img" aria-label="verified" />}
          <span className="tag" title="Six characters of this person's key">
            #{person.tag}
          </span>
        </span>
        <span className="person-path">
          <Icon aria-hidden="true" />
          {path?.word ?? 'Connecting'}
          {typeof peer?.rttMs === 'number' && ` · ${milliseconds(peer.rttMs)}`}
          {(peer?.instances.length ?? 0) > 1 && ` · on ${peer?.instances.length} computers`}
        </span>
      </div>
    </li>
  );
}

const milliseconds = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
