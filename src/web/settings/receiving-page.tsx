import { Folder } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { FolderDialog } from '../files/folder-dialog.js';
import { Failure } from '../parts/failure.js';
import { SettingRow } from './setting-row.js';
import { type NodeSettings, useSettings } from './use-settings.js';

/** Where files go, and whose are taken without asking. */
export function ReceivingPage() {
  const node = useSettings();
  const { settings } = node;
  return (
    <>
      {settings.has('downloads') && (
        <SettingRow title="Downloads folder" about="Each room has a folder in it">
          <FolderSetting node={node} name="downloads" label="Downloads folder" />
        </SettingRow>
      )}
      {settings.has('auto-accept') && (
        <SettingRow title="Accept by itself" about="Programs and scripts always ask">
          <fieldset className="choices">
            <legend className="hidden-text">Files that are accepted without asking</legend>
            {AUTO_ACCEPT.map(([value, word, about]) => (
              <label key={value} className="choice two-lines">
                <input
                  type="radio"
                  name="auto-accept"
                  checked={settings.get('auto-accept')?.value === value}
                  onChange={() => void node.set('auto-accept', value)}
                />
                <span>
                  {word}
                  <small>{about}</small>
                </span>
              </label>
            ))}
          </fieldset>
          <Failure text={node.failures.get('auto-accept') ?? null} />
        </SettingRow>
      )}
      {(settings.has('upload-limit') || settings.has('download-limit')) && (
        <SettingRow title="Speed" about="Calls and messages always go first">
          {(['download-limit', 'upload-limit'] as const).map(
            (key) =>
              settings.has(key) && (
                <label key={key} className="setting-line select-line">
                  <span>{key === 'download-limit' ? 'Receiving' : 'Giving'}</span>
                  <select
                    className="field"
                    value={settings.get(key)?.value}
                    onChange={(event) => void node.set(key, event.target.value)}
                  >
                    {rates(settings.get(key)?.value ?? 'off').map(([value, word]) => (
                      <option key={value} value={value}>
                        {word}
                      </option>
                    ))}
                  </select>
                </label>
              ),
          )}
        </SettingRow>
      )}
    </>
  );
}

const AUTO_ACCEPT = [
  ['off', 'Nobody', 'Every file waits for your answer'],
  ['verified', 'People I have verified', 'Their files begin at once'],
] as const;

const RATES = [
  ['off', 'No limit'],
  ['1MB', '1 MB/s'],
  ['5MB', '5 MB/s'],
  ['20MB', '20 MB/s'],
  ['100MB', '100 MB/s'],
] as const;

/** The usual rates, and the one that is set where it is another. */
const rates = (value: string): readonly (readonly [string, string])[] =>
  RATES.some(([usual]) => usual === value) ? RATES : [...RATES, [value, `${value}/s`]];

interface FolderSettingProps {
  node: NodeSettings;
  name: string;
  label: string;
}

function FolderSetting({ node, name, label }: FolderSettingProps) {
  const set = node.settings.get(name)?.value ?? '';
  const [value, setValue] = useState(set);
  useEffect(() => setValue(set), [set]);
  const [choosing, setChoosing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void node.set(name, value.trim() === '' ? null : value.trim());
  };
  return (
    <>
      <form className="setting-line" onSubmit={submit}>
        <span className="field mono">
          <Folder aria-hidden="true" />
          <input aria-label={label} value={value} onChange={(event) => setValue(event.target.value)} />
        </span>
        <button type="submit" className="button" disabled={value === set}>
          Change
        </button>
        <button type="button" className="button quiet" onClick={() => setChoosing(true)}>
          Choose…
        </button>
      </form>
      <Failure text={node.failures.get(name) ?? null} />
      {choosing && (
        <FolderDialog
          title={label}
          description="Chatter makes a folder for each room in it."
          action="Use this folder"
          onChoose={(path) => node.set(name, path)}
          onClose={() => setChoosing(false)}
        />
      )}
    </>
  );
}
