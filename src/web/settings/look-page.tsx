import { KEYS } from '../shell/keys.js';
import { setLook } from './look.js';
import { Segments, SettingRow } from './setting-row.js';
import { useLook } from './use-look.js';

export function LookPage() {
  const { theme } = useLook();
  return (
    <>
      <SettingRow title="Theme" about="In this browser">
        <Segments
          label="Theme"
          value={theme}
          options={[
            ['system', 'As the system'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
          onChange={(value) => setLook({ theme: value })}
        />
      </SettingRow>
      <SettingRow title="Motion" about="As the system says">
        <p className="setting-about">
          Where your system asks for less motion, nothing moves here but what you move yourself.
        </p>
      </SettingRow>
      <SettingRow title="Keys">
        <dl className="keys">
          {KEYS.map(([keys, does]) => (
            <div key={keys}>
              <dt>
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </SettingRow>
    </>
  );
}
