import type { ReactNode } from 'react';

/** A group of settings: what it is on the left, how it is set on the right. */
export function SettingRow({
  title,
  about,
  children,
}: {
  title: string;
  about?: string;
  children: ReactNode;
}) {
  return (
    <section className="setting">
      <h2>
        {title}
        {about && <small>{about}</small>}
      </h2>
      <div className="setting-value">{children}</div>
    </section>
  );
}

interface SwitchProps {
  title: string;
  about?: string;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}

export function Switch({ title, about, on, onChange, disabled = false }: SwitchProps) {
  return (
    <label className="switch-row">
      <span>
        {title}
        {about && <small>{about}</small>}
      </span>
      <input
        type="checkbox"
        role="switch"
        className="switch"
        checked={on}
        aria-checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {options.map(([option, word]) => (
        <label key={option} className={option === value ? 'segment on' : 'segment'}>
          <input
            type="radio"
            className="hidden-text"
            name={label}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          {word}
        </label>
      ))}
    </div>
  );
}
