import './message.css';
import { Check, CircleHelp, Monitor } from 'lucide-react';
import { memo } from 'react';
import { Face } from '../parts/face.js';
import { clockTime } from '../parts/times.js';
import type { Entry } from '../state/model.js';
import { Markdown } from './markdown.js';

type MessageEntry = Extract<Entry, { type: 'message' }>;

interface MessageProps {
  entry: MessageEntry;
  grouped: boolean;
  /** Others who are here now. */
  others: number;
  /** Among the last ones: how far it has come is said in words. */
  recent: boolean;
}

export const Message = memo(function Message({ entry, grouped, others, recent }: MessageProps) {
  const time = clockTime(entry.at);
  return (
    <div className={grouped ? 'message grouped' : 'message'}>
      {grouped ? (
        <time dateTime={new Date(entry.at).toISOString()}>{time}</time>
      ) : (
        <Face id={entry.author.id} size={34} />
      )}
      <div className="message-content">
        {!grouped && (
          <div className="message-by">
            <b>{entry.author.name}</b>
            <time dateTime={new Date(entry.at).toISOString()}>{time}</time>
          </div>
        )}
        <div className="message-text">
          <Markdown text={entry.text} />
        </div>
        {entry.self && recent && <Delivery entry={entry} others={others} />}
      </div>
    </div>
  );
});

/** How far an own message has come, and no further than is known. */
function Delivery({ entry: { have, doubt }, others }: { entry: MessageEntry; others: number }) {
  const Icon = doubt ? CircleHelp : have.length > 0 ? Check : Monitor;
  const words = doubt
    ? 'A link broke before somebody confirmed this: they may have it or not'
    : have.length === 0
      ? 'On this device'
      : `With ${have.length} of ${Math.max(others, have.length)}`;
  return (
    <div className="delivery">
      <Icon aria-hidden="true" />
      {words}
    </div>
  );
}
