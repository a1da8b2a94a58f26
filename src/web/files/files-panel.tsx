import './files.css';
import './shared.css';
import { useState } from 'react';
import type { SharedInfo } from '../../daemon/files-api.js';
import { GuestButton } from '../guest/guest-dialog.js';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { stateWords } from './file-words.js';
import { OwnShares } from './own-shares.js';
import { SharedSearch } from './shared-search.js';
import { SharedTreeView } from './shared-tree.js';
import { useShared } from './use-shared.js';

/** Everybody's shared folders: looked through, searched, fetched from; and what one shares oneself. */
export function FilesPanel({ room }: { room: RoomState }) {
  const store = useStore();
  const { self } = usePage();
  const own = self?.id ?? '';
  const shared = useShared(room.roomId, own);
  const [searching, setSearching] = useState(false);
  const [fetched, setFetched] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const get = async ({ path, owner, hash }: SharedInfo) => {
    setFailure(null);
    try {
      // By its content from everybody who has it, and until that is known from this one.
      const which = hash ? { hash } : { from: owner.id };
      const { transfers } = await store.request('get', { room: room.roomId, name: path, ...which });
      setFetched(transfers[0]?.transfer ?? null);
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  const onGet = (entry: SharedInfo) => void get(entry);
  return (
    <div className="files-panel">
      <SharedSearch
        roomId={room.roomId}
        room={room.room}
        self={own}
        others={room.here.size}
        onGet={onGet}
        onShown={setSearching}
      />
      <Failure text={failure} />
      {fetched && <Fetched transfer={fetched} />}
      {!searching && (
        <>
          {shared.owners.length > 0 && <SharedTreeView shared={shared} self={own} onGet={onGet} />}
          {shared.asked && shared.owners.length === 0 && (
            <p className="panel-about">Nobody here shares a folder just now.</p>
          )}
          {shared.silent.length > 0 && (
            <p className="panel-about">
              No answer from {shared.silent.map(({ name }) => name).join(', ')}.{' '}
              <button type="button" className="link-button" onClick={shared.again}>
                Ask again
              </button>
            </p>
          )}
        </>
      )}
      <OwnShares room={room} />
      <GuestButton room={room} />
    </div>
  );
}

/** What was fetched last; its card, with all that can be done, is in the talk. */
function Fetched({ transfer }: { transfer: string }) {
  const info = usePage().transfers.get(transfer);
  if (!info) return null;
  const { entries, bytes, total, state } = info;
  return (
    <section className="shared-fetched" aria-label={`Fetched ${entries[0]?.name}`}>
      <b>
        <bdi>{entries[0]?.name}</bdi>
      </b>
      {state === 'active' && (
        <progress className="bar" max={Math.max(total, 1)} value={bytes} aria-label="Of it is here" />
      )}
      <span className="shared-path" role="status">
        {stateWords(info)}
      </span>
    </section>
  );
}
