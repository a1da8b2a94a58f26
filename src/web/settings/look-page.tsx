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

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'go to a room or a person'],
  ['Ctrl F', 'search in this room'],
  ['Alt ↑ ↓', 'the room before, the next room'],
  ['F6', 'rooms, timeline, message, people'],
  ['↑', 'in an empty message: edit your last one'],
  ['E R C Delete', 'on a message: react, reply, copy, delete'],
  ['Ctrl U', 'send files'],
  ['Esc', 'close what is open, then back to the message'],
];
