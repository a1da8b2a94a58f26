import type { Message } from '../../daemon/chat-api.js';
import { useTalks } from './use-talks.js';

const NAMED = 8;

/** What people think of a message; a click joins them, or takes the own one back. */
export function Reactions({ message, onFailure }: { message: Message; onFailure: (text: string) => void }) {
  const talks = useTalks();
  if (message.reactions.length === 0) return null;
  return (
    <div className="reactions">
      {message.reactions.map(({ emoji, people, mine }) => {
        const names = people.slice(0, NAMED).map(({ name }) => name);
        if (people.length > NAMED) names.push(`${people.length - NAMED} more`);
        return (
          <button
            key={emoji}
            type="button"
            className="reaction"
            aria-pressed={mine}
            title={names.join(', ')}
            onClick={() =>
              void talks.react(message, emoji, !mine).catch((err: Error) => onFailure(err.message))
            }
          >
            <span>{emoji}</span> {people.length}
            <span className="hidden-text">by {names.join(', ')}</span>
          </button>
        );
      })}
    </div>
  );
}
