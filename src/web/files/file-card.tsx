import './files.css';
import { File, Files, Folder, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { TransferInfo } from '../../daemon/files-api.js';
import { Failure } from '../parts/failure.js';
import { usePage, useStore } from '../state/use-page.js';
import { size, timeLeft } from './amounts.js';

type Action = 'accept' | 'decline' | 'pause' | 'resume' | 'cancel' | 'withdraw';

const WORDS: Record<Action, string> = {
  accept: 'Accept',
  decline: 'Decline',
  pause: 'Pause',
  resume: 'Go on',
  cancel: 'Cancel',
  withdraw: 'Withdraw',
};

/** One offer, whoever made it and whichever window deals with it: what, from whom, risk, where to, action. */
export function FileCard({ transfer }: { transfer: string }) {
  const { transfers } = usePage();
  const info = transfers.get(transfer);
  if (!info) return null;
  const { entries, files, total, mine, from, to } = info;
  const [first] = entries;
  const Icon = entries.length > 1 ? Files : first?.folder ? Folder : File;
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : '';
  const who = mine ? `You offer this to ${to?.name ?? 'everybody here'}` : `From ${from.name}`;
  return (
    <section
      className={!mine && info.state === 'offered' ? 'file-card asks' : 'file-card'}
      aria-label={`File ${first?.name ?? ''}`}
    >
      <Icon className="file-icon" aria-hidden="true" />
      <div className="file-title">
        <b>
          {first?.name}
          {more}
        </b>
        <span>
          {size(total)}
          {files > 1 && ` · ${files} files`} · {who}
        </span>
      </div>
      <Lower info={info} />
    </section>
  );
}

/** The half of the card that changes. */
function Lower({ info }: { info: TransferInfo }) {
  const store = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  const act = async (action: Action) => {
    setFailure(null);
    try {
      await store.request(action, { transfer: info.transfer });
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  const moving = info.state === 'active' || info.state === 'paused';
  const [first, ...rest] = actionsOf(info);
  return (
    <div className="file-lower">
      {info.riskyCount > 0 && !info.mine && info.state === 'offered' && (
        <p className="file-risk">
          <TriangleAlert aria-hidden="true" />
          <span>
            {info.riskyCount === 1
              ? 'One program or script inside: '
              : `${info.riskyCount} programs or scripts inside: `}
            {info.risky.join(', ')}
          </span>
        </p>
      )}
      {moving && !info.mine && (
        <progress
          className={info.state === 'paused' ? 'bar paused' : 'bar'}
          max={Math.max(info.total, 1)}
          value={info.bytes}
          aria-label={`${Math.floor((100 * info.bytes) / Math.max(info.total, 1))} % of ${info.entries[0]?.name} is here`}
        />
      )}
      <p className={info.state === 'failed' ? 'file-state failed' : 'file-state'} role="status">
        <span>{stateWords(info)}</span>
        {info.state === 'active' && !info.mine && (
          <span>
            {[`${size(info.ratePerSecond)}/s`, timeLeft(info.total - info.bytes, info.ratePerSecond)]
              .filter(Boolean)
              .join(' · ')}
          </span>
        )}
      </p>
      <Failure text={failure} />
      {first && (
        <div className="actions">
          <button
            type="button"
            className={first === 'accept' ? 'button primary' : 'button'}
            onClick={() => void act(first)}
          >
            {WORDS[first]}
          </button>
          {rest.map((action) => (
            <button key={action} type="button" className="button" onClick={() => void act(action)}>
              {WORDS[action]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** What can be done now; the first is what is mostly wanted. */
function actionsOf({ mine, state }: TransferInfo): Action[] {
  if (mine) return state === 'offered' || state === 'serving' || state === 'active' ? ['withdraw'] : [];
  if (state === 'offered') return ['accept', 'decline'];
  if (state === 'active') return ['pause', 'cancel'];
  return state === 'paused' ? ['resume', 'cancel'] : [];
}

function stateWords({ mine, state, code, bytes, total, paths, sources, receivers }: TransferInfo): string {
  switch (state) {
    case 'offered':
    case 'serving':
      if (!mine) return 'It is put into your downloads folder, Chatter.';
      return receivers.length === 0
        ? 'Waiting for somebody to come'
        : receivers
            .map(({ peer, answer, bytes: has }) => `${peer.name}: ${answer} (${size(has)})`)
            .join(', ');
    case 'active':
      return mine
        ? 'Being handed over'
        : `${size(bytes)} of ${size(total)} from ${sources === 1 ? 'one person' : `${sources} people`}`;
    case 'paused':
      return `Paused at ${size(bytes)} of ${size(total)}; nothing of it is sent twice`;
    case 'done':
      return paths[0] === undefined ? 'Done' : `Checked, and saved as ${paths[0]}`;
    case 'declined':
      return mine ? 'Declined' : 'You declined it';
    case 'cancelled':
      return 'Cancelled; what had arrived of it was removed';
    case 'withdrawn':
      return 'Withdrawn';
    default:
      return code ?? 'It failed';
  }
}
