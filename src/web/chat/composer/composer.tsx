import './composer.css';
import { ArrowUp, AtSign, LockKeyhole, Pencil, Reply, Smile, X } from 'lucide-react';
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { AttachButton } from '../../files/attach-button.js';
import { Failure } from '../../parts/failure.js';
import type { RoomState } from '../../state/model.js';
import { usePage, useStore } from '../../state/use-page.js';
import { EmojiPicker } from '../emoji/emoji-picker.js';
import { useTalks } from '../use-talks.js';
import { type Completion, complete } from './complete.js';
import { CompletionList } from './completion-list.js';
import { type Asked, readLine } from './slash-commands.js';
import { TypingLine } from './typing-line.js';
import { useDraft } from './use-draft.js';
import { usePeople } from './use-people.js';
import { useTyping } from './use-typing.js';

/**
 * The field for what one says: a message, an answer, a message to one person alone, or another text for a message that
 * was sent. Enter sends, Shift and Enter breaks the line. What could not be sent stays typed.
 */
export function Composer({ room }: { room: RoomState }) {
  const { roomId, talk } = room;
  const { replyTo, editing } = talk.compose;
  const to = talk.direct ?? talk.compose.to;
  const store = useStore();
  const talks = useTalks();
  const { link } = usePage();
  const people = usePeople(room);
  const [draft, writeDraft] = useDraft(roomId, talk.direct?.id ?? null);
  const [edited, setEdited] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [closedAt, setClosedAt] = useState<string | null>(null);
  const [choosing, setChoosing] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const tellTyping = useTyping(roomId);
  const text = editing ? edited : draft;
  const completing = closedAt === text ? null : complete(text, caret, people);

  useEffect(() => {
    if (editing) setEdited(editing.text);
    if (editing || replyTo || to) field.current?.focus();
  }, [editing, replyTo, to]);

  const write = (value: string) => {
    setChosen(0);
    setClosedAt(null);
    if (editing) return setEdited(value);
    writeDraft(value);
    tellTyping(value.trim() !== '' && !value.startsWith('/'));
  };
  const plain = () => talks.compose(roomId, { replyTo: null, editing: null, to: null });
  /** Puts text in the place of a part of what is typed, and the caret behind it. */
  const put = (value: string, from: number, end: number) => {
    const at = from + value.length;
    write(text.slice(0, from) + value + text.slice(end));
    setCaret(at);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at, at);
    });
  };
  const choose = ({ text: value }: Completion) => completing && put(value, completing.from, completing.to);
  const insert = (value: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = field.current ?? {};
    put(value, selectionStart, selectionEnd);
  };

  const send = async () => {
    if (text.trim() === '' || link !== 'open') return;
    const said = text;
    setFailure(null);
    try {
      if (editing) {
        if (said !== editing.text) await store.request('edit', { room: roomId, id: editing.id, text: said });
        plain();
      } else {
        const asked = readLine(said, people);
        if (asked.type === 'wrong') return setFailure(asked.text);
        write('');
        tellTyping(false);
        plain();
        await act(asked);
      }
    } catch (err) {
      setFailure((err as Error).message);
      if (editing) return;
      write(said);
      talks.compose(roomId, talk.compose);
    }
    field.current?.focus();
  };
  const act = async (asked: Exclude<Asked, { type: 'wrong' }>): Promise<void> => {
    const answer = replyTo ? { replyTo: replyTo.id } : {};
    switch (asked.type) {
      case 'say':
        if (to) await store.request('dm', { room: roomId, person: to.id, text: asked.text, ...answer });
        else await store.request('say', { room: roomId, text: asked.text, me: asked.me, ...answer });
        return;
      case 'direct':
        await store.request('dm', { room: roomId, person: asked.person.id, text: asked.text, ...answer });
        return;
      case 'name':
        await store.request('rename', { room: roomId, name: asked.name });
        return;
      case 'search':
        return store.search({ text: asked.text });
      case 'leave':
        return store.leave(roomId);
    }
  };

  const editLast = () => {
    const last = talk.window.messages.findLast(({ self, deleted, expired }) => self && !deleted && !expired);
    if (last) talks.compose(roomId, { editing: last, replyTo: null, to: null });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const count = completing?.completions.length ?? 0;
    const isMoving = event.key === 'ArrowDown' || event.key === 'ArrowUp';
    if (completing && isMoving) {
      event.preventDefault();
      return setChosen((chosen + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
    }
    if (completing && (event.key === 'Tab' || event.key === 'Enter') && !event.shiftKey) {
      const completion = completing.completions[chosen] as Completion;
      if (text.slice(completing.from) !== completion.text.trim()) {
        event.preventDefault();
        return choose(completion);
      }
    }
    if (event.key === 'Escape' && (completing || editing || replyTo || talk.compose.to)) {
      event.preventDefault();
      return completing ? setClosedAt(text) : plain();
    }
    if (event.key === 'ArrowUp' && !event.altKey && text === '') {
      event.preventDefault();
      return editLast();
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    void send();
  };

  const label = to ? `Message ${to.name} alone` : `Message ${room.room}`;
  return (
    <form
      className="composer"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void send();
      }}
    >
      <TypingLine people={talk.typing} />
      <Failure text={failure} />
      <div className="composer-box">
        {completing && (
          <CompletionList
            id={listId}
            completions={completing.completions}
            chosen={chosen}
            onChoose={choose}
          />
        )}
        {editing && (
          <About icon={Pencil} word="Change what you said" onClose={plain}>
            {editing.text}
          </About>
        )}
        {replyTo && (
          <About
            icon={Reply}
            word={`Answer to ${replyTo.self ? 'yourself' : replyTo.author.name}`}
            onClose={() => talks.compose(roomId, { replyTo: null })}
          >
            {replyTo.text}
          </About>
        )}
        {to && !talk.direct && (
          <About
            icon={LockKeyhole}
            word={`To ${to.name} alone`}
            onClose={() => talks.compose(roomId, { to: null })}
          >
            Nobody else in the room can read it.
          </About>
        )}
        <textarea
          ref={field}
          rows={1}
          // biome-ignore lint/a11y/noAutofocus: a room is for talking
          autoFocus
          dir="auto"
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={completing ? listId : undefined}
          aria-activedescendant={completing ? `${listId}-${chosen}` : undefined}
          placeholder={label}
          value={text}
          onChange={(event) => {
            setCaret(event.target.selectionStart);
            write(event.target.value);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onBlur={() => setClosedAt(text)}
        />
        <div className="composer-bar">
          <AttachButton room={room} />
          <EmojiPicker open={choosing} onOpen={setChoosing} onChoose={insert}>
            <button type="button" className="icon-button" title="Emoji" aria-label="Emoji">
              <Smile aria-hidden="true" />
            </button>
          </EmojiPicker>
          <button
            type="button"
            className="icon-button"
            title="Mention somebody"
            aria-label="Mention somebody"
            onClick={() => insert('@')}
          >
            <AtSign aria-hidden="true" />
          </button>
          <span className="composer-hint">
            <kbd>Enter</kbd> {editing ? 'saves' : 'sends'}
          </span>
          <button
            type="submit"
            className="send"
            aria-label={editing ? 'Save' : 'Send'}
            title={editing ? 'Save' : 'Send'}
            disabled={text.trim() === '' || link !== 'open'}
          >
            <ArrowUp aria-hidden="true" />
          </button>
        </div>
      </div>
    </form>
  );
}

interface AboutProps {
  icon: typeof Reply;
  word: string;
  children: ReactNode;
  onClose: () => void;
}

/** Above the field: what is written is not just said. */
function About({ icon: Icon, word, children, onClose }: AboutProps) {
  return (
    <div className="composer-about">
      <Icon aria-hidden="true" />
      <b>{word}</b>
      <span className="cut">{children}</span>
      <button
        type="button"
        className="icon-button"
        title="Not so (Esc)"
        aria-label="Not so"
        onClick={onClose}
      >
        <X aria-hidden="true" />
      </button>
    </div>
  );
}
