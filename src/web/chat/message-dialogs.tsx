import { Check, Clock, Eye } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Person, Result } from '../../daemon/api.js';
import type { Message } from '../../daemon/chat-api.js';
import { Dialog } from '../parts/dialog.js';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { useStore } from '../state/use-page.js';
import { useTalks } from './use-talks.js';

/** Asks before a message is deleted for everyone. */
export function DeleteDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const talks = useTalks();
  const [failure, setFailure] = useState<string | null>(null);
  return (
    <Dialog
      alert
      title="Delete for everyone?"
      description="It is deleted on every computer that is reached now, and on the others when they return. Copies that people made remain."
      onClose={onClose}
    >
      <Failure text={failure} />
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          className="button danger"
          onClick={() => void talks.delete(message).then(onClose, (err: Error) => setFailure(err.message))}
        >
          Delete for everyone
        </button>
      </div>
    </Dialog>
  );
}

/** Who has an own message, who has read it, and who is still to get it. */
export function ReachDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const store = useStore();
  const [members, setMembers] = useState<Result<'members'>>([]);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    store
      .request('members', { room: message.roomId })
      .then(setMembers, (err: Error) => setFailure(err.message));
  }, [store, message.roomId]);
  const { deliveredTo, readBy, to } = message;
  const has = new Set(deliveredTo.map(({ id }) => id));
  const hasRead = new Set(readBy.map(({ id }) => id));
  const rest = members.map(({ person }) => person).filter(({ id }) => !has.has(id) && (!to || to.id === id));
  return (
    <Dialog
      title="Who has this message"
      description="As each one's Chatter has confirmed it. Who does not send read receipts is not listed as having read it."
      onClose={onClose}
    >
      <Failure text={failure} />
      <People title="Read by" icon={Eye} people={readBy} />
      <People title="Has it" icon={Check} people={deliveredTo.filter(({ id }) => !hasRead.has(id))} />
      <People title="Gets it when they return" icon={Clock} people={rest} />
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

interface PeopleProps {
  title: string;
  icon: typeof Eye;
  people: readonly Person[];
}

function People({ title, icon: Icon, people }: PeopleProps) {
  if (people.length === 0) return null;
  return (
    <section className="reach">
      <h3>
        <Icon aria-hidden="true" /> {title} <span>{people.length}</span>
      </h3>
      <ul>
        {people.map((person) => (
          <li key={person.id}>
            <Face id={person.id} size={24} /> <span className="cut">{person.name}</span>
            <span className="tag">#{person.tag}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
