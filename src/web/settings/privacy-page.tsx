import { DoorOpen, Eye, Minus } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { usePage, useStore } from '../state/use-page.js';
import { Segments, SettingRow, Switch } from './setting-row.js';
import { useSettings } from './use-settings.js';
import { type Seen, whatOthersSee } from './what-others-see.js';

/** What is seen from outside, as it is now: made from the rooms that are open, not from promises. */
export function PrivacyPage() {
  const store = useStore();
  const { rooms, self, link } = usePage();
  const [status, setStatus] = useState<Result<'status'> | null>(null);
  useEffect(() => {
    if (link === 'open') store.request('status', {}).then(setStatus, () => {}); // nothing is claimed until it answers
  }, [store, link]);
  const { settings, set } = useSettings();
  const [reach, remember] = [settings.get('reach'), settings.get('remember-people')];
  if (!self || !status) return <p className="setting-about">Asking Chatter…</p>;
  const infos = [...rooms.values()].flatMap(({ joined, info }) => (joined && info ? [info] : []));
  const { columns, rows, guessable } = whatOthersSee({
    name: self.name,
    rooms: infos,
    lanOnly: status.options.lanOnly,
  });
  return (
    <>
      <p className="privacy-lead">
        Chatter has no server, so nobody collects anything. But whoever you talk to sees where you are on the
        network. This is true <b>now</b>, with {infos.length === 1 ? 'one room' : `${infos.length} rooms`}{' '}
        open.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="privacy-table" tabIndex={0} aria-label="What others can see">
        <table>
          <thead>
            <tr>
              <td />
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ what, cells }) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                {cells.map((cell, index) => (
                  <Cell key={columns[index]} cell={cell} who={columns[index]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {guessable.length > 0 && (
        <p className="note warn">
          <DoorOpen aria-hidden="true" />
          <span>
            <b>{guessable.join(', ')}</b> {guessable.length === 1 ? 'is an open room' : 'are open rooms'}:
            whoever guesses the name gets in. To end that, leave, or talk in a private room.
          </span>
        </p>
      )}
      {reach && (
        <SettingRow title="New rooms" about="Rooms you are in already keep what you chose">
          <Segments
            label="Where new rooms are looked for"
            value={reach.value}
            options={[
              ['ask', 'Ask for open ones'],
              ['here', 'This network only'],
              ['anywhere', 'The Internet too'],
            ]}
            onChange={(value) => void set('reach', value)}
          />
        </SettingRow>
      )}
      {remember && (
        <SettingRow title="People you met" about="On this computer alone">
          <Switch
            title="Remember them"
            about="You are told when a known name comes with another key. Off: all but people you marked are forgotten."
            on={remember.value === 'on'}
            onChange={(on) => void set('remember-people', on ? 'on' : 'off')}
          />
        </SettingRow>
      )}
    </>
  );
}

/** `who` stands beside it where the window is too narrow for columns. */
function Cell({ cell: { seen, words }, who }: { cell: Seen; who: string | undefined }) {
  const Icon = seen === 'no' ? Minus : Eye;
  return (
    <td className={`seen-${seen}`} data-who={who}>
      <span className="cell">
        <Icon aria-hidden="true" />
        {words}
      </span>
    </td>
  );
}
