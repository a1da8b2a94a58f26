import { useEffect } from 'react';
import { useLook } from '../settings/use-look.js';
import type { RoomState } from '../state/model.js';
import { usePage } from '../state/use-page.js';

/** The tab says how much is new, and its icon when some of that is for this person. Muted rooms do not count. */
export function useTitle(room: RoomState | undefined): void {
  const { rooms } = usePage();
  const { mutedRooms } = useLook();
  const heard = [...rooms.values()].filter(({ roomId }) => !mutedRooms.includes(roomId));
  const unread = heard.reduce((sum, each) => sum + each.unread + each.offers, 0);
  const forMe = heard.some(({ mentions }) => mentions > 0);
  const name = room?.room;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `${name} · ` : ''}Chatter`;
  }, [unread, name]);
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
    if (icon) icon.href = forMe ? '/assets/icon-new.svg' : '/assets/icon.svg';
  }, [forMe]);
}
