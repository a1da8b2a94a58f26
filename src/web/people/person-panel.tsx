import { ArrowLeft, BadgeCheck, Ban, Bell, BellOff, LockKeyhole } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Params, Peer, Result } from '../../daemon/api.js';
import { useTalks } from '../chat/use-talks.js';
import { size } from '../files/amounts.js';
import { Dialog } from '../parts/dialog.js';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { lastSeen } from '../parts/times.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { milliseconds, PATHS } from './people-list.js';
import { Sparkline } from './sparkline.js';
import { VerifyDialog } from './verify-dialog.js';

type Compared = Result<'person'>;

/** One person: by which way they are reached, whether they are who they seem, and what is thought of them here. */
export function PersonPanel({ id, room }: { id: string; room: RoomState }) {
  const store = useStore();
  const talks = useTalks();
  const { peers } = usePage();
  const [person, setPerson] = useState<Compared | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [asking, setAsking] = useState<'verify' | 'block' | null>(null);
  const peer = peers.get(id);
  useEffect(() => {
    store.request('person', { person: id }).then(setPerson, (err: Error) => setFailure(err.message));
  }, [store, id]);
  useEffect(
    () =>
      store.listen((event) => {
        if (event.type === 'peer-marked' && event.peer.id === id)
          setPerson((known) => known && { ...known, ...event.peer });
      }),
    [store, id],
  );
  const mark = async (change: Omit<Params<'mark'>, 'person'>) => {
    setFailure(null);
    try {
      const marked = await store.request('mark', { person: id, ...change });
      setPerson((known) => known && { ...known, ...marked });
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  const name = person?.name ?? room.here.get(id)?.name ?? room.gone.get(id)?.person.name ?? '';
  return (
    <>
      <div className="panel-head person-head">
        <button
          type="button"
          className="icon-button"
          aria-label="Back to everybody"
          title="Back to everybody"
          // biome-ignore lint/a11y/noAutofocus: the panel was opened by the person, and its content replaced the list
          autoFocus
          onClick={() => store.showPerson(null)}
        >
          <ArrowLeft aria-hidden="true" />
        </button>
        <b className="cut">{name}</b>
      </div>
      <div className="panel-body person-panel">
        <Failure text={failure} />
        {person && (
          <>
            <div className="person-top">
              <Face id={id} size={56} presence={peer ? 'here' : 'gone'} />
              <div>
                <h2>{name}</h2>
                <p className="mono-tag">#{person.tag}</p>
                {person.verified && (
                  <p className="mark ok">
                    <BadgeCheck aria-hidden="true" /> Verified
                  </p>
                )}
                {person.blocked && (
                  <p className="mark bad">
                    <Ban aria-hidden="true" /> Blocked
                  </p>
                )}
              </div>
            </div>
            <Names person={person} />
            <Link peer={peer} lastSeenAt={Date.parse(person.lastSeen)} />
            {!person.blocked && (
              <div className="actions">
                <button type="button" className="button" onClick={() => talks.direct(room.roomId, person)}>
                  <LockKeyhole aria-hidden="true" /> Write to {name} alone
                </button>
              </div>
            )}
            <h3>Safety number</h3>
            <p className="digits">{person.safetyNumber}</p>
            <p className="panel-about">
              {name} sees the same 60 digits, if nobody is in between. Compare them aloud or side by side.
            </p>
            <div className="actions">
              <button type="button" className="button" onClick={() => setAsking('verify')}>
                {person.verified ? 'Compare again' : 'Verify…'}
              </button>
              {person.verified && (
                <button type="button" className="button quiet" onClick={() => void mark({ verified: false })}>
                  Not verified
                </button>
              )}
            </div>
            <div className="actions">
              <button
                type="button"
                className="button quiet"
                aria-pressed={person.muted}
                onClick={() => void mark({ muted: !person.muted })}
              >
                {person.muted ? <Bell aria-hidden="true" /> : <BellOff aria-hidden="true" />}
                {person.muted ? 'Unmute' : 'Mute'}
              </button>
              <button
                type="button"
                className="button quiet danger"
                onClick={() => (person.blocked ? void mark({ blocked: false }) : setAsking('block'))}
              >
                <Ban aria-hidden="true" /> {person.blocked ? 'Unblock' : 'Block…'}
              </button>
            </div>
          </>
        )}
      </div>
      {asking === 'verify' && person && (
        <VerifyDialog
          person={person}
          onVerified={() => {
            setAsking(null);
            void mark({ verified: true });
          }}
          onClose={() => setAsking(null)}
        />
      )}
      {asking === 'block' && (
        <Dialog
          alert
          title={`Block ${name}?`}
          description="Their connections are refused in every room, from now on. Nothing tells them. What they said before stays."
          onClose={() => setAsking(null)}
        >
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsking(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button danger"
              onClick={() => {
                setAsking(null);
                void mark({ blocked: true });
              }}
            >
              Block
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Names({ person: { names } }: { person: Compared }) {
  if (names.length < 2) return null;
  return <p className="panel-about">Was also called {names.slice(1).join(', ')}.</p>;
}

/** Where it does not fit in a line, the port goes into the next. */
function Address({ text }: { text: string }) {
  const at = text.lastIndexOf(':');
  return (
    <>
      {text.slice(0, at)}
      <wbr />
      {text.slice(at)}
    </>
  );
}

/** By which way somebody is reached, as it is now. */
function Link({ peer, lastSeenAt }: { peer: Peer | undefined; lastSeenAt: number }) {
  if (!peer) return <p className="panel-about">Not here now. Last seen {lastSeen(lastSeenAt)}.</p>;
  return (
    <>
      {peer.instances.map((instance, index) => (
        <section key={`${instance.address}`}>
          <h3>{peer.instances.length > 1 ? `Link, computer ${index + 1}` : 'Link'}</h3>
          <dl className="facts">
            <dt>Path</dt>
            <dd>{instance.path ? PATHS[instance.path].word : 'Connecting'}</dd>
            <dt>Address</dt>
            <dd>{instance.address === null ? 'Not known' : <Address text={instance.address} />}</dd>
            <dt>Round trip</dt>
            <dd>{instance.rttMs === null ? 'Being measured' : milliseconds(instance.rttMs)}</dd>
            <dt>Rate now</dt>
            <dd>{size(instance.rateBps)}/s</dd>
            <dt>So far</dt>
            <dd>{size(instance.bytes)}</dd>
          </dl>
        </section>
      ))}
      <Sparkline value={peer.rttMs} label="Round trip, since this was opened" />
    </>
  );
}
