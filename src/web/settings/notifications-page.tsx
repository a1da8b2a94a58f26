import { useState } from 'react';
import { type Look, setLook } from './look.js';
import { Segments, SettingRow, Switch } from './setting-row.js';
import { useLook } from './use-look.js';

/** The permission is asked for when somebody wants to be told, and never before. */
export function NotificationsPage() {
  const { notify, notifyText } = useLook();
  const [refused, setRefused] = useState(false);
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
      <SettingRow title="Tell me" about="While this window is hidden">
        <Segments
          label="Tell me of"
          value={notify}
          options={[
            ['off', 'Nothing'],
            ['mentions', 'Mentions, offers, calls'],
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
