import './shell/shell.css';
import { useEffect } from 'react';
import { FirstScreen } from './entry/first-screen.js';
import { Locked } from './entry/locked.js';
import { Room } from './room/room.js';
import { LinkStrip } from './shell/link-strip.js';
import { Rail } from './shell/rail.js';
import { usePage } from './state/use-page.js';

/** Which screen is shown. */
export function App() {
  const { link, listed, rooms, shown } = usePage();
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  const room = shown ? rooms.get(shown) : undefined;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${room ? `${room.room} · ` : ''}Chatter`;
  }, [unread, room]);

  if (link === 'locked') return <Locked />;
  if (!listed) return <main className="opening" aria-busy="true" aria-label="Opening Chatter" />;
  const joined = [...rooms.values()].some((each) => each.joined);
  if (!joined && !room) return <FirstScreen />;
  return (
    <div className="shell">
      <LinkStrip />
      <Rail />
      {room ? <Room key={room.roomId} room={room} /> : <FirstScreen inShell />}
    </div>
  );
}
