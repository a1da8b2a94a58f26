import { type FormEvent, useState } from 'react';
import { ExportForm } from '../chat/keeping/export-form.js';
import { Wipe } from '../chat/keeping/wipe.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';
import { SettingRow } from './setting-row.js';

/** What belongs to one, to take along. */
export function DataPage() {
  return (
    <>
      <SettingRow title="Backup" about="Key, rooms, and whom you trust">
        <Backup />
      </SettingRow>
      <SettingRow title="Export" about="What was said, in all rooms">
        <ExportForm room={null} />
      </SettingRow>
      <SettingRow title="Wipe" about="Everything, for good">
        <Wipe />
      </SettingRow>
    </>
  );
}

function Backup() {
  const store = useStore();
  const [passphrase, setPassphrase] = useState('');
  const [sealed, setSealed] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFailure(null);
    try {
      setSealed((await store.request('backup', { passphrase })).sealed);
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  return (
    <>
      <p className="setting-about">
        One line of text that only the passphrase opens. With it you are the same person on another computer.
      </p>
      <form className="setting-line" onSubmit={(event) => void submit(event)}>
        <input
          className="field"
          type="password"
          autoComplete="new-password"
          aria-label="Passphrase of the backup"
          placeholder="A passphrase for it"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
        />
        <button type="submit" className="button" disabled={passphrase === ''}>
          Make a backup
        </button>
      </form>
      <Failure text={failure} />
      {sealed && (
        <>
          <textarea
            className="sealed"
            readOnly
            aria-label="The backup"
            value={sealed}
            onFocus={(event) => event.target.select()}
          />
          <p className="setting-about">
            Keep this line somewhere safe, in a file. To bring it back:{' '}
            <code>npx chatter whoami --restore FILE</code>
          </p>
        </>
      )}
    </>
  );
}
