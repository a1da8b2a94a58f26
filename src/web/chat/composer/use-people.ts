import { useEffect, useMemo, useState } from 'react';
import type { Person } from '../../../daemon/api.js';
import type { RoomState } from '../../state/model.js';
import { useStore } from '../../state/use-page.js';

/** Others who are to be had for a mention or a direct message: who is here first, then who ever wrote. */
export function usePeople({ roomId, here, joined }: RoomState): readonly Person[] {
  const store = useStore();
  const [members, setMembers] = useState<readonly Person[]>([]);
  const count = here.size;
  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew when somebody comes or goes
  useEffect(() => {
    if (!joined) return;
    store.request('members', { room: roomId }).then(
      (all) => setMembers(all.map(({ person }) => person)),
      () => {}, // the node is gone: those who are known stay
    );
  }, [store, roomId, joined, count]);
  return useMemo(() => {
    const others = members.filter(({ id }) => !here.has(id));
    return [...here.values(), ...others];
  }, [here, members]);
}
