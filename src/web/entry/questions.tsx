import { type FormEvent, useState } from 'react';
import { Dialog } from '../parts/dialog.js';
import type { Joining, Question } from './use-join.js';

/** The question that a join has raised, if any. */
export function Questions({ joining }: { joining: Joining }) {
  const { question } = joining;
  if (!question) return null;
  if (question.type === 'reach') return <OpenRoomWarning joining={joining} question={question} />;
  if (question.type === 'passphrase') return <Passphrase joining={joining} question={question} />;
  return <NameTaken joining={joining} question={question} />;
}

interface QuestionProps {
  joining: Joining;
  question: Question;
}

function OpenRoomWarning({ joining, question: { request } }: QuestionProps) {
  const [reach, setReach] = useState<'anywhere' | 'here'>('anywhere');
  return (
    <Dialog
      alert
      title={`“${request.room}” is an open room`}
      description={`Anyone who guesses “${request.room}” gets in, sees your address and can read what was said before.`}
      onClose={joining.dismiss}
    >
      <fieldset className="choices">
        <legend>Look for people on</legend>
        <Choice name="reach" checked={reach === 'anywhere'} onChoose={() => setReach('anywhere')}>
          this network and the Internet
        </Choice>
        <Choice name="reach" checked={reach === 'here'} onChoose={() => setReach('here')}>
          this network only
        </Choice>
      </fieldset>
      <div className="actions">
        <button
          type="button"
          className="button primary"
          onClick={() => void joining.createPrivate(request.room)}
        >
          Make it private
        </button>
        <button type="button" className="button" onClick={() => void joining.join({ ...request, reach })}>
          Open anyway
        </button>
        <button type="button" className="button quiet" onClick={joining.dismiss}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function NameTaken({ joining, question: { request } }: QuestionProps) {
  return (
    <Dialog
      alert
      title={`You know “${request.room}” with a passphrase`}
      description="There is an open room of this name too. It is another room, with other people in it."
      onClose={joining.dismiss}
    >
      <div className="actions">
        <button type="button" className="button primary" onClick={joining.dismiss}>
          Stay out
        </button>
        <button
          type="button"
          className="button"
          onClick={() => void joining.join({ ...request, openAnyway: true })}
        >
          Enter the open room
        </button>
      </div>
    </Dialog>
  );
}

function Passphrase({ joining, question: { request } }: QuestionProps) {
  const [passphrase, setPassphrase] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void joining.join({ ...request, passphrase });
  };
  return (
    <Dialog title={`The passphrase of “${request.room}”`} onClose={joining.dismiss}>
      <form onSubmit={submit}>
        <label className="field-label">
          Passphrase
          <input
            className="field"
            type="password"
            autoComplete="off"
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
        </label>
        <div className="actions">
          <button type="submit" className="button primary">
            Join
          </button>
          <button type="button" className="button quiet" onClick={joining.dismiss}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  name: string;
  checked: boolean;
  onChoose: () => void;
  children: string;
}

function Choice({ name, checked, onChoose, children }: ChoiceProps) {
  return (
    <label className="choice">
      <input type="radio" name={name} checked={checked} onChange={onChoose} />
      {children}
    </label>
  );
}
