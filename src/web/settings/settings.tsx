import './settings.css';
import { Activity, ArrowLeft, Bell, Database, Download, Eye, Palette, Power, User } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { QuitDialog } from '../shell/quit-dialog.js';
import { SETTINGS_PAGES, type SettingsPage } from '../state/screen.js';
import { usePage, useStore } from '../state/use-page.js';
import { DataPage } from './data-page.js';
import { LookPage } from './look-page.js';
import { NetworkPage } from './network-page.js';
import { NotificationsPage } from './notifications-page.js';
import { PrivacyPage } from './privacy-page.js';
import { ReceivingPage } from './receiving-page.js';
import { SETTINGS_WORDS } from './settings-words.js';
import { YouPage } from './you-page.js';

const PAGES: Record<SettingsPage, { icon: typeof User; draw: () => ReactNode }> = {
  you: { icon: User, draw: () => <YouPage /> },
  receiving: { icon: Download, draw: () => <ReceivingPage /> },
  notifications: { icon: Bell, draw: () => <NotificationsPage /> },
  privacy: { icon: Eye, draw: () => <PrivacyPage /> },
  look: { icon: Palette, draw: () => <LookPage /> },
  data: { icon: Database, draw: () => <DataPage /> },
  network: { icon: Activity, draw: () => <NetworkPage /> },
};

/** Settings, in the place of the rooms. */
export function Settings({ page }: { page: SettingsPage }) {
  const store = useStore();
  const { link } = usePage();
  const [quitting, setQuitting] = useState(false);
  const [status, setStatus] = useState<Result<'status'> | null>(null);
  useEffect(() => {
    if (link === 'open') store.request('status', {}).then(setStatus, () => {}); // it says so itself when it is lost
  }, [store, link]);
  return (
    <>
      <aside className="rail settings-rail" aria-label="Settings">
        <div className="rail-head">
          <button
            type="button"
            className="icon-button"
            title="Back to the rooms"
            aria-label="Back to the rooms"
            onClick={() => store.go({ type: 'room' })}
          >
            <ArrowLeft aria-hidden="true" />
          </button>
          <b className="settings-title">Settings</b>
        </div>
        <nav aria-label="Settings">
          {SETTINGS_PAGES.map((each) => {
            const { icon: Icon } = PAGES[each];
            const word = SETTINGS_WORDS[each];
            return (
              <button
                key={each}
                type="button"
                title={word}
                className="rail-room"
                aria-current={each === page ? 'page' : undefined}
                onClick={() => store.go({ type: 'settings', page: each })}
              >
                <Icon aria-hidden="true" />
                <span className="cut">{word}</span>
              </button>
            );
          })}
        </nav>
        <button
          type="button"
          title="Quit Chatter…"
          aria-label="Quit Chatter…"
          className="rail-room settings-quit"
          onClick={() => setQuitting(true)}
        >
          <Power aria-hidden="true" />
          <span className="cut">Quit Chatter…</span>
        </button>
        {quitting && <QuitDialog onClose={() => setQuitting(false)} />}
        {status && (
          <p className="settings-foot">
            Chatter {status.version} · port {status.apiPort}
            <br />
            In {status.rooms.length === 1 ? 'one room' : `${status.rooms.length} rooms`}
          </p>
        )}
      </aside>
      <main className="room settings">
        <header className="room-head">
          <h1>{SETTINGS_WORDS[page]}</h1>
        </header>
        <div className="settings-body">{PAGES[page].draw()}</div>
      </main>
    </>
  );
}
