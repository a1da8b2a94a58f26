import { type FormEvent, useState } from 'react';
import { Dialog } from '../parts/dialog.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';

export function RenameDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const store = useStore();
  const [value, setValue] = useState(name);
  const [failure, setFailure] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await store.rename(value);
      onClose();
    } catch (err) {
      setFailure((err as Error).message);
    }
  };
  return (
    <Dialog
      title="Your name"
      description="People see it beside what you say. Change it any time."
      onClose={onClose}
    >
      <form onSubmit={(event) => void submit(event)}>
        <input
          className="field"
          aria-label="Your name"
          value={value}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setValue(event.target.value)}
        />
        <Failure text={failure} />
        <div className="actions">
          <button type="submit" className="button primary">
            Change name
          </button>
          <button type="button" className="button quiet" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
