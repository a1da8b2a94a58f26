import type { ApiEvent, Known, Person, Snapshot } from '../../daemon/api.js';
import type { TransferInfo } from '../../daemon/files-api.js';
import type { Place } from '../chat/place.js';
import { EMPTY_TALK, reduceTalk } from '../chat/talk.js';
import { type Entry, emptyRoom, type RoomState, type State } from './model.js';

/**
 * The state after an event of the node. Pure: the same state comes back if nothing shown has changed. `looking` says
 * whether somebody looks at the page.
 */
export function reduceEvent(state: State, event: ApiEvent, looking: boolean): State {
  if (event.type === 'peer-marked') return marked(state, event.peer);
  if (!('roomId' in event) || event.roomId === undefined) return state;
  const { roomId } = event;
  const transfers = reduceTransfers(state.transfers, event);
  if (transfers !== state.transfers) state = { ...state, transfers };
  const room = state.rooms.get(roomId) ?? emptyRoom(event.room ?? '', roomId);
  const next = reduceRoom(room, event, state.shown === roomId && looking);
  return next === room ? state : { ...state, rooms: new Map(state.rooms).set(roomId, next) };
}

/** What this person thinks of somebody has changed, here or at a terminal: wherever that one is shown. */
function marked(state: State, { id, verified, muted }: Known): State {
  const change = (person: Person): Person => ({
    ...person,
    verified: verified || undefined,
    muted: muted || undefined,
  });
  const rooms = new Map(
    [...state.rooms].map(([roomId, room]) => {
      const [here, gone] = [room.here.get(id), room.gone.get(id)];
      if (!here && !gone) return [roomId, room];
      return [
        roomId,
        {
          ...room,
          here: here ? new Map(room.here).set(id, change(here)) : room.here,
          gone: gone ? new Map(room.gone).set(id, { ...gone, person: change(gone.person) }) : room.gone,
        },
      ];
    }),
  );
  const peer = state.peers.get(id);
  const peers = peer ? new Map(state.peers).set(id, { ...peer, verified }) : state.peers;
  return { ...state, rooms, peers };
}

/** How things stand at a time, where events were missed. What was said meanwhile is in the history. */
export function reduceSnapshot(state: State, { rooms }: Snapshot, at: number): State {
  const next = new Map(
    [...state.rooms].map(([id, room]) => [id, { ...room, joined: false, here: noOne, talk: unsure(room) }]),
  );
  for (const { room, roomId, self, members, notices } of rooms) {
    const known = next.get(roomId) ?? emptyRoom(room, roomId);
    const entries = notices.reduce((before, text) => withStanding(before, text, at), known.entries);
    next.set(roomId, { ...known, joined: true, self, here: byId(members), entries });
  }
  return { ...state, rooms: next };
}

/** A notice that stands for as long as the node runs is shown once. */
function withStanding(entries: readonly Entry[], text: string, at: number): readonly Entry[] {
  if (entries.some((entry) => entry.type === 'notice' && entry.text === text)) return entries;
  return added(entries, { type: 'notice', id: `standing:${text}`, at, after: null, text });
}

/** What is held of the talk may have a gap now, and nobody is known to be writing. */
const unsure = ({ talk }: RoomState): RoomState['talk'] => ({
  ...talk,
  window: { ...talk.window, stale: true, heard: [] },
  typing: noOne,
});

function reduceRoom(before: RoomState, event: ApiEvent, isRead: boolean): RoomState {
  const talk = reduceTalk(before.talk, event);
  const room = talk === before.talk ? before : { ...before, talk };
  const at = Date.parse(event.time);
  const id = `${event.epoch}:${event.seq}`;
  const place = { id, at, after: newest(room) };
  switch (event.type) {
    case 'joined':
      return { ...room, joined: true, self: event.self, here: byId(event.members) };
    case 'left':
      return { ...room, joined: false, here: noOne, talk: EMPTY_TALK };
    case 'peer-joined':
      return {
        ...room,
        here: new Map(room.here).set(event.peer.id, event.peer),
        gone: without(room.gone, event.peer.id),
        entries: comeOrGone(room.entries, 'joined', place, event.peer),
      };
    case 'peer-left':
      return {
        ...room,
        here: without(room.here, event.peer.id),
        gone: new Map(room.gone).set(event.peer.id, { person: event.peer, at }),
        entries: comeOrGone(room.entries, event.reason, place, event.peer),
      };
    case 'peer-renamed':
      return {
        ...room,
        here: new Map(room.here).set(event.peer.id, event.peer),
        entries: added(room.entries, { ...place, type: 'renamed', person: event.peer, was: event.was }),
      };
    case 'peer-path':
      return {
        ...room,
        entries: added(room.entries, { ...place, type: 'moved', person: event.peer, path: event.path }),
      };
    case 'unread': {
      const { unread, mentions, requests } = event;
      return { ...room, unread, mentions, requests };
    }
    case 'file-offered':
    case 'transfer-changed': {
      if (event.mine && event.shared) return room; // somebody fetches it: nothing was offered
      if (room.entries.some((entry) => entry.id === event.transfer)) return room;
      const { transfer, mine } = event;
      const offers = mine || isRead ? room.offers : room.offers + 1;
      const entries = added(room.entries, { ...place, type: 'file', id: transfer, transfer });
      return { ...room, offers, entries };
    }
    case 'error':
    case 'history-notice':
      return { ...room, entries: added(room.entries, { ...place, type: 'notice', text: event.text }) };
    default:
      return room; // a newer node's
  }
}

/** Transfers after an event: the same map comes back if it is about none. */
function reduceTransfers(transfers: State['transfers'], event: ApiEvent): State['transfers'] {
  const put = (transfer: string, change: Partial<TransferInfo>) => {
    const known = transfers.get(transfer);
    return known ? new Map(transfers).set(transfer, { ...known, ...change }) : transfers;
  };
  switch (event.type) {
    case 'file-offered':
    case 'transfer-changed':
      return new Map(transfers).set(event.transfer, event);
    case 'transfer-progress': {
      const { bytes, total, reused, ratePerSecond, sources, copied } = event;
      // One that came late changes nothing of how it ended.
      const before = transfers.get(event.transfer)?.state ?? 'active';
      const state = before === 'offered' ? 'active' : before;
      return put(event.transfer, { state, bytes, total, reused, ratePerSecond, sources, copied });
    }
    case 'transfer-done':
      return put(event.transfer, { state: 'done', bytes: event.bytes, paths: event.paths, ratePerSecond: 0 });
    case 'transfer-failed':
      return put(event.transfer, { code: event.code, ratePerSecond: 0 });
    default:
      return transfers;
  }
}

/** Lines kept of a room: the oldest fall off. */
const ENTRIES_KEPT = 500;

const added = (entries: readonly Entry[], entry: Entry): readonly Entry[] =>
  [...entries, entry].slice(-ENTRIES_KEPT);

/** The newest message that the page knows of. */
function newest({ talk: { window } }: RoomState): Place | null {
  const last = window.heard?.at(-1) ?? (window.newerLeft ? undefined : window.messages.at(-1));
  return last ? { clock: last.clock, id: last.id } : null;
}

/** People who come, or go, one after the other are one line. */
function comeOrGone(
  entries: readonly Entry[],
  type: 'joined' | 'left' | 'lost',
  place: Pick<Entry, 'id' | 'at' | 'after'>,
  person: Person,
): readonly Entry[] {
  const last = entries.at(-1);
  if (last?.type !== type || (last.after?.id ?? null) !== (place.after?.id ?? null))
    return added(entries, { ...place, type, people: [person] });
  const people = [...last.people.filter((other) => other.id !== person.id), person];
  return [...entries.slice(0, -1), { ...last, people }];
}

const noOne: ReadonlyMap<string, Person> = new Map();

const byId = (people: readonly Person[]) => new Map(people.map((person) => [person.id, person]));

function without<V>(map: ReadonlyMap<string, V>, id: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
