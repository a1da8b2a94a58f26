import './timeline.css';
import { ArrowDown } from 'lucide-react';
import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Message } from '../../daemon/chat-api.js';
import { FileCard } from '../files/file-card.js';
import { Failure } from '../parts/failure.js';
import { dayWord } from '../parts/times.js';
import type { Entry, RoomState } from '../state/model.js';
import { usePage } from '../state/use-page.js';
import { Announcer } from './announcer.js';
import { EventLine } from './event-line.js';
import { layoutTimeline } from './layout-timeline.js';
import { MessageView } from './message.js';
import { DeleteDialog, ReachDialog } from './message-dialogs.js';
import { copyText, MessageTools, type Opened } from './message-tools.js';
import { NoDirect } from './no-direct.js';
import { useFlood } from './use-flood.js';
import { useMentionable } from './use-mentionable.js';
import { type Sight, useReadingPlace } from './use-reading-place.js';
import { useTalks } from './use-talks.js';

/** Own messages at the end that tell their delivery in words. */
const RECENT = 2;

/** What happens in the room is told in the room. */
const NOTHING: readonly Entry[] = [];

/** No row is lower, so that as many fill the window; more are not drawn while more comes than anybody reads. */
const LOWEST_ROW_PX = 20;

/**
 * What was said, as a feed. A piece of the history is in the document; older and newer pages come in as the reader gets
 * near its ends, and what is read never moves but by the reader's hand.
 */
export function Timeline({ room }: { room: RoomState }) {
  const { roomId, talk, entries } = room;
  const { window: held, following, unreadFrom, target } = talk;
  const talks = useTalks();
  const { link, transfers } = usePage();
  const all = useMemo(
    () => layoutTimeline(held, talk.direct ? NOTHING : entries, unreadFrom, transfers),
    [held, talk.direct, entries, unreadFrom, transfers],
  );
  const isFlood = useFlood(all) && following;
  const rows = isFlood ? all.slice(-Math.ceil(innerHeight / LOWEST_ROW_PX)) : all;
  const recent = useMemo(() => recentOwn(held.messages), [held.messages]);
  const mentionable = useMentionable(room);
  const view = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<{ id: string; opened: Opened } | null>(null);
  const [asking, setAsking] = useState<{ what: 'delete' | 'reach'; message: Message } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);

  const onSight = useCallback(
    ({ atEnd, nearTop, nearBottom, last }: Sight) => {
      if (held.stale) return; // it tells nothing of where the reader is
      if (nearTop && !isFlood) void talks.older(roomId);
      if (nearBottom) void talks.newer(roomId);
      const isAtEnd = atEnd && !held.newerLeft;
      if (isAtEnd !== following)
        talks.set(roomId, isAtEnd ? { following: true, below: 0 } : { following: false });
      // What is read here is read up to: others' messages to everybody that came before are not in sight.
      const seen = document.hidden || talk.direct ? undefined : newestUnread(held.messages, last, isAtEnd);
      if (seen) talks.seen(roomId, seen);
    },
    [talks, roomId, held, following, isFlood, talk.direct],
  );
  const look = useReadingPlace({ view, list, following, onSight });

  const isReady = link === 'open' && room.joined;
  useEffect(() => {
    if (isReady && held.stale)
      void talks.open(roomId, following ? null : (messageInSight(view.current) ?? null));
  }, [talks, roomId, isReady, held.stale, following]);
  const hasTarget = target !== null && held.messages.some(({ id }) => id === target.id);
  useEffect(() => {
    if (!hasTarget || !target) return;
    const row = list.current?.querySelector<HTMLElement>(`[data-id="${target.id}"]`);
    row?.scrollIntoView({ block: 'center' });
    if (target.focus) row?.focus({ preventScroll: true });
  }, [hasTarget, target]);
  // After the target was brought into sight: else the reader would be taken to be where they come from, as at the end.
  // What came, or what is in sight now that the window is looked at, may be new to the reader.
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever other rows are drawn
  useEffect(look, [look, all]);
  useEffect(() => {
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [look]);

  const messageOf = (id: string | undefined) => held.messages.find((message) => message.id === id);
  const onPointer = ({ target: over }: PointerEvent) => {
    const id = rowAt(over)?.dataset.id;
    if (!active?.opened && id !== active?.id)
      setActive(messageOf(id) ? { id: id as string, opened: null } : null);
  };
  const onContextMenu = (event: MouseEvent) => {
    const id = rowAt(event.target)?.dataset.id;
    const isText = (event.target as HTMLElement).closest('a, input, textarea, img, video');
    if (!messageOf(id) || isText || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    setActive({ id: id as string, opened: 'menu' });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rowAt(event.target);
    if (event.target !== row && event.target !== view.current) return;
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (step !== 0 && !event.altKey && !event.ctrlKey && !event.metaKey) {
      const next = row ? nextMessage(row, step) : lastInSight(view.current);
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: 'nearest' });
      return;
    }
    const message = messageOf(row?.dataset.id);
    if (!message || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      e: () => setActive({ id: message.id, opened: 'emoji' }),
      r: () => talks.reply(message),
      c: () => void copyText(message),
      Enter: () => setActive({ id: message.id, opened: 'menu' }),
      Delete: () => message.self && setAsking({ what: 'delete', message }),
    };
    const act = acts[event.key];
    if (!act || message.deleted) return;
    event.preventDefault();
    act();
  };
  const isWhole = !held.olderLeft && !held.newerLeft;

  return (
    <div className="timeline-frame">
      <div
        ref={view}
        className="timeline"
        role="feed"
        aria-busy={held.stale}
        aria-label={talk.direct ? `What you and ${talk.direct.name} wrote` : `What was said in ${room.room}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={look}
        onKeyDown={onKeyDown}
        onPointerOver={onPointer}
        onPointerLeave={() => !active?.opened && setActive(null)}
        onFocus={({ target: focused }) => {
          look();
          const id = rowAt(focused)?.dataset.id;
          if (!active?.opened && messageOf(id)) setActive({ id: id as string, opened: null });
        }}
        onContextMenu={onContextMenu}
      >
        {talk.direct && !held.stale && rows.length === 0 && <NoDirect person={talk.direct} />}
        <div ref={list} className="timeline-all">
          {rows.map((row, index) => (
            <article
              key={row.id}
              data-id={row.id}
              data-message={row.type === 'message' ? '' : undefined}
              tabIndex={-1}
              aria-posinset={all.length - rows.length + index + 1}
              aria-setsize={isWhole ? all.length : -1}
              className="timeline-row"
            >
              {row.type === 'day' && <h2 className="day">{dayWord(row.at)}</h2>}
              {row.type === 'unread' && <p className="unread-line">New</p>}
              {row.type === 'file' && <FileCard transfer={row.transfer} />}
              {row.type === 'line' && <EventLine entry={row.entry} />}
              {row.type === 'message' && (
                <MessageView
                  message={row.message}
                  grouped={row.grouped}
                  recent={recent.has(row.id) || active?.id === row.id}
                  doubtful={talk.doubtful.has(row.id)}
                  mentionable={mentionable}
                  found={target?.id === row.id}
                />
              )}
              {row.type === 'message' && active?.id === row.id && !row.message.deleted && (
                <MessageTools
                  message={row.message}
                  opened={active.opened}
                  onOpened={(opened) => setActive({ id: row.id, opened })}
                  onDelete={() => setAsking({ what: 'delete', message: row.message })}
                  onReach={() => setAsking({ what: 'reach', message: row.message })}
                  onFailure={setFailure}
                />
              )}
            </article>
          ))}
        </div>
      </div>
      {!following && (
        <button type="button" className="button to-end" onClick={() => void talks.toEnd(roomId)}>
          <ArrowDown aria-hidden="true" /> {talk.below > 0 ? `${talk.below} new` : 'Newest'}
        </button>
      )}
      <Failure text={failure} />
      <Announcer room={room} />
      {asking?.what === 'delete' && <DeleteDialog message={asking.message} onClose={() => setAsking(null)} />}
      {asking?.what === 'reach' && (
        <ReachDialog
          message={messageOf(asking.message.id) ?? asking.message}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  );
}

const rowAt = (target: EventTarget | null) =>
  (target as HTMLElement | null)?.closest<HTMLElement>('.timeline-row');

function nextMessage(row: HTMLElement, step: number): HTMLElement | null {
  let next = row as Element | null;
  do next = step < 0 ? (next?.previousElementSibling ?? null) : (next?.nextElementSibling ?? null);
  while (next && !(next as HTMLElement).hasAttribute('data-message'));
  return next as HTMLElement | null;
}

function lastInSight(view: HTMLElement | null): HTMLElement | null {
  const bottom = view?.getBoundingClientRect().bottom ?? 0;
  const all = [...(view?.querySelectorAll<HTMLElement>('[data-message]') ?? [])];
  return all.findLast((row) => row.getBoundingClientRect().top < bottom) ?? null;
}

/** The first message that the reader sees, to read the history around it. */
function messageInSight(view: HTMLElement | null): string | undefined {
  const top = view?.getBoundingClientRect().top ?? 0;
  const all = [...(view?.querySelectorAll<HTMLElement>('[data-message]') ?? [])];
  return all.find((row) => row.getBoundingClientRect().bottom > top)?.dataset.id;
}

/** The newest message up to the row in sight that has not been read. */
function newestUnread(
  messages: readonly Message[],
  last: string | null,
  atEnd: boolean,
): Message | undefined {
  const end = atEnd ? messages.length - 1 : messages.findLastIndex(({ id }) => id === last);
  for (let i = end; i >= 0; i--) if (messages[i]?.unread) return messages[i];
  return undefined;
}

function recentOwn(messages: readonly Message[]): ReadonlySet<string> {
  const own: string[] = [];
  for (let i = messages.length - 1; i >= 0 && own.length < RECENT; i--) {
    const message = messages[i] as Message;
    if (message.self) own.push(message.id);
  }
  return new Set(own);
}
