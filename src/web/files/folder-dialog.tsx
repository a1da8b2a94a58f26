import './shared.css';
import { ArrowUp, Folder } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import type { Result } from '../../daemon/api.js';
import { Dialog } from '../parts/dialog.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';

interface FolderDialogProps {
  title: string;
  description: string;
  /** What choosing it does. */
  action: string;
  /** Where to begin; the home folder if left out. */
  from?: string;
  /** May reject with a sentence: the dialog stays open and shows it. */
  onChoose: (path: string) => Promise<unknown>;
  onClose: () => void;
}

/** A folder of this computer: walked to, or typed. A browser's own dialog tells a page no path. */
export function FolderDialog({ title, description, action, from, onChoose, onClose }: FolderDialogProps) {
  const store = useStore();
  const [here, setHere] = useState<Result<'folders'> | null>(null);
  const [typed, setTyped] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const go = async (path: string | undefined) => {
    try {
      const found = await store.request('folders', path === undefined ? {} : { path });
      setHere(found);
      setTyped(found.path);
      setFailure(null);
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it begins, once
  useEffect(() => void go(from), []);
  const choose = async () => {
    setBusy(true);
    try {
      await onChoose(typed.trim());
      onClose();
    } catch (err) {
      setFailure((err as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} description={description} onClose={onClose}>
      <form
        className="folder-line"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void go(typed.trim());
        }}
      >
        <button
          type="button"
          className="icon-button"
          title="The folder around it"
          aria-label="The folder around it"
          disabled={!here?.parent}
          onClick={() => void go(here?.parent ?? undefined)}
        >
          <ArrowUp aria-hidden="true" />
        </button>
        <span className="field mono">
          <input aria-label="Folder" value={typed} onChange={({ target }) => setTyped(target.value)} />
        </span>
      </form>
      <ul className="folder-list" aria-label={`Folders in ${here?.path ?? ''}`}>
        {here?.folders.map(({ name, path }) => (
          <li key={path}>
            <button type="button" onClick={() => void go(path)}>
              <Folder aria-hidden="true" />
              <bdi className="cut">{name}</bdi>
            </button>
          </li>
        ))}
        {here?.folders.length === 0 && <li className="folder-none">No folders in it</li>}
        {here?.more && <li className="folder-none">There are more: type the path</li>}
      </ul>
      <Failure text={failure} />
      <div className="actions">
        <button
          type="button"
          className="button primary"
          disabled={busy || typed.trim() === ''}
          onClick={() => void choose()}
        >
          {action}
        </button>
        <button type="button" className="button quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
