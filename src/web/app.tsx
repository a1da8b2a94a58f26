import './shell/shell.css';
import { CallScreen } from './call/stage/call-screen.js';
import { LiveStrip } from './call/stage/live-strip.js';
import { RingDialogs } from './call/stage/ring-dialogs.js';
import { SearchDialog } from './chat/search/search-dialog.js';
import { FirstScreen } from './entry/first-screen.js';
import { Locked } from './entry/locked.js';
import { Questions } from './entry/questions.js';
import { useJoin } from './entry/use-join.js';
import { Room } from './room/room.js';
import { Settings } from './settings/settings.js';
import { GoDialog } from './shell/go-dialog.js';
import { LinkStrip } from './shell/link-strip.js';
import { Rail } from './shell/rail.js';
import { useKeys } from './shell/use-keys.js';
import { useTitle } from './shell/use-title.js';
import { usePage } from './state/use-page.js';

/** Which screen is shown. */
export function App() {
  const { link, listed, rooms, shown, screen, search } = usePage();
  const room = shown ? rooms.get(shown) : undefined;
  const [going, setGoing] = useKeys();
  const joining = useJoin();
  useTitle(room);

  if (link === 'locked') return <Locked />;
  if (!listed) return <main className="opening" aria-busy="true" aria-label="Opening Chatter" />;
  const above = (
    <>
      {going && <GoDialog joining={joining} onClose={() => setGoing(false)} />}
      <Questions joining={joining} />
    </>
  );
  if (screen.type === 'settings')
    return (
      <div className="shell">
        <LinkStrip />
        <Settings page={screen.page} />
        {above}
      </div>
    );
  if (rooms.size === 0)
    return (
      <>
        <FirstScreen />
        {above}
      </>
    );
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
      {above}
    </div>
  );
}
