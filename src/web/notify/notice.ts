import type { ApiEvent } from '../../daemon/api.js';
import { size } from '../files/amounts.js';
import type { Look } from '../settings/look.js';

/** What is put on the screen outside of the page. */
export interface Notice {
  /** A later one of the same tag takes the place of the one before. */
  tag: string;
  roomId: string;
  title: string;
  body: string;
  /** It stays until it is answered. */
  stays: boolean;
}

/** What a notice says that does not name anybody. */
const SOMETHING = { title: 'Chatter', body: 'There is something new' };
const TEXT_LENGTH = 200;

/**
 * What an event is worth telling somebody who does not look at the page; null for nothing. Muted rooms and muted people
 * tell nothing, nor does what happened before this page was there, nor a first message from somebody unverified.
 * Pure.
 */
export function noticeOf(
  event: ApiEvent,
  { notify, notifyText, mutedRooms }: Pick<Look, 'notify' | 'notifyText' | 'mutedRooms'>,
): Notice | null {
  if (notify === 'off' || event.old || !('roomId' in event) || event.roomId === undefined) return null;
  if (mutedRooms.includes(event.roomId)) return null;
  const told = worthTelling(event, notify === 'all');
  if (!told) return null;
  const { roomId } = event;
  const { tag, stays = false, ...words } = told;
  return { tag: `${roomId} ${tag}`, roomId, stays, ...(notifyText ? words : SOMETHING) };
}

interface Told {
  tag: string;
  title: string;
  body: string;
  stays?: boolean;
}

function worthTelling(event: ApiEvent, all: boolean): Told | null {
  switch (event.type) {
    case 'message': {
      const { self, author, request, to, mentionsMe, text, room } = event;
      if (self || author.muted || request || !(all || to || mentionsMe)) return null;
      const where = to ? `${author.name}, to you alone` : `${author.name} in ${room}`;
      return { tag: to ? `from ${author.id}` : 'said', title: where, body: cut(text) };
    }
    case 'file-offered': {
      const { mine, from, entries, total, room, transfer } = event;
      if (mine || ('muted' in from && from.muted)) return null;
      const more = entries.length > 1 ? ` and ${entries.length - 1} more` : '';
      return {
        tag: `offer ${transfer}`,
        title: `${from.name} offers a file in ${room}`,
        body: `${cut(entries[0]?.name ?? '')}${more}, ${size(total)}`,
      };
    }
    case 'call-ringing':
      return {
        tag: `ring ${event.call}`,
        title: `${event.from.name} calls you`,
        body: event.direct ? 'A call with you alone' : `Into the call in ${event.room}`,
        stays: true,
      };
    case 'call-started':
      if (event.direct || event.by.muted) return null;
      return {
        tag: `call ${event.call}`,
        title: `${event.by.name} started a call`,
        body: `In ${event.room}`,
      };
    default:
      return null;
  }
}

/** The tag of a notice that an event makes pointless; null for none. */
export function endedBy(event: ApiEvent): string | null {
  if (event.type === 'call-ring-ended') return `${event.roomId} ring ${event.call}`;
  if (event.type === 'call-ended') return `${event.roomId} call ${event.call}`;
  return null;
}

const cut = (text: string): string => (text.length > TEXT_LENGTH ? `${text.slice(0, TEXT_LENGTH)}…` : text);
