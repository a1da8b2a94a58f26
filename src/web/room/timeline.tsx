import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { FileCard } from '../files/file-card.js';
import { dayWord } from '../parts/times.js';
import type { RoomState } from '../state/model.js';
import { EventLine, eventWords } from './event-line.js';
import { layoutTimeline, type Row } from './layout-timeline.js';
import { Message } from './message.js';

/** Own messages at the end that tell their delivery in words. */
const RECENT = 2;
const NEAR_END_PX = 60;

/**
 * What was said, as a feed; only what is in sight is in the document. It moves by the reader's hand alone, or stays at
 * its end while it is there.
 */
export function Timeline({ room }: { room: RoomState }) {
  const rows = useMemo(() => layoutTimeline(room.entries), [room.entries]);
  const recent = useMemo(() => recentOwn(rows), [rows]);
  const view = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => view.current,
    estimateSize: () => 32,
    overscan: 12,
    getItemKey: (index) => (rows[index] as Row).id,
  });
  const height = virtual.getTotalSize();
  useLayoutEffect(() => {
    if (atEnd && view.current) view.current.scrollTop = Math.max(height, view.current.scrollHeight);
  }, [atEnd, height]);
  // A window that becomes lower must not hide what is newest from who is reading it.
  useEffect(() => {
    const element = view.current;
    if (!element || !atEnd) return undefined;
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [atEnd]);
  const toEnd = () => setAtEnd(true);

  return (
    <div className="timeline-frame">
      <div
        ref={view}
        className="timeline"
        role="feed"
        aria-label={`What was said in ${room.room}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END_PX)
        }
      >
        <div className="timeline-all" style={{ height }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index] as Row;
            return (
              <article
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                aria-posinset={item.index + 1}
                aria-setsize={rows.length}
                className="timeline-row"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row.type === 'day' && <h2 className="day">{dayWord(row.at)}</h2>}
                {row.type === 'file' && <FileCard transfer={row.entry.transfer} />}
                {row.type === 'line' && <EventLine entry={row.entry} />}
                {row.type === 'message' && (
                  <Message
                    entry={row.entry}
                    grouped={row.grouped}
                    others={room.here.size}
                    recent={recent.has(row.id)}
                  />
                )}
              </article>
            );
          })}
        </div>
      </div>
      {!atEnd && (
        <button type="button" className="button to-end" onClick={toEnd}>
          <ArrowDown aria-hidden="true" /> Newest
        </button>
      )}
      <Announcer room={room} />
    </div>
  );
}

/** Tells what is new to who cannot see it, one sentence at a time. */
function Announcer({ room }: { room: RoomState }) {
  const [words, setWords] = useState('');
  const last = room.entries.at(-1);
  useEffect(() => {
    if (!last || (last.type === 'message' && last.self)) return;
    if (last.type === 'message') setWords(`${last.author.name}: ${last.text}`);
    else setWords(last.type === 'file' ? 'A file was offered.' : eventWords(last));
  }, [last]);
  return (
    <div className="hidden-text" aria-live="polite">
      {words}
    </div>
  );
}

function recentOwn(rows: readonly Row[]): ReadonlySet<string> {
  const own = rows.filter((row) => row.type === 'message' && row.entry.self);
  const doubtful = own.filter((row) => row.type === 'message' && row.entry.doubt);
  return new Set([...own.slice(-RECENT), ...doubtful].map(({ id }) => id));
}
