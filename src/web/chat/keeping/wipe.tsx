import { type FormEvent, useState } from 'react';
import { Failure } from '../../parts/failure.js';
import { useStore } from '../../state/use-page.js';

const WORD = 'wipe';

/** Deletes everything of this data folder. Asked for twice: by a button, and by a word that is typed. */
export function Wipe() {
  const store = useStore();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFailure(null);
    try {
      await store.request('wipe', { confirm: WORD });
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  return (
    <>
      <p className="setting-about">
        Deletes who you are, your rooms and everything that was said from this computer, and ends Chatter.
        Received files stay where they are, and others keep what they have. Only a backup brings you back.
      </p>
      {isOpen ? (
        <form className="setting-line" onSubmit={(event) => void submit(event)}>
          <input
            className="field"
            aria-label={`Type ${WORD} to delete everything`}
            placeholder={`Type ${WORD}`}
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" className="button danger" disabled={typed !== WORD}>
            Delete everything
          </button>
        </form>
      ) : (
        <div className="actions">
          <button type="button" className="button danger" onClick={() => setOpen(true)}>
            Delete everything…
          </button>
        </div>
      )}
      <Failure text={failure} />
    </>
  );
}
