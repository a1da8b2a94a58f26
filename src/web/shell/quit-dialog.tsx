import { useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { Dialog } from '../parts/dialog.js';
import { Failure } from '../parts/failure.js';
import { Switch } from '../settings/setting-row.js';
import { useStore } from '../state/use-page.js';

/** What happens when the page is closed, and the way to end all of it. */
export function QuitDialog({ onClose }: { onClose: () => void }) {
  const store = useStore();
  const [status, setStatus] = useState<Result<'status'> | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = (fn: () => Promise<unknown>) => {
    setFailure(null);
    fn()
      .then(() => store.request('status', {}))
      .then(setStatus, (err: unknown) => setFailure((err as Error).message));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => attempt(async () => {}), []);
  const quit = () => {
    store.request('stop', {}).then(onClose, (err: unknown) => setFailure((err as Error).message));
  };
  return (
    <Dialog title="When you close this page" description={words(status)} onClose={onClose}>
      <Switch
        title="Keep running in the background"
        about="Others reach you and fetch what you share, until you quit or restart the computer."
        on={status?.pinned ?? false}
        disabled={!status}
        onChange={(pinned) => attempt(() => store.request('pin', { pinned }))}
      />
      <Failure text={failure} />
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Back
        </button>
        <button type="button" className="button quiet danger" onClick={quit}>
          Quit Chatter
        </button>
      </div>
    </Dialog>
  );
}

/** This tab, which is going to be closed, has one. */
const OWN_LEASES = 1;

function words(status: Result<'status'> | null): string {
  if (!status) return 'Asking Chatter…';
  const names = status.rooms.map(({ name }) => name);
  const where = names.length === 0 ? 'in no room' : `in ${list(names)}`;
  if (status.pinned) return `Chatter keeps running, ${where}.`;
  const others = status.leases - OWN_LEASES;
  if (others > 0)
    return `Chatter keeps running, ${where}, while ${others === 1 ? 'another tab or terminal window uses' : `${others} other tabs or terminal windows use`} it.`;
  return names.length === 0
    ? 'Chatter ends a few seconds later.'
    : `Chatter ends a few seconds later, or when files that are on their way are there. You leave ${list(names)}; what is said there meanwhile comes when you are back.`;
}

const list = (names: readonly string[]): string => new Intl.ListFormat('en').format(names);
