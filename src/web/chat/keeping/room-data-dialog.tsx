import './keeping.css';
import { useEffect, useState } from 'react';
import type { Params, Result } from '../../../daemon/api.js';
import { size } from '../../files/amounts.js';
import { Dialog } from '../../parts/dialog.js';
import { Failure } from '../../parts/failure.js';
import { Segments, Switch } from '../../settings/setting-row.js';
import type { RoomState } from '../../state/model.js';
import { useStore } from '../../state/use-page.js';
import { ExportForm } from './export-form.js';

type Kept = Result<'retention'>;

const KEEP: readonly (readonly [Kept['keep'], string])[] = [
  ['1d', 'A day'],
  ['7d', 'A week'],
  ['30d', '30 days'],
  ['1y', 'A year'],
  ['forever', 'Always'],
];

/** What is kept of a room on this computer: for how long, how much it is, how to take it along, and how to forget it. */
export function RoomDataDialog({ room, onClose }: { room: RoomState; onClose: () => void }) {
  const store = useStore();
  const [kept, setKept] = useState<Kept | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { roomId } = room;
  useEffect(() => {
    store.request('retention', { room: roomId }).then(setKept, (err: Error) => setFailure(err.message));
  }, [store, roomId]);
  const set = (change: Omit<Params<'retention'>, 'room'>) => {
    setFailure(null);
    store
      .request('retention', { room: roomId, ...change })
      .then(setKept, (err: Error) => setFailure(err.message));
  };
  return (
    <Dialog title={`What is kept of ${room.room}`} onClose={onClose}>
      <Failure text={failure} />
      {kept && (
        <div className="keeping">
          <section>
            <h3>Texts are kept here for</h3>
            <Segments
              label="Texts are kept here for"
              value={kept.keep}
              options={KEEP}
              onChange={(keep) => set({ keep })}
            />
            <p className="setting-about">{keptWords(kept)} Others keep theirs as they have set it.</p>
          </section>
          <Switch
            title="Tell others what you have read"
            about="Off: they see that you have a message, not that you read it."
            on={kept.reads}
            onChange={(reads) => set({ reads })}
          />
          <section>
            <h3>Export</h3>
            <ExportForm room={room} />
          </section>
          <Forget room={room} onDone={onClose} />
        </div>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function keptWords({ messages, bytes, oldest }: Kept): string {
  if (messages === 0) return 'Nothing is kept now.';
  const since = oldest ? `, since ${new Date(oldest).toLocaleDateString([], { dateStyle: 'medium' })}` : '';
  return `${messages} ${messages === 1 ? 'message' : 'messages'} now, ${size(bytes)}${since}.`;
}

/** Asked for twice: what is forgotten does not come back unless others still have it. */
function Forget({ room, onDone }: { room: RoomState; onDone: () => void }) {
  const store = useStore();
  const [isSure, setSure] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const forget = () => store.forget(room.roomId).then(onDone, (err: Error) => setFailure(err.message));
  return (
    <section>
      <h3>Forget the room</h3>
      <p className="setting-about">
        Leaves it and deletes its history, drafts and keys on this computer. Others keep what they have.
        {room.info?.kind !== 'open' && ' To come back you need an invite again.'}
      </p>
      <Failure text={failure} />
      <div className="actions">
        {isSure ? (
          <>
            <button type="button" className="button" onClick={() => setSure(false)}>
              Keep it
            </button>
            <button type="button" className="button danger" onClick={() => void forget()}>
              Forget {room.room} for good
            </button>
          </>
        ) : (
          <button type="button" className="button danger" onClick={() => setSure(true)}>
            Forget this room…
          </button>
        )}
      </div>
    </section>
  );
}
