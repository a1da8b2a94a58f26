import path from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { Connection } from '../connection/connection.js';
import { Counters } from '../counters.js';
import { parseAddress } from '../discovery/address.js';
import { NetworkWatch } from '../discovery/network-watch.js';
import { diagnose } from '../doctor/diagnose.js';
import { type ExamineOptions, examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { patientOf } from '../doctor/patient.js';
import { ChatterError, type ErrorCode } from '../errors.js';
import { type AutoAccept, isAcceptedByItself } from '../files/auto-accept.js';
import { folderNameOf } from '../files/names.js';
import { RateCap } from '../files/rate-cap.js';
import type { Transfer } from '../files/transfer.js';
import { friendlyName } from '../identity/friendly-name.js';
import type { Identity } from '../identity/identity.js';
import type { PeerId } from '../identity/peer-id.js';
import type { Marks, Trust } from '../identity/trust.js';
import { LIMITS } from '../limits.js';
import { silentLog } from '../log.js';
import { newInviteSecret } from '../membership/invite.js';
import { Resource } from '../resource.js';
import { isLobby, type KnownRoom } from '../room/known-rooms.js';
import type { KnownPerson } from '../room/people.js';
import type { Member, Room } from '../room/room.js';
import { privateRoom } from '../room/room-kinds.js';
import { checkPreference, type PreferenceKey, type Preferences } from '../storage/preferences.js';
import { bytesPerSecond } from '../storage/rate.js';
import { cleanName } from '../text.js';
import { assembleChat, assembleRoom } from './assemble-room.js';
import { choosePerson } from './choose-person.js';
import { chooseReach, chooseRoom, findRoom, type JoinRequest } from './choose-room.js';
import { KeptTalks, type Talk } from './kept-talks.js';
import { Notices } from './notices.js';
import type { NodeOptions, NodePaths } from './options.js';
import { type Mended, openStores, type Stores } from './stores.js';
import { makeWays, type Ways } from './ways.js';
import { redial, rememberWhereabouts } from './whereabouts.js';

export type NodeEvents = {
  /** Listeners hear everything of the room from its first member on. */
  joined: [Room];
  left: [{ room: Room; forgotten: boolean }];
  /** A member is reached by another way now. */
  path: [{ room: Room; member: Member }];
  /** Something about a room that its people should know. */
  notice: [{ room: Room; code: ErrorCode }];
  /** A member's name looks like that of a person known by another key; told once for each key. */
  lookalike: [{ room: Room; member: Member; known: KnownPerson }];
  /** This person thinks otherwise of somebody now. */
  marked: [KnownPerson];
};

/**
 * One person's end of all their rooms: identity, storage, network and rooms put together. Nothing is announced,
 * asked or listened on before the first `join`.
 */
export class ChatterNode extends Resource<NodeEvents> {
  readonly counters = new Counters();
  readonly #paths: NodePaths;
  readonly #options: NodeOptions;
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Room>();
  readonly #joining = new Map<string, Promise<Room>>();
  readonly #notices: Notices;
  readonly #uploadCap: RateCap;
  readonly #downloadCap: RateCap;
  #parts: (Stores & Ways) | null = null;
  readonly #kept = new KeptTalks((known) =>
    assembleChat(known, {
      stores: this.#open,
      clock: this.#clock,
      ownName: () => known.ownName ?? this.name,
    }),
  );
  #safeMode = false;
  #mended: Mended = { history: false, folder: false };

  constructor(paths: NodePaths, options: NodeOptions = {}) {
    super();
    this.#paths = paths;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#notices = new Notices(this.#clock);
    this.#uploadCap = new RateCap(this.#clock);
    this.#downloadCap = new RateCap(this.#clock);
  }

  get identity(): Identity {
    return this.#open.identity;
  }

  /** The display name in rooms that have none of their own. */
  get name(): string {
    return this.#open.name;
  }

  /** True if nothing was joined by itself at the start. */
  get safeMode(): boolean {
    return this.#safeMode;
  }

  /** What the disk had damaged in a room, or in the data folder that it is of. */
  damageOf({ chat }: Room): ErrorCode[] {
    return [
      ...(this.#mended.folder ? (['FOLDER_MENDED'] as const) : []),
      ...(chat.damaged ? (['HISTORY_DAMAGED'] as const) : []),
    ];
  }

  /** Port of the TCP listener; null before the first join. */
  get lanPort(): number | null {
    return this.#parts?.transport.port ?? null;
  }

  /** Rooms joined now, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** True while files are on their way, to here or from here. */
  get busy(): boolean {
    return [...this.#rooms.values()].some(({ files }) => files.busy);
  }

  get known(): readonly KnownRoom[] {
    return this.#open.known.all;
  }

  /** Who is known here, and what is thought of them. */
  get trust(): Trust {
    if (!this.#parts) throw new ChatterError('CLOSED');
    return this.#parts.people; // also while it closes: the last events are about people too
  }

  /** A verified person whose name this unverified one's looks like. */
  resembled(id: PeerId, name: string): KnownPerson | null {
    return this.#open.people.resembled(id, name);
  }

  /** Everybody who was met or marked; whoever was seen last comes first. */
  get people(): readonly KnownPerson[] {
    return this.#open.people.all;
  }

  /** The one other person that `ref` means (`personId`), as far as they are known. */
  person(ref: string): KnownPerson {
    const id = this.personId(ref);
    return this.#open.people.get(id) ?? this.#open.people.stranger(id, this.#namesHere().get(id)?.[0]);
  }

  /** Marks the one person that `ref` means (`personId`) and acts on it at once. Nobody is told. */
  async mark(ref: string, change: Partial<Marks>): Promise<KnownPerson> {
    const { people, network } = this.#open;
    const id = this.personId(ref);
    const was = people.marks(id);
    const marking = people.mark(this.person(id), change);
    const { blocked } = people.marks(id); // it holds from here on, even if the disk fails
    if (blocked && !was.blocked) network.refuse(id);
    if (!blocked && was.blocked) network.readmit();
    const marked = await marking;
    await Promise.all([...this.#rooms.values()].map(({ chat }) => chat.marksChanged()));
    this.emit('marked', marked);
    return marked;
  }

  /**
   * The one other person that `ref` means: an id, `name#tag`, `#tag`, or a name that somebody who is here bears, or that somebody known bore.
   * Throws PEER_UNKNOWN, PEER_AMBIGUOUS, and PEER_SELF for oneself.
   */
  personId(ref: string): PeerId {
    const names = this.#namesHere();
    for (const { id, names: known } of this.people) if (!names.has(id)) names.set(id, [...known]);
    names.set(this.identity.id, [this.name]);
    const candidates = [...names].map(([id, borne]) => ({ id, names: borne }));
    return choosePerson(ref, candidates, this.identity.id);
  }

  /** The setting stored under `key`; null if there is none. */
  setting(key: string): Promise<string | null> {
    return this.#open.settings.get(key);
  }

  setSetting(key: string, value: string): Promise<void> {
    return this.#open.settings.set(key, value);
  }

  /** What is set for a key, or holds otherwise. */
  preference(key: PreferenceKey): string {
    return key === 'name' ? this.name : this.#open.preferences.get(key);
  }

  /** Sets a preference, which is in force at once; null is its default. Throws SETTING_UNKNOWN and SETTING_INVALID. */
  async prefer(ref: string, wanted: string | null): Promise<PreferenceKey> {
    const { preferences, people } = this.#open;
    const [key, value] = checkPreference(ref, wanted);
    if (key === 'name') await this.rename(value ?? friendlyName());
    else await preferences.set(key, value);
    if (key === 'remember-people') await people.remember(preferences.get(key) === 'on');
    this.#limitRates(preferences);
    return key;
  }

  /** The folder for what is received in a room. */
  downloadsOf({ label }: Room): string {
    return path.join(this.preference('downloads'), folderNameOf(label));
  }

  /** The one known room that `ref` means. Throws ROOM_UNKNOWN, ROOM_AMBIGUOUS or INVITE_INVALID. */
  find(ref: string): KnownRoom {
    return findRoom(this.#open.known, ref, (id) => this.#rooms.has(id));
  }

  /** The joined room that `ref` means. Throws as `find` does, and ROOM_UNKNOWN if it is not joined. */
  room(ref: string): Room {
    const room = this.#rooms.get(this.find(ref).keys.id);
    if (!room) throw new ChatterError('ROOM_UNKNOWN', { message: 'This room is not joined here.' });
    return room;
  }

  /** What was said in the one known room that `ref` means, joined or not. Throws as `find` does. */
  async talk(ref: string): Promise<Talk> {
    const known = this.find(ref);
    const room = this.#rooms.get(known.keys.id) ?? (await this.#joining.get(known.keys.id));
    if (room) return room;
    if (isLobby(known)) throw new ChatterError('ROOM_UNKNOWN', { message: 'The lobby is not joined here.' });
    return this.#kept.of(known, known.ownName ?? this.name);
  }

  /** Whether `ref` means any known room. Throws INVITE_INVALID. */
  knows(ref: string): boolean {
    return this.#open.known.find(ref).length > 0;
  }

  /** The own name in a known room. */
  nameIn(ref: string): string {
    return this.find(ref).ownName ?? this.name;
  }

  /** Joins a room, or finds it joined. */
  async join(request: JoinRequest): Promise<Room> {
    const addresses = (request.peers ?? []).map((address) => parseAddress(address));
    const ownName = request.name === undefined ? undefined : this.#checkedName(request.name);
    const resolved = await chooseRoom(this.#open.known, request, (id) => this.#rooms.has(id));
    const known = chooseReach(resolved, request, {
      isNew: this.#open.known.get(resolved.keys.id) === undefined,
      usual: this.#open.preferences.get('reach'),
    });
    const room = await this.#enter({ ...known, joined: true, ownName: ownName ?? known.ownName });
    if (known.keys.lanOnly !== resolved.keys.lanOnly) this.#open.network.reach(known.keys);
    if (ownName) room.rename(ownName);
    for (const address of addresses) this.#open.direct.add(address, known.keys.id);
    return room;
  }

  /** Leaves a room: it is not joined again at the next start; what is known of it stays. */
  async leave(ref: string): Promise<KnownRoom> {
    const known = { ...this.find(ref), joined: false };
    await this.#open.known.put(known);
    await this.#exit(known.keys.id);
    return known;
  }

  /** Leaves a room and removes what is known of it, all that was said and offered, from this data folder. */
  async forget(ref: string): Promise<{ known: KnownRoom; messages: number }> {
    const known = this.find(ref);
    if (isLobby(known)) throw new ChatterError('ROOM_LIVE');
    const { id } = known.keys;
    const { chats, transfers, shares, known: rooms } = this.#open;
    await this.#exit(id, true);
    await this.#kept.release(id);
    await transfers.forget(id);
    await shares.forget(id);
    const history = await chats.room(id);
    const messages = await history.forget();
    await rooms.forget(id);
    await history.scrub();
    return { known, messages };
  }

  /** Forgets the second record of the key and every room; what cannot be removed of one keeps no other. */
  async forgetAll(): Promise<void> {
    this.#open.spare.remove();
    for (const { keys, label, seed } of this.known) {
      if (isLobby({ label, seed })) await this.#exit(keys.id);
      else
        await this.forget(keys.id).catch((err: unknown) =>
          this.#options.log?.warn('room-not-forgotten', { cause: ChatterError.from(err).code }),
        );
    }
  }

  /** Makes a private room with a fresh secret; nobody is told and it is not joined. */
  async create(label: string): Promise<KnownRoom> {
    const room = privateRoom(newInviteSecret(), this.#checkedName(label));
    await this.#open.known.put(room);
    return room;
  }

  /** Finds out what keeps people from being found, in up to ten seconds. Asks the networks, and announces nothing. */
  async examine(options: ExamineOptions = {}): Promise<Finding[]> {
    const { network, transport, lan, internet, remembered } = this.#open;
    const rooms = [...this.#rooms.keys()];
    const patient = patientOf({
      network,
      transport,
      lan,
      internet,
      ownBootstrap: this.#options.bootstrap !== undefined,
      rooms: rooms.length,
      remembered: async () => {
        const met = await Promise.all(rooms.map((id) => remembered.of(id)));
        return met.flat().flatMap(({ address, lan }) => (lan ? [parseAddress(address)] : []));
      },
    });
    const deps = { clock: this.#clock, log: this.#options.log ?? silentLog };
    return diagnose(await examine(deps, patient, options));
  }

  /** Sets the display name everywhere (but where a room has its own) or in one room. Throws NAME_INVALID. */
  async rename(name: string, ref?: string): Promise<void> {
    const cleaned = this.#checkedName(name);
    const { known, settings } = this.#open;
    if (ref !== undefined) {
      const room = { ...this.find(ref), ownName: cleaned };
      await known.put(room);
      this.#rooms.get(room.keys.id)?.rename(cleaned);
      return;
    }
    await settings.set('name', cleaned);
    this.#open.name = cleaned;
    for (const room of this.#rooms.values()) if (!known.get(room.keys.id)?.ownName) room.rename(cleaned);
  }

  protected async _open(): Promise<void> {
    const log = this.#options.log ?? silentLog;
    const clock = this.#clock;
    const { mended, ...stores } = await openStores(this.#paths, clock, {
      defer: (fn) => this.defer(fn),
      log,
      damaged: () => this.#tellDamaged(),
    });
    this.#mended = mended;
    this.#safeMode = this.#options.safeMode?.() ?? false;
    this.#limitRates(stores.preferences);
    this.defer(() => {
      this.#uploadCap.close();
      this.#downloadCap.close();
    });
    const ways = makeWays(stores, this.#options, { clock, log, counters: this.counters });
    const { transport, network } = ways;
    this.#parts = { ...stores, ...ways };
    this.defer(() => transport.close());
    await network.open();
    this.defer(() => network.close());
    const watch = new NetworkWatch({ clock });
    watch.on('change', ({ woke, added, removed }) => {
      log.info('network-change', { woke, added: added.length, removed: removed.length });
      network.refresh();
    });
    await watch.open();
    this.defer(() => watch.close());
    this.defer(() => this.#kept.close());
    this.defer(() => Promise.all([...this.#rooms.keys()].map((id) => this.#exit(id))));
    network.on('session', (session) => {
      const room = this.#rooms.get(session.roomId);
      if (!room) return session.end('left');
      room.add(session);
      const connection = network.connections.get(session.peer.instance);
      if (connection) this.#remember(room, connection);
    });
    network.on('path', (connection) => this.#onPath(connection));
    network.on('wrong-secret', (keys) => this.#notice(keys.id, 'PASSPHRASE_WRONG'));
    network.on('guessed', (keys) => this.#notice(keys.id, 'ROOM_GUESSED'));
    network.on('full', (rooms) => {
      for (const id of rooms) this.#notice(id, 'ROOM_FULL');
    });
    if (!this.#safeMode) await this.#rejoin();
  }

  /** A history is other than it was written: whoever is in a room hears it, now or on coming. */
  #tellDamaged(): void {
    this.#mended = { ...this.#mended, history: true };
    for (const { chat } of this.#rooms.values()) if (!chat.live) chat.tellDamaged();
  }

  get #open(): Stores & Ways {
    if (!this.#parts || this.closing) throw new ChatterError('CLOSED');
    return this.#parts;
  }

  async #rejoin(): Promise<void> {
    for (const room of this.#open.known.all) {
      // The lobby is of the network that one is in, so it is joined on purpose each time.
      if (room.joined && !isLobby(room)) await this.#enter(room);
    }
  }

  /** Two joins of one room at once end in one room. */
  #enter(known: KnownRoom): Promise<Room> {
    const { id } = known.keys;
    const joining = this.#joining.get(id) ?? this.#enterOnce(known).finally(() => this.#joining.delete(id));
    this.#joining.set(id, joining);
    return joining;
  }

  async #enterOnce(known: KnownRoom): Promise<Room> {
    const { keys } = known;
    const { direct, network, remembered, transport } = this.#open;
    await this.#open.known.put(known);
    const joined = this.#rooms.get(keys.id);
    if (joined) return joined;
    if (this.#rooms.size >= LIMITS.rooms) throw new ChatterError('ROOM_LIMIT');
    await transport.open();
    await this.#kept.release(keys.id);
    const room = await assembleRoom(known, {
      stores: this.#open,
      instance: this.#open.instance,
      uploadCap: this.#uploadCap,
      downloadCap: this.#downloadCap,
      dataFolder: path.dirname(this.#paths.database),
      umask: this.#options.umask,
      clock: this.#clock,
      ownName: () => this.#rooms.get(keys.id)?.name ?? known.ownName ?? this.name,
      isBusy: () => [...this.#rooms.values()].some(({ keys: { id }, call }) => id !== keys.id && call.joined),
    });
    await room.open();
    this.#rooms.set(keys.id, room);
    this.emit('joined', room);
    if (this.#mended.history && !room.chat.live) room.chat.tellDamaged();
    room.on('member-joined', (member) => this.#meet(room, member));
    room.on('member-renamed', ({ member }) => this.#meet(room, member));
    room.on('full', () => this.#notice(keys.id, 'ROOM_FULL'));
    room.files.on('offered', (transfer) => this.#acceptByItself(room, transfer));
    network.join(keys);
    await redial(remembered, direct, room);
    return room;
  }

  /** Takes what this person takes without asking; if the disk does not, it stays an offer. */
  #acceptByItself(room: Room, transfer: Transfer): void {
    const author = this.#open.people.marks(transfer.author);
    if (!isAcceptedByItself(transfer, this.preference('auto-accept') as AutoAccept, author)) return;
    room.files.accept(transfer.id, { out: this.downloadsOf(room), unasked: true }).catch((err: unknown) => {
      this.#options.log?.warn('offer-not-taken', { cause: ChatterError.from(err).code });
    });
  }

  #limitRates(preferences: Preferences): void {
    this.#uploadCap.set(bytesPerSecond(preferences.get('upload-limit')));
    this.#downloadCap.set(bytesPerSecond(preferences.get('download-limit')));
  }

  #remember(room: Room, connection: Connection): void {
    rememberWhereabouts(this.#open.remembered, room, connection).catch((err: unknown) => {
      this.#options.log?.warn('address-not-kept', { cause: ChatterError.from(err).code });
    });
  }

  async #exit(id: string, forgotten = false): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    this.#notices.forget(id);
    this.#parts?.network.leave(id);
    await room.close();
    this.emit('left', { room, forgotten });
  }

  /** Somebody is here under this name: remembers them, unless it is in the lobby, and tells of a name known otherwise. */
  #meet(room: Room, member: Member): void {
    if (this.closing) return;
    const { people } = this.#open;
    const known = people.alike(member.id, member.name);
    if (known) this.emit('lookalike', { room, member, known });
    if (isLobby({ seed: room.keys, label: room.label })) return;
    people.seen(member.id, member.name).catch((err: unknown) => {
      this.#options.log?.warn('person-not-kept', { cause: ChatterError.from(err).code });
    });
  }

  /** The names that people who are here bear, by id: one may bear several in as many rooms. */
  #namesHere(): Map<PeerId, string[]> {
    const names = new Map<PeerId, string[]>();
    for (const room of this.#rooms.values())
      for (const { id, name } of room.members) names.set(id, [...(names.get(id) ?? []), name]);
    return names;
  }

  #onPath(connection: Connection): void {
    for (const roomId of connection.sessions.keys()) {
      const room = this.#rooms.get(roomId);
      const member = room?.members.find(({ peers }) => peers.includes(connection));
      if (room) this.#remember(room, connection);
      if (room && member) this.emit('path', { room, member });
    }
  }

  #notice(roomId: string, code: ErrorCode): void {
    const room = this.#rooms.get(roomId);
    if (room && this.#notices.due(roomId, code)) this.emit('notice', { room, code });
  }

  #checkedName(name: string): string {
    const cleaned = cleanName(name);
    if (!cleaned) throw new ChatterError('NAME_INVALID');
    return cleaned;
  }
}
