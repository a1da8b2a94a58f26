import './search.css';
import { Search as SearchIcon } from 'lucide-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import type { Message } from '../../../daemon/chat-api.js';
import { Dialog } from '../../parts/dialog.js';
import { Face } from '../../parts/face.js';
import { Failure } from '../../parts/failure.js';
import { lastSeen } from '../../parts/times.js';
import { Segments } from '../../settings/setting-row.js';
import { usePage, useStore } from '../../state/use-page.js';
import { useTalks } from '../use-talks.js';
import { markedPieces } from './marked-pieces.js';
import { useSearch } from './use-search.js';

type Where = 'here' | 'everywhere';

/** Finds what was said, in this room or in all, and goes there. */
export function SearchDialog({ text: start }: { text: string }) {
  const store = useStore();
  const talks = useTalks();
  const { rooms, shown } = usePage();
  const [text, setText] = useState(start);
  const room = shown ? rooms.get(shown) : undefined;
  const [where, setWhere] = useState<Where>(room ? 'here' : 'everywhere');
  const [lost, setLost] = useState<string | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const joined = [...rooms.values()].filter(({ joined }) => joined).map(({ roomId }) => roomId);
  const { found, more, busy, failure, older } = useSearch(
    text,
    where === 'here' && room ? [room.roomId] : joined,
  );
  const go = async ({ roomId, id }: Message) => {
    try {
      if (shown !== roomId) store.show(roomId);
      store.search(null);
      await talks.jump(roomId, id);
    } catch (err) {
      setLost((err as Error).message);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>('.found-message') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = all[at + (event.key === 'ArrowDown' ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <Dialog title="Search" onClose={() => store.search(null)}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the field and what was found */}
      <div className="search" onKeyDown={onKeyDown}>
        <div className="field">
          <SearchIcon aria-hidden="true" />
          <input
            autoFocus
            type="search"
            aria-label="Words to find"
            placeholder="Words to find"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && found[0]) void go(found[0]);
            }}
          />
        </div>
        {room && (
          <Segments<Where>
            label="Where"
            value={where}
            options={[
              ['here', `In ${room.room}`],
              ['everywhere', 'In all rooms'],
            ]}
            onChange={setWhere}
          />
        )}
        <Failure text={failure ?? lost} />
        <p className="search-count" role="status">
          {searchWords(text, found.length, more, busy)}
        </p>
        <ol className="found" ref={list}>
          {found.map((message) => (
            <li key={message.id}>
              <button type="button" className="found-message" onClick={() => void go(message)}>
                <Face id={message.author.id} size={28} />
                <span className="found-words">
                  <span className="found-by">
                    <b className="cut">{message.author.name}</b>
                    {where === 'everywhere' && <span className="cut">in {message.room}</span>}
                    <time dateTime={message.sent}>{lastSeen(Date.parse(message.sent))}</time>
                  </span>
                  <span className="found-text" dir="auto">
                    {markedPieces(message.snippet ?? { text: message.text, marks: [] }).map(
                      ({ text: piece, isMarked, at }) =>
                        isMarked ? <mark key={at}>{piece}</mark> : <span key={at}>{piece}</span>,
                    )}
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ol>
        {more && (
          <button type="button" className="button" disabled={busy} onClick={older}>
            Older ones
          </button>
        )}
      </div>
    </Dialog>
  );
}

function searchWords(text: string, count: number, more: boolean, busy: boolean): string {
  if (text.trim() === '') return 'All words must occur; the last one may be a beginning.';
  if (busy && count === 0) return 'Searching…';
  if (count === 0) return 'Nothing was found.';
  return `${count}${more ? ' newest' : ''} found`;
}
