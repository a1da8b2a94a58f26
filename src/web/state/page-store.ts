import type { ApiEvent, Method, Params, Peer, Result, RoomInfo } from '../../daemon/api.js';
import { beginVisit, show } from '../chat/talk.js';
import { type ConnectionEvents, NodeConnection } from '../node/node-connection.js';
import { takeAddress } from '../node/page-key.js';
import { DrawPace } from './draw-pace.js';
import { EMPTY, emptyRoom, type RoomState, type State } from './model.js';
import { reduceEvent, reduceSnapshot } from './reduce-event.js';
import type { Screen } from './screen.js';

const SHOWN = 'chatter-shown-room';

/**
 * What the page shows, and what a person can do. React reads it with `useSyncExternalStore`.
 *
 * 1. The node is the truth: an action asks it, and what is shown changes by what it answers and tells.
 * 2. Listeners hear when `DrawPace` says: at most once a picture, however much comes.
 */
export class PageStore {
  readonly #connection: NodeConnection;
  readonly #listeners = new Set<() => void>();
  readonly #heard = new Set<(event: ApiEvent) => void>();
  #state: State = EMPTY;
  #drawn: State = EMPTY;
  readonly #pace = new DrawPace(() => this.#draw()); // Invariant 2

  constructor() {
    const { code, room } = takeAddress();
    if (room) sessionStorage.setItem(SHOWN, room);
    const events: ConnectionEvents = {
      onState: (link) => {
        this.#set({ ...this.#state, link });
        if (link === 'open') void this.#refresh().catch(() => {}); // lost again: read again when it is back
      },
      onEvents: (events) => {
        for (const event of events) {
          this.#set(reduceEvent(this.#state, event, !document.hidden), 'node');
          if (event.type === 'joined' || event.type === 'left') void this.#refresh().catch(() => {});
          for (const hear of this.#heard) hear(event);
        }
      },
      onSnapshot: (snapshot) => this.#set(reduceSnapshot(this.#state, snapshot, Date.now())),
    };
    this.#connection = new NodeConnection(events, code);
    document.addEventListener('visibilitychange', () => this.#look());
    document.addEventListener('keydown', () => this.#pace.key(), { capture: true });
  }

  readonly subscribe = (fn: () => void): (() => void) => {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  };

  /** Hears every event after the state took it in, for parts that keep a state of their own. */
  readonly listen = (fn: (event: ApiEvent) => void): (() => void) => {
    this.#heard.add(fn);
    return () => this.#heard.delete(fn);
  };

  readonly snapshot = (): State => this.#drawn;

  /** Rejects with RequestError. */
  request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#connection.request(method, params);
  }

  again(): void {
    this.#connection.again();
  }

  /** Joins a room and shows it. Rejects with RequestError: some codes want an answer from the person. */
  async join(params: Params<'join'>): Promise<Result<'join'>> {
    const joined = await this.request('join', params);
    const { room, roomId, self } = joined;
    const known = this.#state.rooms.get(roomId) ?? emptyRoom(room, roomId);
    const here = new Map(joined.people.filter((peer) => !peer.self).map((peer) => [peer.id, peer]));
    this.#set({
      ...this.#state,
      rooms: new Map(this.#state.rooms).set(roomId, { ...known, info: joined, joined: true, self, here }),
    });
    this.show(roomId);
    return joined;
  }

  async rename(name: string): Promise<void> {
    const self = await this.request('rename', { name });
    this.#set({ ...this.#state, self });
  }

  /**
   * Changes what is kept of one room; what the node knows of it is not changed by that. `by` the node: nobody waits to
   * see it.
   */
  change(
    roomId: string,
    change: (room: RoomState) => RoomState,
    { by = 'person' }: { by?: 'person' | 'node' } = {},
  ): void {
    const room = this.#state.rooms.get(roomId);
    const next = room && change(room);
    if (next && next !== room)
      this.#set({ ...this.#state, rooms: new Map(this.#state.rooms).set(roomId, next) }, by);
  }

  /** What is kept of a room now, also where it is not drawn yet. */
  room(roomId: string): RoomState | undefined {
    return this.#state.rooms.get(roomId);
  }

  /** Fills the window with something else; the room that was shown stays the one to come back to. */
  go(screen: Screen): void {
    this.#set({ ...this.#state, screen });
  }

  /** Opens somebody's panel, or closes it. */
  showPerson(person: string | null): void {
    this.#set({ ...this.#state, person });
  }

  /** Opens the search for what was said, or closes it. */
  search(search: State['search']): void {
    this.#set({ ...this.#state, search });
  }

  /** Shows a room that is joined, and all that is said in it. */
  show(roomId: string): void {
    sessionStorage.setItem(SHOWN, roomId);
    this.change(roomId, (room) => (room.talk.direct ? { ...room, talk: show(room.talk, null) } : room));
    this.#set({ ...this.#state, screen: { type: 'room' }, shown: roomId, person: null, peers: new Map() });
    this.#look();
    void this.readPeers();
  }

  /** Leaves a room; what was said in it stays. Rejects with RequestError. */
  async leave(roomId: string): Promise<void> {
    await this.request('leave', { room: roomId });
    if (this.#state.shown === roomId) this.#set({ ...this.#state, shown: null, person: null });
  }

  /** Leaves a room and deletes what is kept of it here. Rejects with RequestError. */
  async forget(roomId: string): Promise<void> {
    await this.request('forget', { room: roomId });
    const rooms = new Map(this.#state.rooms);
    rooms.delete(roomId);
    this.#set({ ...this.#state, rooms });
    if (this.#state.shown === roomId) this.#set({ ...this.#state, shown: null, person: null });
  }

  /** Reads paths and statistics of the people in the room that is shown. */
  async readPeers(): Promise<void> {
    const { shown, rooms } = this.#state;
    if (!shown || !rooms.get(shown)?.joined) return;
    const peers = await this.request('peers', { room: shown }).catch((): Peer[] => []);
    if (this.#state.shown !== shown) return;
    this.#set({ ...this.#state, peers: new Map(peers.map((peer) => [peer.id, peer])) }, 'node');
  }

  async #refresh(): Promise<void> {
    const [self, infos, counts] = await Promise.all([
      this.request('whoami', {}),
      this.request('rooms', {}),
      this.request('unread', {}),
    ]);
    const unread = new Map(counts.map(({ roomId, ...count }) => [roomId, count]));
    const rooms = new Map(this.#state.rooms);
    const listed = new Set(infos.map(({ roomId }) => roomId));
    for (const [id, { joined }] of rooms) if (!joined && !listed.has(id)) rooms.delete(id); // forgotten
    for (const info of infos) {
      const known = rooms.get(info.roomId) ?? emptyRoom(info.room, info.roomId);
      const { room, roomId, joined } = info;
      rooms.set(roomId, { ...known, ...unread.get(roomId), room, info, joined });
    }
    const shown = this.#state.shown ?? lastShown(infos);
    this.#set({ ...this.#state, self, rooms, shown, listed: true });
    void this.readPeers();
    await this.#readTransfers();
  }

  /** What was offered before this tab was there and still waits, or is under way. */
  async #readTransfers(): Promise<void> {
    const waiting = (await this.request('transfers', {})).filter(({ state }) => UNDER_WAY.has(state));
    for (const info of waiting) {
      const event = {
        type: 'transfer-changed',
        epoch: '',
        seq: 0,
        time: new Date().toISOString(),
        ...info,
      } as const;
      this.#set(reduceEvent(this.#state, event, true));
    }
  }

  /** Who looks at a room has seen what is offered in it. What is read of what is said, the timeline knows. */
  #look(): void {
    const { shown } = this.#state;
    if (!shown || document.hidden) return;
    this.change(shown, (room) => ({ ...room, offers: 0, talk: beginVisit(room.talk, room.unread) }));
  }

  #set(state: State, by: 'person' | 'node' = 'person'): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#pace.ask(by);
  }

  #draw(): void {
    this.#drawn = this.#state;
    for (const listener of this.#listeners) listener();
  }
}

const UNDER_WAY: ReadonlySet<string> = new Set(['offered', 'serving', 'active', 'paused']);

/** The room that this tab showed before it was loaded anew, or the first one that one is in. */
function lastShown(infos: readonly RoomInfo[]): string | null {
  const joined = infos.filter((info) => info.joined);
  const last = sessionStorage.getItem(SHOWN);
  return joined.find(({ roomId }) => roomId === last)?.roomId ?? joined[0]?.roomId ?? null;
}
