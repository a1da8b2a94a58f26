import { useEffect, useState } from 'react';
import type { RoomState } from '../state/model.js';
import { eventWords } from './event-line.js';

/** Tells what is new to who cannot see it, one sentence at a time. */
export function Announcer({ room: { talk, entries } }: { room: RoomState }) {
  const [words, setWords] = useState('');
  const { window } = talk;
  const message = window.newerLeft ? undefined : window.messages.at(-1);
  const entry = entries.at(-1);
  useEffect(() => {
    if (message?.unread) setWords(`${message.author.name}: ${message.text}`);
  }, [message]);
  useEffect(() => {
    if (entry) setWords(entry.type === 'file' ? 'A file was offered.' : eventWords(entry));
  }, [entry]);
  return (
    <div className="hidden-text" aria-live="polite">
      {words}
    </div>
  );
}
