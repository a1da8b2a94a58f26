import './guest.css';
import { Smartphone, TriangleAlert } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import type { GuestInfo } from '../../daemon/guest-api.js';
import { size } from '../files/amounts.js';
import { Dialog } from '../parts/dialog.js';
import { Failure } from '../parts/failure.js';
import { QrCode } from '../room/invite.js';
import type { RoomState } from '../state/model.js';
import type { PageStore } from '../state/page-store.js';
import { usePage, useStore } from '../state/use-page.js';

/** A page for somebody with nothing but a browser: opened, watched and ended here. */
export function GuestButton({ room }: { room: RoomState }) {
  const [open, setOpen] = useState(false);
  const guest = useGuest(room.roomId);
  const waiting = guest?.uploads.filter(({ state }) => state === 'waiting').length ?? 0;
  return (
    <div className="guest-button">
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Smartphone aria-hidden="true" /> Somebody without Chatter
      </button>
      <span role="status">
        {guest && (waiting > 0 ? `Guests hand in ${waiting}: answer them` : 'The guest page is open')}
      </span>
      {open && (
        <Dialog title="For somebody with only a browser" onClose={() => setOpen(false)}>
          {guest ? <Desk guest={guest} /> : <Consent roomId={room.roomId} />}
        </Dialog>
      )}
    </div>
  );
}

function useGuest(roomId: string): GuestInfo | null {
  const store = useStore();
  const [guest, setGuest] = useState<GuestInfo | null>(null);
  useEffect(() => {
    store.request('guest', { room: roomId }).then(
      (answer) => setGuest(answer.guest),
      () => {},
    );
    return store.listen((event) => {
      if (event.type === 'guest-changed' && event.roomId === roomId) setGuest(event.guest);
    });
  }, [store, roomId]);
  return guest;
}

/** Runs what may be refused, and keeps the sentence. */
function useAttempt(): [string | null, (fn: (store: PageStore) => Promise<unknown>) => void] {
  const store = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  return [
    failure,
    (fn) => {
      setFailure(null);
      fn(store).catch((err: unknown) => setFailure((err as Error).message));
    },
  ];
}

function Consent({ roomId }: { roomId: string }) {
  const [minutes, setMinutes] = useState(60);
  const [failure, attempt] = useAttempt();
  return (
    <div className="guest">
      <p>
        Chatter serves a page on this network, under a link that only you hand out. Whoever has the link can
        download what you put there, write notes, and hand files in. You are asked before the room gets them.
        They see nothing of the room.
      </p>
      <p className="note">
        <TriangleAlert aria-hidden="true" />
        <span>The page is not encrypted: others on this network could look on, or change what is sent.</span>
      </p>
      <label className="guest-time">
        For
        <select value={minutes} onChange={({ target }) => setMinutes(Number(target.value))}>
          <option value={15}>15 minutes</option>
          <option value={60}>one hour</option>
          <option value={240}>four hours</option>
        </select>
      </label>
      <Failure text={failure} />
      <div className="actions">
        <button
          type="button"
          className="button primary"
          onClick={() =>
            attempt((store) => store.request('guestOpen', { room: roomId, consent: true, minutes }))
          }
        >
          Open the page
        </button>
      </div>
    </div>
  );
}

function Desk({ guest }: { guest: GuestInfo }) {
  const { transfers } = usePage();
  const [text, setText] = useState('');
  const [failure, attempt] = useAttempt();
  const { roomId: room, url, until, notes, shelf, uploads } = guest;
  const given = [...transfers.values()].filter(
    ({ roomId, mine, state, copied }) =>
      roomId === room && (state === 'done' || (mine && state === 'serving' && copied === null)),
  );
  const end = new Date(until).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return (
    <div className="guest">
      <div className="guest-link">
        <QrCode text={url} label="The guest page as a QR code" />
        <div>
          <p className="guest-url">{url}</p>
          <p>Until {end}, on this network, not encrypted.</p>
          <button
            type="button"
            className="button"
            onClick={() => attempt((store) => store.request('guestClose', { room }))}
          >
            End it now
          </button>
        </div>
      </div>
      <Failure text={failure} />
      {uploads.map(({ upload, names, risky, bytes, state }) => (
        <section key={upload} className="guest-upload" aria-label={`A guest hands in ${names[0]}`}>
          <bdi>{names.join(', ')}</bdi> ({size(bytes)})
          {risky.length > 0 && <b> · programs or scripts: {risky.join(', ')}</b>}
          {state === 'waiting' ? (
            <span className="actions">
              {([true, false] as const).map((accept) => (
                <button
                  key={String(accept)}
                  type="button"
                  className={accept ? 'button primary' : 'button'}
                  onClick={() => attempt((store) => store.request('guestAnswer', { room, upload, accept }))}
                >
                  {accept ? 'Give it to the room' : 'Drop it'}
                </button>
              ))}
            </span>
          ) : (
            ` · ${state}`
          )}
        </section>
      ))}
      <h3>To download</h3>
      <ul>
        {shelf.map(({ id, name, size: length }) => (
          <li key={id}>
            <span className="cut">
              <bdi>{name}</bdi> · {size(length)}
            </span>
            <button
              type="button"
              className="button quiet"
              onClick={() => attempt((store) => store.request('guestTake', { room, id }))}
            >
              Take away
            </button>
          </li>
        ))}
        {given.map(({ transfer, entries, total }) => (
          <li key={transfer}>
            <span className="cut">
              <bdi>{entries[0]?.name}</bdi> · {size(total)}
            </span>
            <button
              type="button"
              className="button quiet"
              onClick={() => attempt((store) => store.request('guestPut', { room, transfer }))}
            >
              Put it there
            </button>
          </li>
        ))}
      </ul>
      <h3>Notes</h3>
      <ul aria-live="polite">
        {notes.map(({ from, text: note, time }) => (
          <li key={`${time} ${note}`}>
            <span>
              <b>{from === 'host' ? 'You' : 'Guest'}</b> {note}
            </span>
          </li>
        ))}
      </ul>
      <form
        className="guest-note"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          attempt((store) => store.request('guestSay', { room, text }).then(() => setText('')));
        }}
      >
        <label className="field">
          <span className="hidden-text">Note to the guests</span>
          <input
            value={text}
            placeholder="A note to the guests"
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        <button type="submit" className="button" disabled={text.trim() === ''}>
          Send
        </button>
      </form>
    </div>
  );
}
