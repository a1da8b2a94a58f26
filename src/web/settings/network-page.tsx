import { useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { Failure } from '../parts/failure.js';
import { usePage, useStore } from '../state/use-page.js';
import { Finding } from './finding.js';
import { SettingRow } from './setting-row.js';

/** What this node listens on, and what the doctor finds. */
export function NetworkPage() {
  const store = useStore();
  const { link } = usePage();
  const [status, setStatus] = useState<Result<'status'> | null>(null);
  useEffect(() => {
    if (link === 'open') store.request('status', {}).then(setStatus, () => {}); // asked again when the node is back
  }, [store, link]);
  if (!status) return <p className="setting-about">Asking Chatter…</p>;
  const { options } = status;
  return (
    <>
      <SettingRow title="This network">
        <p className="setting-about">
          {options.lan
            ? `People are looked for here, and met on port ${status.lanPort}.`
            : 'Off: nobody is looked for here.'}
        </p>
      </SettingRow>
      <SettingRow title="Internet">
        <p className="setting-about">
          {options.lanOnly
            ? 'Off, since Chatter was started with --lan-only.'
            : 'Rooms that allow it are looked for on the Internet too.'}
        </p>
      </SettingRow>
      <SettingRow title="Why is nobody found?" about="Takes up to 10 seconds">
        <Doctor />
      </SettingRow>
    </>
  );
}

function Doctor() {
  const store = useStore();
  const [host, setHost] = useState('');
  const [sweep, setSweep] = useState(false);
  const [busy, setBusy] = useState(false);
  const [findings, setFindings] = useState<Result<'doctor'>['findings'] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const check = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const asked = { ...(host.trim() ? { host: host.trim() } : {}), sweep };
      setFindings((await store.request('doctor', asked)).findings);
    } catch (err) {
      setFailure((err as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <form
        className="setting-line"
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <input
          className="field"
          aria-label="Address of a computer that is not found, if it is about one"
          placeholder="An address, if it is about one computer"
          value={host}
          onChange={(event) => setHost(event.target.value)}
        />
        <button type="submit" className="button primary" disabled={busy}>
          {busy ? 'Checking…' : 'Check'}
        </button>
      </form>
      <label className="choice">
        <input type="checkbox" checked={sweep} onChange={(event) => setSweep(event.target.checked)} />
        Also ask every address of this network
      </label>
      <Failure text={failure} />
      <div role="status" className="findings">
        {findings?.map((finding) => (
          <Finding key={finding.check + finding.finding} finding={finding} />
        ))}
      </div>
    </>
  );
}
