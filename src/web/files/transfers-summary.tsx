import { usePage } from '../state/use-page.js';
import { size } from './amounts.js';

/** What is under way in all rooms, in one line; nothing where nothing is. */
export function TransfersSummary() {
  const { transfers } = usePage();
  const moving = [...transfers.values()].filter(({ state }) => state === 'active');
  if (moving.length === 0) return null;
  const coming = moving.filter(({ mine }) => !mine);
  const going = moving.length - coming.length;
  const rate = moving.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0);
  const total = coming.reduce((sum, each) => sum + each.total, 0);
  const bytes = coming.reduce((sum, each) => sum + each.bytes, 0);
  const words = [
    coming.length > 0 ? `${coming.length === 1 ? 'One file' : `${coming.length} files`} coming` : '',
    going > 0 ? `${going} going` : '',
  ];
  return (
    <div className="transfers-summary">
      <p>
        <span>{words.filter(Boolean).join(', ')}</span>
        <span>{size(rate)}/s</span>
      </p>
      {total > 0 && <progress className="bar" max={total} value={bytes} aria-label="Of what is coming" />}
    </div>
  );
}
