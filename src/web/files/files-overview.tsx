import './files.css';
import { FolderOpen } from 'lucide-react';
import type { TransferInfo } from '../../daemon/files-api.js';
import type { RoomState } from '../state/model.js';
import { usePage } from '../state/use-page.js';
import { FileCard } from './file-card.js';

interface FilesOverviewProps {
  room: RoomState;
  /** Opens the panel with what people share; null while it is open. */
  onShared: (() => void) | null;
}

/** Every offer of a room, by what it wants of the person who looks. */
export function FilesOverview({ room, onShared }: FilesOverviewProps) {
  const { transfers } = usePage();
  const ofRoom = [...transfers.values()].filter(({ roomId }) => roomId === room.roomId);
  const groups = GROUPS.map(({ title, has }) => ({ title, found: ofRoom.filter(has).reverse() })).filter(
    ({ found }) => found.length > 0,
  );
  return (
    <section className="files-overview" aria-label={`Files of ${room.room}`}>
      {groups.length === 0 && (
        <p className="note">Nothing was offered here yet. Drop files anywhere in the window to offer them.</p>
      )}
      {groups.map(({ title, found }) => (
        <div key={title} className="files-group">
          <h2>{title}</h2>
          {found.map(({ transfer }) => (
            <FileCard key={transfer} transfer={transfer} />
          ))}
        </div>
      ))}
      {onShared && (
        <button type="button" className="button" onClick={onShared}>
          <FolderOpen aria-hidden="true" /> What people share
        </button>
      )}
    </section>
  );
}

const stopped = ({ state, code }: TransferInfo) =>
  state === 'failed' || (state === 'paused' && code !== null);
const GROUPS: { title: string; has: (info: TransferInfo) => boolean }[] = [
  { title: 'Needs an answer', has: ({ mine, state }) => !mine && state === 'offered' },
  {
    title: 'Under way',
    has: (info) => !info.mine && !stopped(info) && (info.state === 'active' || info.state === 'paused'),
  },
  { title: 'Stopped', has: stopped },
  {
    title: 'You give',
    has: (info) =>
      info.mine && !stopped(info) && info.state !== 'withdrawn' && !(info.shared && info.handing === 0),
  },
  { title: 'Done', has: ({ mine, state }) => !mine && state === 'done' },
];
