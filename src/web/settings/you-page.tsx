import { type FormEvent, useEffect, useState } from 'react';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { usePage, useStore } from '../state/use-page.js';
import { SettingRow } from './setting-row.js';

/** Who one is. */
export function YouPage() {
  const store = useStore();
  const { self } = usePage();
  const [name, setName] = useState(self?.name ?? '');
  const [said, setSaid] = useState<{ failure: string | null; done: boolean }>({ failure: null, done: false });
  useEffect(() => setName(self?.name ?? ''), [self?.name]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await store.rename(name);
      setSaid({ failure: null, done: true });
    } catch (err) {
      setSaid({ failure: (err as Error).message, done: false });
    }
  };
  if (!self) return null;
  return (
    <>
      <SettingRow title="Name" about="People see it beside what you say">
        <form className="setting-line" onSubmit={(event) => void submit(event)}>
          <input
            className="field"
            aria-label="Your name"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button" disabled={name === self.name}>
            Change
          </button>
        </form>
        <Failure text={said.failure} />
        <p className="setting-about" role="status">
          {said.done ? 'Changed. People in your rooms see it now.' : ''}
        </p>
      </SettingRow>
      <SettingRow title="Face" about="Drawn from your key">
        <div className="setting-line">
          <Face id={self.id} size={48} />
          <p className="setting-about">
            Who borrows your name does not get your face. Beside your name stands #{self.tag}, the first of
            your key.
          </p>
        </div>
      </SettingRow>
      <SettingRow title="Your number" about="Your half of every safety number">
        <p className="digits">{self.safetyNumber}</p>
      </SettingRow>
    </>
  );
}
