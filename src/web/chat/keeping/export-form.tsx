import { type FormEvent, useState } from 'react';
import { Failure } from '../../parts/failure.js';
import { useSettings } from '../../settings/use-settings.js';
import { useStore } from '../../state/use-page.js';
import { exportFolder } from './export-folder.js';

interface ExportFormProps {
  /** Null exports all rooms. */
  room: { room: string; roomId: string } | null;
}

/** Writes what was said into a new folder of this computer. */
export function ExportForm({ room }: ExportFormProps) {
  const store = useStore();
  const { settings } = useSettings();
  const [typed, setTyped] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const downloads = settings.get('downloads')?.value ?? '';
  const out = typed ?? exportFolder(downloads, room?.room ?? 'Chatter', new Date());
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFailure(null);
    setDone(null);
    try {
      const params = room ? { room: room.roomId, out } : { out };
      const { messages, folder } = await store.request('export', params);
      setDone(`${messages} ${messages === 1 ? 'message is' : 'messages are'} in ${folder}`);
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  return (
    <>
      <form className="setting-line" onSubmit={(event) => void submit(event)}>
        <input
          className="field"
          aria-label="New folder for the export"
          value={out}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="submit" className="button" disabled={out === ''}>
          Export
        </button>
      </form>
      <p className="setting-about" role="status">
        {done ?? 'A file of JSON lines for each room, in a new folder. It is not encrypted.'}
      </p>
      <Failure text={failure} />
    </>
  );
}
