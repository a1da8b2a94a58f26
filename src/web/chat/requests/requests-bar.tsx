import './requests.css';
import { Inbox } from 'lucide-react';
import { useState } from 'react';
import type { Message } from '../../../daemon/chat-api.js';
import { Dialog } from '../../parts/dialog.js';
import { Face } from '../../parts/face.js';
import { Failure } from '../../parts/failure.js';
import { lastSeen } from '../../parts/times.js';
import type { RoomState } from '../../state/model.js';
import { useTalks } from '../use-talks.js';
import { byAuthor } from './by-author.js';

/** Above the timeline while somebody who is not verified wants to write to one alone. */
export function RequestsBar({ room }: { room: RoomState }) {
  const [isOpen, setOpen] = useState(false);
  const waiting = byAuthor(room.talk.requests);
  if (waiting.length === 0) return null;
  const [first] = waiting;
  const who = waiting.length === 1 ? first?.person.name : `${waiting.length} people`;
  return (
    <div className="requests-bar" role="status">
      <Inbox aria-hidden="true" />
      <span className="cut">
        {who} {waiting.length === 1 ? 'wants' : 'want'} to write to you alone
      </span>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Requests
      </button>
      {isOpen && (
        <Dialog
          title="Requests"
          description="They are not verified, so it is not known that they are who they say. They do not see whether you look."
          onClose={() => setOpen(false)}
        >
          <ul className="requests">
            {waiting.map(({ person, messages }) => (
              <Request key={person.id} roomId={room.roomId} person={person} messages={messages} />
            ))}
          </ul>
        </Dialog>
      )}
    </div>
  );
}

interface RequestProps {
  roomId: string;
  person: Message['author'];
  messages: readonly Message[];
}

function Request({ roomId, person, messages }: RequestProps) {
  const talks = useTalks();
  const [failure, setFailure] = useState<string | null>(null);
  const answer = (accept: boolean) =>
    talks.answerRequest(roomId, person.id, accept).catch((err: Error) => setFailure(err.message));
  return (
    <li className="request">
      <Face id={person.id} size={34} />
      <div>
        <p className="message-by">
          <b>{person.name}</b> <span className="tag">#{person.tag}</span>
        </p>
        {messages.map(({ id, text, sent }) => (
          <p key={id} className="request-text" dir="auto">
            {text} <time dateTime={sent}>{lastSeen(Date.parse(sent))}</time>
          </p>
        ))}
        <Failure text={failure} />
        <div className="actions">
          <button type="button" className="button primary" onClick={() => void answer(true)}>
            Accept
          </button>
          <button type="button" className="button" onClick={() => void answer(false)}>
            Hear nothing of them alone
          </button>
        </div>
      </div>
    </li>
  );
}
