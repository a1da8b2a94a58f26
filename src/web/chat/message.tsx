import './message.css';
import { CornerUpLeft, Hourglass, LockKeyhole, Phone, Trash2 } from 'lucide-react';
import { memo, useMemo, useState } from 'react';
import type { Message } from '../../daemon/chat-api.js';
import { Face } from '../parts/face.js';
import { Failure } from '../parts/failure.js';
import { clockTime, wholeTime } from '../parts/times.js';
import { Delivery } from './delivery.js';
import type { Mentionable } from './find-mentions.js';
import { foldText } from './fold-text.js';
import { Markdown } from './markdown.js';
import { Reactions } from './reactions.js';
import { useTalks } from './use-talks.js';

interface MessageProps {
  message: Message;
  grouped: boolean;
  /** Among the own ones at the end: how far it has come is said in words. */
  recent: boolean;
  doubtful: boolean;
  mentionable: Mentionable;
  /** It was jumped to. */
  found: boolean;
}

/** One message, with what was done to it since. */
export const MessageView = memo(function MessageView({
  message,
  grouped,
  recent,
  doubtful,
  mentionable,
  found,
}: MessageProps) {
  const [failure, setFailure] = useState<string | null>(null);
  const { author, sent, self, to } = message;
  const className = [
    'message',
    grouped ? 'grouped' : '',
    message.mentionsMe && !message.deleted ? 'mentions-me' : '',
    to ? 'direct' : '',
    found ? 'found' : '',
  ];
  if (message.call && !message.deleted && !message.expired) return <CallLine message={message} />;
  return (
    <div className={className.filter(Boolean).join(' ')}>
      {grouped ? <Time sent={sent} /> : <Face id={author.id} size={34} />}
      <div className="message-content">
        {!grouped && (
          <div className="message-by">
            <b>{author.name}</b>
            <Time sent={sent} />
            {message.clockOff && (
              <span className="message-aside" title="The clock of their computer is wrong">
                clock?
              </span>
            )}
            {to && (
              <span className="message-aside">
                <LockKeyhole aria-hidden="true" /> {self ? `to ${to.name} alone` : 'to you alone'}
              </span>
            )}
          </div>
        )}
        {message.replyTo && <Quote message={message} />}
        <Said message={message} mentionable={mentionable} found={found} />
        <Reactions message={message} onFailure={setFailure} />
        {self && !message.deleted && <Delivery message={message} doubtful={doubtful} inWords={recent} />}
        <Failure text={failure} />
      </div>
    </div>
  );
});

/** A call began or ended: what happened, not what somebody said. */
function CallLine({ message: { author, text, sent } }: Pick<MessageProps, 'message'>) {
  return (
    <p className="event-line">
      <Phone aria-hidden="true" />
      <span>
        {author.name} {text}, <Time sent={sent} />
      </span>
    </p>
  );
}

function Time({ sent }: { sent: string }) {
  const at = Date.parse(sent);
  return (
    <time dateTime={sent} title={wholeTime(at)}>
      {clockTime(at)}
    </time>
  );
}

/** What a message says, or why it says nothing any more. */
function Said({ message, mentionable, found }: Pick<MessageProps, 'message' | 'mentionable' | 'found'>) {
  const [opened, setOpened] = useState(false);
  const { author, text, kind, self } = message;
  const isAct = kind !== 'text';
  if (message.deleted) {
    const all = Math.max(message.of, message.deliveredTo.length);
    const reach = self && all > 0 ? ` Those who are away get to know when they return.` : '';
    return (
      <p className="message-gone">
        <Trash2 aria-hidden="true" /> {self ? 'You' : author.name} deleted a message.{reach}
      </p>
    );
  }
  if (message.expired) {
    return (
      <p className="message-gone">
        <Hourglass aria-hidden="true" /> The text is not kept here any more.
      </p>
    );
  }
  if (author.muted && !opened) {
    return (
      <p className="message-gone">
        {author.name} is muted.{' '}
        <button type="button" className="link" onClick={() => setOpened(true)}>
          Show it
        </button>
      </p>
    );
  }
  return (
    <div className={isAct ? 'message-text me' : 'message-text'} dir="auto">
      {isAct && <b>{author.name} </b>}
      {/* What the node says of an offer or a call holds names of files: no Markdown. */}
      {kind === 'file' || kind === 'call' ? (
        text
      ) : (
        <Written message={message} mentionable={mentionable} found={found} />
      )}
      {message.edited && (
        <span className="message-edited" title={`Edited ${wholeTime(Date.parse(message.edited))}`}>
          edited
        </span>
      )}
    </div>
  );
}

/** What somebody wrote; of a long text its beginning, until the reader wants all of it or a search has found it. */
function Written({ message, mentionable, found }: Pick<MessageProps, 'message' | 'mentionable' | 'found'>) {
  const talks = useTalks();
  const [unfolded, setUnfolded] = useState(false);
  const { text, roomId } = message;
  const folded = useMemo(() => foldText(text), [text]);
  const isWhole = unfolded || found || !folded;
  const toggle = () => {
    talks.set(roomId, { following: false }); // its beginning stays in sight, not the end of the talk
    setUnfolded(!isWhole);
  };
  return (
    <>
      <Markdown text={isWhole ? text : folded.text} mentionable={mentionable} />
      {folded && !found && (
        <button type="button" className="link" aria-expanded={isWhole} onClick={toggle}>
          {isWhole ? 'Show less' : `Show all ${folded.lines} lines`}
        </button>
      )}
    </>
  );
}

/** What a message answers; a click goes there. */
function Quote({ message: { roomId, replyTo, quote } }: { message: Message }) {
  const talks = useTalks();
  const [missing, setMissing] = useState(false);
  const go = () => talks.jump(roomId, replyTo as string).catch(() => setMissing(true));
  return (
    <button type="button" className="quote" onClick={() => void go()}>
      <CornerUpLeft aria-hidden="true" />
      {quote && <b className="cut">{quote.author.name}</b>}
      <span className="cut">{quoteWords(quote?.text, missing)}</span>
    </button>
  );
}

const quoteWords = (text: string | undefined, missing: boolean): string => {
  if (missing) return 'That message is not on this computer';
  if (text === undefined) return 'a message';
  return text.trim() === '' ? 'a message that is gone' : text;
};
