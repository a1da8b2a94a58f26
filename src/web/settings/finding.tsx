import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import type { Result } from '../../daemon/api.js';

type Found = Result<'doctor'>['findings'][number];

const ICONS = { good: CircleCheck, bad: TriangleAlert, open: CircleHelp };

/** One thing that the doctor looked at, and what mends it. */
export function Finding({ finding: { ok, finding, mend } }: { finding: Found }) {
  const kind = ok === null ? 'open' : ok ? 'good' : 'bad';
  const Icon = ICONS[kind];
  return (
    <div className={`finding ${kind}`}>
      <Icon aria-hidden="true" />
      <div>
        <b>{withCode(finding)}</b>
        {mend && <p>{withCode(mend)}</p>}
      </div>
    </div>
  );
}

/** Text in which `backticks` mean code. */
function withCode(text: string) {
  return text.split('`').map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of one fixed sentence
    index % 2 === 1 ? <code key={index}>{part}</code> : part,
  );
}
