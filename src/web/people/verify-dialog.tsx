import type { Result } from '../../daemon/api.js';
import { Dialog } from '../parts/dialog.js';
import { shellWord } from '../parts/shell-word.js';

interface VerifyDialogProps {
  person: Result<'person'>;
  onVerified: () => void;
  onClose: () => void;
}

/** Two people compare sixty digits by a way that nobody in between can change. */
export function VerifyDialog({ person, onVerified, onClose }: VerifyDialogProps) {
  return (
    <Dialog
      title={`Is this ${person.name}?`}
      description={`Ask ${person.name}, in the same room or by voice, to open you in their Chatter. Both of you must see these digits.`}
      onClose={onClose}
    >
      <p className="digits large" data-testid="safety-number">
        {person.safetyNumber}
      </p>
      <p className="panel-about">
        In a terminal: <code>npx chatter verify {shellWord(`#${person.tag}`)}</code>
      </p>
      <div className="actions">
        <button type="button" className="button primary" onClick={onVerified}>
          They are the same
        </button>
        <button type="button" className="button" onClick={onClose}>
          Not now
        </button>
      </div>
      <p className="panel-about">
        They differ? Then somebody may be in between, or it is another {person.name}. Do not verify.
      </p>
    </Dialog>
  );
}
