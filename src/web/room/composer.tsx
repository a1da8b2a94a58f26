import './composer.css';
import { ArrowUp } from 'lucide-react';
import { type FormEvent, type KeyboardEvent, useRef, useState } from 'react';
import { AttachButton } from '../files/attach-button.js';
import { Failure } from '../parts/failure.js';
import type { RoomState } from '../state/model.js';
import { usePage, useStore } from '../state/use-page.js';

/** What is typed and not sent yet, by room, for as long as the tab lives. */
const drafts = new Map<string, string>();

/** Enter sends, Shift and Enter breaks the line. What could not be sent stays typed. */
export function Composer({ room }: { room: RoomState }) {
  const store = useStore();
  const { link } = usePage();
  const [text, setText] = useState(drafts.get(room.roomId) ?? '');
  const [failure, setFailure] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const write = (value: string) => {
    drafts.set(room.roomId, value);
    setText(value);
  };
  const send = async () => {
    if (text.trim() === '' || link !== 'open') return;
    const said = text;
    write('');
    setFailure(null);
    try {
      const { recipients } = await store.request('say', { room: room.roomId, text: said });
      if (recipients === 0) setFailure('Nobody else was here: nobody got that.');
    } catch (err) {
      setFailure((err as Error).message);
      write(drafts.get(room.roomId) ? `${said}\n${drafts.get(room.roomId)}` : said);
    }
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void send();
      }}
    >
      <Failure text={failure} />
      <div className="composer-box">
        <textarea
          ref={field}
          rows={1}
          // biome-ignore lint/a11y/noAutofocus: a room is for talking
          autoFocus
          aria-label={`Message ${room.room}`}
          placeholder={`Message ${room.room}`}
          value={text}
          onChange={(event) => write(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-bar">
          <AttachButton room={room} />
          <span className="composer-hint">
            <kbd>Enter</kbd> sends
          </span>
          <button
            type="submit"
            className="send"
            aria-label="Send"
            title="Send"
            disabled={text.trim() === '' || link !== 'open'}
          >
            <ArrowUp aria-hidden="true" />
          </button>
        </div>
      </div>
    </form>
  );
}
