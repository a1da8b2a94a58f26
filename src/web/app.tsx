import './shell/shell.css';
import { useEffect } from 'react';
import { CallScreen } from './call/stage/call-screen.js';
import { LiveStrip } from './call/stage/live-strip.js';
import { RingDialogs } from './call/stage/ring-dialogs.js';
import { SearchDialog } from './chat/search/search-dialog.js';
import { FirstScreen } from './entry/first-screen.js';
import { Locked } from './entry/locked.js';
import { Room } from './room/room.js';
import { Settings } from './settings/settings.js';
import { LinkStrip } from './shell/link-strip.js';
import { Rail } from './shell/rail.js';
import { useKeys } from './shell/use-keys.js';
import { usePage } from './state/use-page.js';

/** Which screen is shown. */
export function App() {
  const { link, listed, rooms, shown, screen, search } = usePage();
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread + room.offers, 0);
  const room = shown ? rooms.get(shown) : undefined;
  useKeys();
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${room ? `${room.room} · ` : ''}Chatter`;
  }, [unread, room]);

  if (link === 'locked') return <Locked />;
  if (!listed) return <main className="opening" aria-busy="true" aria-label="Opening Chatter" />;
  if (screen.type === 'settings')
    return (
      <div className="shell">
        <LinkStrip />
        <Settings page={screen.page} />
      </div>
    );
  if (rooms.size === 0) return <FirstScreen />;
  const entering = screen.type === 'enter' || !room;
  return (
    <div className={`shell ${link === 'open' ? '' : 'unknown'} ${entering ? 'entering' : ''}`}>
      <LinkStrip />
      <LiveStrip />
      <Rail />
      {entering ? (
        <FirstScreen inShell />
      ) : (
        <CallScreen room={room} otherwise={<Room key={room.roomId} room={room} />} />
      )}
      <RingDialogs />
      {search && <SearchDialog text={search.text} />}
    </div>
  );
}
