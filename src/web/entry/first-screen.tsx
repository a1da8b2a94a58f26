import './entry.css';
import { Ban, Lock, Monitor, Settings, Ticket, Wifi } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { Logo } from '../parts/logo.js';
import { RenameDialog } from '../people/rename-dialog.js';
import { usePage, useStore } from '../state/use-page.js';
import { Questions } from './questions.js';
import { useJoin } from './use-join.js';

/** The first minute: who one is, and the three ways on. Nothing is announced before one of them is taken. */
export function FirstScreen({ inShell = false }: { inShell?: boolean }) {
  const store = useStore();
  const { self } = usePage();
  const joining = useJoin();
  const [renaming, setRenaming] = useState(false);
  return (
    <div className={inShell ? 'first in-shell' : 'first'}>
      {!inShell && (
        <header className="first-head">
          <Logo />
          <button
            type="button"
            className="icon-button"
            title="Settings"
            aria-label="Settings"
            onClick={() => store.go({ type: 'settings', page: 'you' })}
          >
            <Settings aria-hidden="true" />
          </button>
        </header>
      )}
      <main className="first-middle">
        {self && (
          <div className="first-self">
            <Face id={self.id} size={64} />
            <div>
              <h1>You are {self.name}</h1>
              <p>
                No account. {inShell ? '' : 'Nobody can see you yet. '}
                <button type="button" className="link" onClick={() => setRenaming(true)}>
                  Change name
                </button>
              </p>
            </div>
          </div>
        )}
        <Ways joining={joining} />
        <Failure text={joining.failure} />
        {PROMPT && <p className="first-note">{PROMPT}</p>}
      </main>
      {!inShell && (
        <footer className="first-foot">
          <span>
            <Monitor aria-hidden="true" /> Runs on this computer
          </span>
          <span>
            <Lock aria-hidden="true" /> Encrypted between people
          </span>
          <span>
            <Ban aria-hidden="true" /> No server, nothing to sign up for
          </span>
        </footer>
      )}
      <Questions joining={joining} />
      {renaming && self && <RenameDialog name={self.name} onClose={() => setRenaming(false)} />}
    </div>
  );
}

function Ways({ joining }: { joining: ReturnType<typeof useJoin> }) {
  const [room, setRoom] = useState('');
  const [label, setLabel] = useState('');
  const [hasPassphrase, setHasPassphrase] = useState(false);
  const [passphrase, setPassphrase] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (room.trim() === '') return;
    void joining.join({ room: room.trim(), ...(hasPassphrase ? { passphrase } : {}) });
  };
  return (
    <div className="ways">
      <section className="way">
        <Wifi className="way-icon" aria-hidden="true" />
        <div>
          <h2>People on this network</h2>
          <p>Everybody nearby who opens Chatter. Nothing is kept for those who come later.</p>
        </div>
        <button
          type="button"
          className="button primary large"
          disabled={joining.busy}
          onClick={() => void joining.join({ room: 'lobby' })}
        >
          Open lobby
        </button>
      </section>
      <section className="way">
        <Ticket className="way-icon" aria-hidden="true" />
        <div>
          <h2>A room you know</h2>
          <p>Its name, or the whole invite somebody sent you.</p>
        </div>
        <form className="way-form" onSubmit={submit}>
          <div className="field large">
            <input
              aria-label="Room name or invite link"
              placeholder="Room name or invite link"
              // biome-ignore lint/a11y/noAutofocus: the one thing to do on this screen
              autoFocus
              value={room}
              onChange={(event) => setRoom(event.target.value)}
            />
            <button type="submit" className="button" disabled={joining.busy}>
              Join
            </button>
          </div>
          <label className="choice">
            <input
              type="checkbox"
              checked={hasPassphrase}
              onChange={(event) => setHasPassphrase(event.target.checked)}
            />
            It has a passphrase
          </label>
          {hasPassphrase && (
            <input
              className="field"
              type="password"
              aria-label="Passphrase"
              placeholder="Passphrase, 10 characters or more"
              autoComplete="off"
              value={passphrase}
              onChange={(event) => setPassphrase(event.target.value)}
            />
          )}
        </form>
      </section>
      <section className="way">
        <Lock className="way-icon" aria-hidden="true" />
        <div>
          <h2>A new private room</h2>
          <p>Only people with your invite get in.</p>
        </div>
        <form
          className="way-form field large"
          onSubmit={(event) => {
            event.preventDefault();
            void joining.createPrivate(label.trim() || 'private');
          }}
        >
          <input
            aria-label="Name of the new private room"
            placeholder="What it is called"
            value={label}
            onChange={(event) => setLabel(event.target.value)}
          />
          <button type="submit" className="button" disabled={joining.busy}>
            Create room
          </button>
        </form>
      </section>
    </div>
  );
}

/** What the system is about to ask, before it asks; empty where it asks nothing. */
const PROMPT = /Windows/.test(navigator.userAgent)
  ? 'Windows will ask about your network: answer “Private networks, Allow access”. Wrong answer? Settings, Network check says how to undo it.'
  : /Macintosh/.test(navigator.userAgent)
    ? 'macOS will ask whether Chatter may find devices on your network: answer “Allow”. Wrong answer? Settings, Network check says how to undo it.'
    : '';
