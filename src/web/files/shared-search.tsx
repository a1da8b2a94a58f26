import { Download, Search, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { SharedInfo } from '../../daemon/files-api.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';
import { size } from './amounts.js';
import { type Match, matchesOf, patternOf } from './shared-matches.js';

interface SearchProps {
  roomId: string;
  room: string;
  self: string;
  /** How many others can be asked. */
  others: number;
  onGet: (entry: SharedInfo) => void;
  /** Whether its results are shown, in the place of the tree. */
  onShown: (shown: boolean) => void;
}

/** Asks everybody in the room for a name or a pattern. */
export function SharedSearch({ roomId, room, self, others, onGet, onShown }: SearchProps) {
  const store = useStore();
  const [typed, setTyped] = useState('');
  const [found, setFound] = useState<{ typed: string; matches: Match[]; notes: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const close = () => {
    setTyped('');
    setFound(null);
    setFailure(null);
    onShown(false);
  };
  const search = async (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() === '') return close();
    setBusy(true);
    setFailure(null);
    try {
      const answer = await store.request('ls', { room: roomId, pattern: patternOf(typed) });
      const notes = [
        answer.more ? 'There is more: search for a longer name.' : '',
        answer.silent.length > 0 ? `No answer from ${answer.silent.map(({ name }) => name).join(', ')}.` : '',
      ];
      setFound({ typed, matches: matchesOf(answer.entries), notes: notes.filter(Boolean).join(' ') });
      onShown(true);
    } catch (err) {
      setFailure((err as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <search>
      <form className="shared-search" onSubmit={(event) => void search(event)}>
        <label className="field">
          <Search aria-hidden="true" />
          <span className="hidden-text">Name of a file or folder in {room}</span>
          <input
            placeholder="Name, or *.pdf"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape' || (!found && typed === '')) return;
              event.stopPropagation();
              close();
            }}
          />
          {(found || typed !== '') && (
            <button type="button" className="icon-button" aria-label="Close the search" onClick={close}>
              <X aria-hidden="true" />
            </button>
          )}
        </label>
        <button type="submit" className="button" disabled={busy || typed.trim() === ''}>
          {busy ? 'Asking…' : 'Ask'}
        </button>
      </form>
      <Failure text={failure} />
      <p className="hidden-text" role="status">
        {found ? `${found.matches.length} found for ${found.typed}` : ''}
      </p>
      {found && (
        <section className="shared-found" aria-label={`Found for ${found.typed}`}>
          {found.matches.length === 0 && (
            <p className="panel-about">
              “{found.typed}”: file doesn’t exist.{' '}
              {others === 1 ? 'One other person was' : `${others} others were`} asked.
            </p>
          )}
          <ul>
            {found.matches.map((match) => (
              <FoundRow
                key={`${match.entry.owner.id} ${match.entry.path}`}
                match={match}
                self={self}
                onGet={onGet}
              />
            ))}
          </ul>
          {found.notes && <p className="panel-about">{found.notes}</p>}
        </section>
      )}
    </search>
  );
}

interface FoundRowProps {
  match: Match;
  self: string;
  onGet: (entry: SharedInfo) => void;
}

function FoundRow({ match: { entry, owners, differs }, self, onGet }: FoundRowProps) {
  const theirs = owners.filter(({ id }) => id !== self);
  const names = owners.map(({ id, name }) => (id === self ? 'you' : name));
  return (
    <li>
      <div>
        <b className="cut">
          <bdi>{entry.name}</bdi>
        </b>
        <span className="shared-path">
          {size(entry.size)}
          {entry.folder && ` · ${entry.files} files`} · {names.join(', ')}
        </span>
        <span className="shared-path">
          <bdi>{entry.path}</bdi>
        </span>
        {differs && <span className="shared-differs">Not the same as the others of this name</span>}
        {entry.risky && <span className="shared-differs">A program or script</span>}
      </div>
      {theirs.length > 0 && (
        <button
          type="button"
          className="icon-button"
          title={`Get ${entry.name}`}
          aria-label={`Get ${entry.name}, ${size(entry.size)}, from ${theirs.map(({ name }) => name).join(', ')}`}
          onClick={() => onGet(theirs[0] === undefined ? entry : { ...entry, owner: theirs[0] })}
        >
          <Download aria-hidden="true" />
        </button>
      )}
    </li>
  );
}
