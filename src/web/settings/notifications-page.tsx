import { useState } from 'react';
import { usePage } from '../state/use-page.js';
import { type Look, setLook } from './look.js';
import { Segments, SettingRow, Switch } from './setting-row.js';
import { useLook } from './use-look.js';

/** The permission is asked for when somebody wants to be told, and never before. */
export function NotificationsPage() {
  const { notify, notifyText, mutedRooms } = useLook();
  const { rooms } = usePage();
  const [refused, setRefused] = useState(notify !== 'off' && Notification.permission !== 'granted');
  const muted = [...rooms.values()].filter(({ roomId }) => mutedRooms.includes(roomId));
  const choose = async (value: Look['notify']) => {
    if (value !== 'off' && (await Notification.requestPermission()) !== 'granted') {
      setRefused(true);
      return setLook({ notify: 'off' });
    }
    setRefused(false);
    return setLook({ notify: value });
  };
  return (
    <>
      <SettingRow title="Tell me" about="While no window of Chatter is looked at">
        <Segments
          label="Tell me of"
          value={notify}
          options={[
            ['off', 'Nothing'],
            ['mentions', 'What is for me, offers, calls'],
            ['all', 'Every message'],
          ]}
          onChange={(value) => void choose(value)}
        />
        <div role="alert">
          {refused && (
            <p className="note">
              The browser does not allow it. Click the mark left of the address, allow notifications, and
              choose again.
            </p>
          )}
        </div>
        <p className="setting-about">The title of the tab counts what is new in any case.</p>
      </SettingRow>
      <SettingRow title="Muted rooms" about="In this browser">
        {muted.length === 0 && (
          <p className="setting-about">None. A room’s menu “More” mutes it: nothing of it is told then.</p>
        )}
        {muted.map(({ room, roomId }) => (
          <div key={roomId} className="setting-line">
            <span className="cut">{room}</span>
            <button
              type="button"
              className="button"
              aria-label={`Tell me of ${room} again`}
              onClick={() => setLook({ mutedRooms: mutedRooms.filter((each) => each !== roomId) })}
            >
              Tell me again
            </button>
          </div>
        ))}
      </SettingRow>
      <SettingRow title="On the screen">
        <Switch
          title="Show who wrote and what"
          about="Off: only that there is something new."
          on={notifyText}
          onChange={(on) => setLook({ notifyText: on })}
        />
      </SettingRow>
    </>
  );
}
