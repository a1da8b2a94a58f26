import { Bell, BellOff } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { setLook } from '../settings/look.js';
import { useLook } from '../settings/use-look.js';

/** Of a muted room nothing is told outside of the page, in this browser. */
export function MuteItem({ roomId }: { roomId: string }) {
  const { mutedRooms } = useLook();
  const muted = mutedRooms.includes(roomId);
  return (
    <DropdownMenu.Item
      className="menu-item"
      onSelect={() =>
        setLook({
          mutedRooms: muted ? mutedRooms.filter((each) => each !== roomId) : [...mutedRooms, roomId],
        })
      }
    >
      {muted ? <Bell aria-hidden="true" /> : <BellOff aria-hidden="true" />}
      {muted ? 'Tell me of this room again' : 'Mute notifications'}
    </DropdownMenu.Item>
  );
}
