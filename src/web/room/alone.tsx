import './alone.css';
import { Clock, Globe, TriangleAlert, Wifi } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { lastSeen } from '../parts/times.js';
import { Finding } from '../settings/finding.js';
import type { RoomState } from '../state/model.js';
import { useStore } from '../state/use-page.js';
import { AddressForm } from './address-form.js';
import { Invite } from './invite.js';

/** How long somebody is alone before it is looked for what keeps others away. */
const DOCTOR_AFTER_MS = 10_000;

/** A room without anybody else: what is being done about it, and what the person can do. */
export function Alone({ room }: { room: RoomState }) {
  const anywhere = room.info?.reach === 'anywhere';
  const seen = useLastSeen();
  const findings = useDoctor();
  const bad = findings.filter(({ ok }) => ok === false);
  return (
    <div className="alone">
      <h2>Nobody else is here yet</h2>
      <p>Chatter keeps looking. Whoever comes is shown here at once.</p>
      <div role="status">
        {bad.length > 0 && (
          <section className="doctor">
            {bad.map((finding) => (
              <Finding key={finding.check + finding.finding} finding={finding} />
            ))}
          </section>
        )}
      </div>
      <ul className="looking">
        <li>
          <Wifi aria-hidden="true" />
          <div>
            <b>This network</b>
            <span>Asked every few seconds who else is in {room.room}.</span>
          </div>
          <span>looking</span>
        </li>
        <li>
          <Globe aria-hidden="true" />
          <div>
            <b>Internet</b>
            <span>
              {anywhere
                ? 'Announced under a name that only members can read.'
                : 'This room is for this network only.'}
            </span>
          </div>
          <span>{anywhere ? 'looking' : 'off'}</span>
        </li>
        {seen && (
          <li>
            <Clock aria-hidden="true" />
            <div>
              <b>Known addresses</b>
              <span>
                {seen.name} was last seen {lastSeen(Date.parse(seen.lastSeen))}; where people were met before
                is tried too.
              </span>
            </div>
            <span>trying</span>
          </li>
        )}
        {findings.length > 0 && bad.length === 0 && (
          <li>
            <TriangleAlert aria-hidden="true" />
            <div>
              <b>Network check</b>
              <span>
                Nothing was found here that keeps people apart. Perhaps nobody else has opened the room yet.
              </span>
            </div>
            <span>done</span>
          </li>
        )}
      </ul>
      <AddressForm room={room} />
      <Invite roomId={room.roomId} />
    </div>
  );
}

/** What the doctor finds after a while; empty before. */
function useDoctor(): Result<'doctor'>['findings'] {
  const store = useStore();
  const [findings, setFindings] = useState<Result<'doctor'>['findings']>([]);
  useEffect(() => {
    const timer = setTimeout(() => {
      store.request('doctor', {}).then(
        (result) => setFindings(result.findings),
        () => {}, // the strip says that the node is gone
      );
    }, DOCTOR_AFTER_MS);
    return () => clearTimeout(timer);
  }, [store]);
  return findings;
}

/** Who was seen last, in any room. */
function useLastSeen(): Result<'people'>[number] | null {
  const store = useStore();
  const [person, setPerson] = useState<Result<'people'>[number] | null>(null);
  useEffect(() => {
    store.request('people', {}).then(
      ([first]) => setPerson(first?.name ? first : null),
      () => {}, // the strip says that the node is gone
    );
  }, [store]);
  return person;
}
