import { FolderPlus } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import type { ShareInfo, TransferInfo } from '../../daemon/files-api.js';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';
import { size } from './amounts.js';
import { others } from './file-words.js';
import { FolderDialog } from './folder-dialog.js';

/** What this person shares with a room, and gives to others just now. */
export function OwnShares({ room }: { room: RoomState }) {
  const store = useStore();
  const { transfers } = usePage();
  const [shares, refresh] = useOwnShares(room.roomId);
  const [choosing, setChoosing] = useState(false);
  const [said, setSaid] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = (fn: () => Promise<unknown>) => {
    setFailure(null);
    fn().then(refresh, (err: unknown) => setFailure((err as Error).message));
  };
  const share = async (path: string) => {
    const { shares: shared, skipped } = await store.request('share', { room: room.roomId, paths: [path] });
    const [first] = shared;
    const left = skipped.length === 0 ? '' : ` ${skipped.length} things in it cannot be shared.`;
    setSaid(first ? `${first.name} is shared with ${room.room}.${left}` : '');
    refresh();
  };
  const given = [...transfers.values()].filter(
    ({ roomId, handing, shared, mine, state }) =>
      roomId === room.roomId && handing > 0 && (mine ? shared : state === 'done' || state === 'active'),
  );
  return (
    <section className="own-shares" aria-label="What you share">
      <h3>You share</h3>
      {shares?.length === 0 && (
        <p className="panel-about">
          Nothing yet. Whoever is in {room.room} can look into a folder that you share, and fetch from it.
        </p>
      )}
      <ul>
        {shares?.map((each) => (
          <li key={each.share}>
            <div>
              <b className="cut">
                <bdi>{each.name}</bdi>
              </b>
              <span className="shared-path">{shareWords(each)}</span>
              <span className="shared-path">
                <bdi>{each.path}</bdi>
              </span>
            </div>
            <button
              type="button"
              className="button quiet"
              aria-label={`Stop sharing ${each.name}`}
              onClick={() =>
                attempt(() => store.request('unshare', { room: room.roomId, share: each.share }))
              }
            >
              Stop
            </button>
          </li>
        ))}
        {given.map((info) => (
          <li key={info.transfer}>
            <div>
              <b className="cut">
                <bdi>{info.entries[0]?.name}</bdi>
              </b>
              <span className="shared-path">{givingWords(info)}</span>
            </div>
            <button
              type="button"
              className="button quiet"
              aria-label={`Stop giving ${info.entries[0]?.name}`}
              onClick={() => attempt(() => store.request('withdraw', { transfer: info.transfer }))}
            >
              Stop
            </button>
          </li>
        ))}
      </ul>
      <Failure text={failure} />
      <p className="panel-about" role="status">
        {said}
      </p>
      <button type="button" className="button" onClick={() => setChoosing(true)}>
        <FolderPlus aria-hidden="true" /> Share a folder…
      </button>
      {choosing && (
        <FolderDialog
          title={`Share a folder with ${room.room}`}
          description="Whoever is in the room sees the names in it and can fetch what they want, until you stop. Hidden files are left out."
          action="Share this folder"
          onChoose={share}
          onClose={() => setChoosing(false)}
        />
      )}
    </section>
  );
}

function useOwnShares(roomId: string): [ShareInfo[] | null, () => void] {
  const store = useStore();
  const { link } = usePage();
  const [shares, setShares] = useState<ShareInfo[] | null>(null);
  const refresh = useCallback(() => {
    store.request('shares', { room: roomId }).then(setShares, () => {}); // the strip says that the node is gone
  }, [store, roomId]);
  useEffect(() => {
    if (link !== 'open') return undefined;
    refresh();
    return store.listen((event) => {
      if (event.type === 'shares-changed' && event.roomId === roomId) refresh();
    });
  }, [store, roomId, link, refresh]);
  return [shares, refresh];
}

function shareWords({ state, folder, files, bytes, hashedBytes }: ShareInfo): string {
  if (state === 'gone') return 'It is not there any more';
  if (state === 'scanning') return 'Looking into it…';
  const content = folder ? `${files === 1 ? 'one file' : `${files} files`}, ${size(bytes)}` : size(bytes);
  return hashedBytes < bytes ? `${content} · ${Math.floor((100 * hashedBytes) / bytes)} % checked` : content;
}

const givingWords = ({ handing, ratePerSecond, mine }: TransferInfo): string =>
  `You ${mine ? '' : 'also '}give this to ${others(handing)}` +
  (mine && ratePerSecond > 0 ? ` · ${size(ratePerSecond)}/s` : '');
