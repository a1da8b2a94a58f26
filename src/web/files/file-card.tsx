import './files.css';
import { Check, File, Files, Folder, Image, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { TransferInfo } from '../../daemon/files-api.js';
import { Failure } from '../parts/failure.js';
import { usePage, useStore } from '../state/use-page.js';
import { size, timeLeft } from './amounts.js';
import { saveAs } from './bodies.js';
import { answerWords, copyWords, stateWords } from './file-words.js';
import { FolderDialog } from './folder-dialog.js';
import { isPicture, Picture } from './picture.js';

type Action = 'accept' | 'decline' | 'pause' | 'resume' | 'cancel' | 'withdraw';

const WORDS: Record<Action, string> = {
  accept: 'Accept',
  decline: 'Decline',
  pause: 'Pause',
  resume: 'Go on',
  cancel: 'Cancel',
  withdraw: 'Take back',
};

/** One offer, whoever made it and whichever window deals with it: what, from whom, risk, where to, action. */
export function FileCard({ transfer }: { transfer: string }) {
  const { transfers } = usePage();
  const info = transfers.get(transfer);
  if (!info) return null;
  const { entries, files, total, mine, from, to } = info;
  const [first] = entries;
  const Icon = entries.length > 1 ? Files : first?.folder ? Folder : isPicture(info) ? Image : File;
  const more = entries.length > 1 ? ` and ${entries.length - 1} more` : '';
  const who = mine ? `yours, to ${to?.name ?? 'everyone here'}` : `from ${from.name}`;
  return (
    <section
      className={!mine && info.state === 'offered' ? 'file-card asks' : 'file-card'}
      aria-label={`File ${first?.name ?? ''}`}
    >
      <Icon className="file-icon" aria-hidden="true" />
      <div className="file-title">
        <b>
          <bdi>{first?.name}</bdi>
          {more}
        </b>
        <span>
          {size(total)}
          {files > 1 && ` · ${files} files`} · {who}
          {info.state === 'done' && (
            <span className="file-checked">
              {' · '}
              <Check aria-hidden="true" /> checked
            </span>
          )}
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
  const [choosing, setChoosing] = useState(false);
  const [asked, setAsked] = useState(false);
  const attempt = async (fn: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await fn();
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  const act = (action: Action) => attempt(() => store.request(action, { transfer: info.transfer }));
  const { mine, state } = info;
  const picture = isPicture(info);
  const isHere = state === 'done' || (mine && state === 'serving' && info.copied === null);
  const isOffered = !mine && state === 'offered';
  const copying = copyWords(info);
  const actions = actionsOf(info);
  return (
    <div className="file-lower">
      {info.riskyCount > 0 && isOffered && <Risk info={info} />}
      {picture && isHere && <Picture info={info} asked={asked} />}
      <Bar info={info} />
      <p className={state === 'failed' ? 'file-state failed' : 'file-state'} role="status">
        <span>{copying ?? stateWords(info)}</span>
        {(state === 'active' || copying) && (
          <span className="file-rate">
            {copying
              ? `${percent(info.copied ?? 0, info.total)} %`
              : [
                  info.ratePerSecond > 0 && `${size(info.ratePerSecond)}/s`,
                  timeLeft(info.total - info.bytes, info.ratePerSecond),
                ]
                  .filter(Boolean)
                  .join(' · ')}
          </span>
        )}
      </p>
      {mine && <Receivers info={info} />}
      <Failure text={failure} />
      {choosing && (
        <FolderDialog
          title={`Where to put ${info.entries[0]?.name}`}
          description="It is checked as it comes, and put into this folder when it is whole."
          action="Put it there"
          onChoose={(out) => store.request('accept', { transfer: info.transfer, out })}
          onClose={() => setChoosing(false)}
        />
      )}
      {(actions.length > 0 || isHere) && (
        <div className="actions">
          {actions.map((action) => (
            <button
              key={action}
              type="button"
              className={action === 'accept' ? 'button primary' : 'button'}
              onClick={() => {
                if (action === 'accept' && picture) setAsked(true);
                void act(action);
              }}
            >
              {action === 'accept' && picture ? `Load picture (${size(info.total)})` : WORDS[action]}
            </button>
          ))}
          {isOffered && (
            <button type="button" className="button quiet" onClick={() => setChoosing(true)}>
              Other place…
            </button>
          )}
          {state === 'done' && info.files === 1 && !info.entries[0]?.folder && (
            <button
              type="button"
              className="button quiet"
              onClick={() => void attempt(() => saveAs(store, info))}
            >
              Save as…
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Risk({ info }: { info: TransferInfo }) {
  const { riskyCount, risky } = info;
  const more = riskyCount > risky.length ? ` and ${riskyCount - risky.length} more` : '';
  return (
    <p className="file-risk">
      <TriangleAlert aria-hidden="true" />
      <span>
        <b>
          {riskyCount === 1 ? '1 program or script inside: ' : `${riskyCount} programs or scripts inside: `}
        </b>
        <bdi>{risky.join(', ')}</bdi>
        {more}.
      </span>
    </p>
  );
}

/** Moving in the accent, grey while it waits, red where it stopped. */
function Bar({ info }: { info: TransferInfo }) {
  const { mine, state, copied, bytes, total, sources, code } = info;
  const moves = copied !== null || (!mine && state === 'active');
  if (!moves && (mine || state !== 'paused')) return null;
  const here = copied ?? bytes;
  const look =
    state === 'paused' && code
      ? ' stopped'
      : state === 'paused' || (copied === null && sources === 0)
        ? ' paused'
        : '';
  return (
    <progress
      className={`bar${look}`}
      max={Math.max(total, 1)}
      value={here}
      aria-label={`${percent(here, total)} % of ${info.entries[0]?.name} is ${mine ? 'copied' : 'here'}`}
    />
  );
}

/** Of one's own: how it stands at everybody who has answered. */
function Receivers({ info }: { info: TransferInfo }) {
  if (info.receivers.length === 0) return null;
  return (
    <ul className="file-receivers">
      {info.receivers.map(({ peer, answer, bytes, code }) => (
        <li key={peer.id}>
          <span className="cut">{peer.name}</span>
          {answer === 'accepted' || answer === 'progress' ? (
            <>
              <progress
                className="bar"
                max={Math.max(info.total, 1)}
                value={bytes}
                aria-label={`${peer.name} has ${percent(bytes, info.total)} %`}
              />
              <span>{percent(bytes, info.total)} %</span>
            </>
          ) : (
            <span className={answer === 'done' ? 'file-checked' : undefined}>
              {answerWords(answer, code)}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

const percent = (part: number, whole: number): number => Math.floor((100 * part) / Math.max(whole, 1));

/** What can be done now; the first is what is mostly wanted. */
function actionsOf({ mine, state }: TransferInfo): Action[] {
  if (mine) return state === 'serving' || state === 'paused' ? ['withdraw'] : [];
  if (state === 'offered') return ['accept', 'decline'];
  if (state === 'active') return ['pause', 'cancel'];
  return state === 'paused' ? ['resume', 'cancel'] : [];
}
