import { stat } from 'node:fs/promises';
import path from 'node:path';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import { MemoryChatStore } from './chat/memory-chat-store.js';
import { RoomChat } from './chat/room-chat.js';
import { SqliteChats } from './chat/sqlite-chat-store.js';
import { Writers } from './chat/writers.js';
import { type Clock, systemClock } from './clock.js';
import type { Connection } from './connection/connection.js';
import { Network } from './connection/network.js';
import { Counters } from './counters.js';
import { parseAddress } from './discovery/address.js';
import { dialBack } from './discovery/dial-back.js';
import { DirectDiscovery } from './discovery/direct.js';
import { instanceId } from './discovery/instance-id.js';
import { networkLinks } from './discovery/interfaces.js';
import { InternetDiscovery } from './discovery/internet.js';
import { LanDiscovery } from './discovery/lan.js';
import { NetworkWatch } from './discovery/network-watch.js';
import { TcpTransport } from './discovery/tcp-transport.js';
import { diagnose, type Finding } from './doctor/diagnose.js';
import { type ExamineOptions, examine } from './doctor/examine.js';
import { patientOf } from './doctor/patient.js';
import { ChatterError, type ErrorCode } from './errors.js';
import { type AutoAccept, isAcceptedByItself } from './files/auto-accept.js';
import { HashCache } from './files/hash-cache.js';
import { folderNameOf } from './files/names.js';
import { RateCap } from './files/rate-cap.js';
import { RoomFiles } from './files/room-files.js';
import { RoomShares } from './files/room-shares.js';
import { ShareStore } from './files/share-store.js';
import type { Transfer } from './files/transfer.js';
import { TransferStore } from './files/transfer-store.js';
import { findPeople } from './identity/find-people.js';
import { friendlyName } from './identity/friendly-name.js';
import { Identity } from './identity/identity.js';
import { type PeerId, peerTag } from './identity/peer-id.js';
import type { Marks, Trust } from './identity/trust.js';
import { LIMITS } from './limits.js';
import { type Log, silentLog } from './log.js';
import { GuessBudget } from './membership/guess-budget.js';
import { isInvite, newInviteSecret, parseInvite } from './membership/invite.js';
import { Resource } from './resource.js';
import { isLobby, type KnownRoom, KnownRooms, reaching, roomTag } from './room/known-rooms.js';
import { type KnownPerson, People } from './room/people.js';
import { RememberedAddresses } from './room/remembered-addresses.js';
import { type Member, Room } from './room/room.js';
import { openRoom, privateRoom, protectedRoom } from './room/room-kinds.js';
import { Database } from './storage/database.js';
import { checkPreference, type PreferenceKey, Preferences } from './storage/preferences.js';
import { bytesPerSecond } from './storage/rate.js';
import { Settings } from './storage/settings.js';
import { cleanName } from './text.js';

export interface NodePaths {
  identity: string;
  database: string;
}

export interface NodeOptions {
  /** TCP port for LAN and direct peers; 0, the default, draws one at random. */
  listen?: number;
  /** False keeps off the local network; typed addresses still work. Default true. */
  lan?: boolean;
  /** False keeps off the Internet. Default true. */
  internet?: boolean;
  /** Nodes `host:port` by which the DHT is entered; the public ones when left out. */
  bootstrap?: readonly string[];
  /** Of the person: what received files may be read by. Default 022. */
  umask?: number;
  /** Asked once the data folder is locked: true joins nothing by itself, after a node that crashed again and again. */
  safeMode?: () => boolean;
  clock?: Clock;
  log?: Log;
}

export interface JoinRequest {
  /** A name, a `name#tag`, an id, or a text with an invite link in it. */
  room: string;
  passphrase?: string;
  /** The open room of this name, whatever else is known by it. */
  open?: boolean;
  /** Has agreed to join an open room although a protected one of this name is known. */
  openAnyway?: boolean;
  /** The own name in this room. */
  name?: string;
  /** Addresses host:port to dial for this room. */
  peers?: readonly string[];
  /** Where it is looked for from now on; what was chosen before, or anywhere, when left out. */
  reach?: 'here' | 'anywhere';
  /** Throws REACH_NEEDED for an open room that is new here, unless `reach` is given. */
  asksReach?: boolean;
}

export type NodeEvents = {
  /** Listeners hear everything of the room from its first member on. */
  joined: [Room];
  left: [Room];
  /** A member is reached by another way now. */
  path: [{ room: Room; member: Member }];
  /** Something about a room that its people should know. */
  notice: [{ room: Room; code: ErrorCode }];
  /** A member's name looks like that of a person known by another key; told once for each key. */
  lookalike: [{ room: Room; member: Member; known: KnownPerson }];
  /** This person thinks otherwise of somebody now. */
  marked: [KnownPerson];
};

/** Told at most this often about one room. */
const NOTICE_EVERY_MS = 60_000;
const GUESSED_EVERY_MS = 10 * 60_000;

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
  readonly #noticed = new Map<string, number>();
  readonly #uploadCap: RateCap;
  readonly #downloadCap: RateCap;
  #parts: Parts | null = null;
  #safeMode = false;

  constructor(paths: NodePaths, options: NodeOptions = {}) {
    super();
    this.#paths = paths;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
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
    const found = findPeople(ref, candidates);
    const others = found.filter((id) => id !== this.identity.id);
    if (others.length > 1) {
      const [label] = ref.split('#') as [string];
      const refs = others.map((id) => `${label}#${peerTag(id)}`);
      throw new ChatterError('PEER_AMBIGUOUS', {
        message: `Several people bear this name: ${refs.join(', ')}.`,
      });
    }
    if (!others[0]) throw new ChatterError(found.length > 0 ? 'PEER_SELF' : 'PEER_UNKNOWN');
    return others[0];
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
    const found = this.#open.known.find(ref);
    if (found.length > 1) {
      // Where one of them is joined and the others are not, there is no doubt.
      const joined = found.filter(({ keys }) => this.#rooms.has(keys.id));
      if (joined.length === 1) return joined[0] as KnownRoom;
      throw new ChatterError('ROOM_AMBIGUOUS', {
        message: `Several rooms bear this name: ${found.map(roomTag).join(', ')}.`,
      });
    }
    if (!found[0]) throw new ChatterError('ROOM_UNKNOWN');
    return found[0];
  }

  /** The joined room that `ref` means. Throws as `find` does, and ROOM_UNKNOWN if it is not joined. */
  room(ref: string): Room {
    const room = this.#rooms.get(this.find(ref).keys.id);
    if (!room) throw new ChatterError('ROOM_UNKNOWN', { message: 'This room is not joined here.' });
    return room;
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
    const resolved = await this.#resolve(request);
    const known = this.#reaching(resolved, request);
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

  /** Leaves a room and removes what is known of it, and all that was said, from this data folder. */
  async forget(ref: string): Promise<{ known: KnownRoom; messages: number }> {
    const known = this.find(ref);
    if (isLobby(known)) throw new ChatterError('ROOM_LIVE');
    await this.leave(known.keys.id);
    const history = await this.#open.chats.room(known.keys.id);
    const messages = await history.forget();
    await this.#open.known.forget(known.keys.id);
    await history.scrub();
    return { known, messages };
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
    const database = new Database(this.#paths.database);
    this.defer(() => database.close());
    await database.open(); // first, since it is the lock on everything else
    this.#safeMode = this.#options.safeMode?.() ?? false;
    const identity = await Identity.load(this.#paths.identity);
    const settings = await Settings.load(database);
    const known = await KnownRooms.load(database);
    const people = await People.load(database, clock);
    const transfers = await TransferStore.load(database);
    const chats = await SqliteChats.load(database);
    const writers = await Writers.load(settings, await placeOf(this.#paths.database));
    const hashes = await HashCache.load(database, clock);
    this.defer(() => hashes.flush());
    const shares = await ShareStore.load(database);
    const remembered = await RememberedAddresses.load(database, clock);
    const name = (await settings.get('name')) ?? (await firstName(settings));
    const preferences = await Preferences.load(settings);
    await people.remember(preferences.get('remember-people') === 'on');
    this.#limitRates(preferences);
    this.defer(() => {
      this.#uploadCap.close();
      this.#downloadCap.close();
    });

    const keyPair = NoiseSecretStream.keyPair();
    const transport = new TcpTransport(
      { keyPair, clock, log, counters: this.counters },
      { port: this.#options.listen },
    );
    const direct = new DirectDiscovery({ transport, clock });
    const { bootstrap } = this.#options;
    const lan = (this.#options.lan ?? true) ? new LanDiscovery({ transport, clock, log }) : null;
    const internet =
      (this.#options.internet ?? true)
        ? new InternetDiscovery(
            { keyPair, clock, log, counters: this.counters },
            { bootstrap: bootstrap?.map((address) => parseAddress(address)) },
          )
        : null;
    const network = new Network({
      discoveries: [direct, lan, internet].filter((discovery) => discovery !== null),
      dialBack: ({ hosts, ...who }) => dialBack({ transport, lan, clock }, { ...who, claims: hosts }),
      identity,
      transportKey: keyPair.publicKey,
      guesses: new GuessBudget(clock),
      isBlocked: (id) => people.marks(id).blocked,
      clock,
      log,
      counters: this.counters,
    });
    const instance = instanceId(keyPair.publicKey);
    this.#parts = {
      identity,
      settings,
      preferences,
      known,
      people,
      transfers,
      chats,
      writers,
      hashes,
      shares,
      remembered,
      transport,
      direct,
      lan,
      internet,
      network,
      instance,
      name,
    };
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
    network.on('guessed', (keys) => this.#notice(keys.id, 'ROOM_GUESSED', GUESSED_EVERY_MS));
    network.on('full', (rooms) => {
      for (const id of rooms) this.#notice(id, 'ROOM_FULL');
    });
    if (!this.#safeMode) await this.#rejoin();
  }

  get #open(): Parts {
    if (!this.#parts || this.closing) throw new ChatterError('CLOSED');
    return this.#parts;
  }

  async #rejoin(): Promise<void> {
    for (const room of this.#open.known.all) {
      // The lobby is of the network that one is in, so it is joined on purpose each time.
      if (room.joined && !isLobby(room)) await this.#enter(room);
    }
  }

  /** The room that a request means, known or new. */
  async #resolve(request: JoinRequest): Promise<KnownRoom> {
    const { known } = this.#open;
    const { room: ref, passphrase } = request;
    if (isInvite(ref)) {
      const { secret, label } = parseInvite(ref);
      const fresh = privateRoom(secret, cleanName(label) ?? 'private');
      return known.get(fresh.keys.id) ?? fresh;
    }
    if (passphrase !== undefined) {
      const fresh = await protectedRoom(ref, passphrase);
      return known.get(fresh.keys.id) ?? fresh;
    }
    const found = known.find(ref);
    if (!request.open && found.length > 0) return this.find(ref);
    const others = found.filter(({ seed }) => seed.tier !== 'open');
    if (others.length > 0 && !request.openAnyway) {
      throw new ChatterError('ROOM_NAME_TAKEN');
    }
    const open = found.find(({ seed }) => seed.tier === 'open');
    return open ?? (await openRoom(ref));
  }

  #reaching(room: KnownRoom, { reach, asksReach }: JoinRequest): KnownRoom {
    if (reach === 'anywhere' && isLobby(room)) {
      throw new ChatterError('USAGE', { message: 'The lobby is of this network alone.' });
    }
    const isNew = this.#open.known.get(room.keys.id) === undefined;
    const usual = this.#open.preferences.get('reach');
    if (reach === undefined) {
      if (isNew && usual === 'here') return reaching(room, true);
      if (asksReach && isNew && usual === 'ask' && room.seed.tier === 'open' && !isLobby(room))
        throw new ChatterError('REACH_NEEDED');
      return room;
    }
    return reaching(room, reach === 'here');
  }

  /** Two joins of one room at once end in one room. */
  #enter(known: KnownRoom): Promise<Room> {
    const { id } = known.keys;
    const joining = this.#joining.get(id) ?? this.#enterOnce(known).finally(() => this.#joining.delete(id));
    this.#joining.set(id, joining);
    return joining;
  }

  async #enterOnce(known: KnownRoom): Promise<Room> {
    const { keys, label } = known;
    const { identity, instance, network, transport } = this.#open;
    await this.#open.known.put(known);
    const joined = this.#rooms.get(keys.id);
    if (joined) return joined;
    if (this.#rooms.size >= LIMITS.rooms) throw new ChatterError('ROOM_LIMIT');
    await transport.open();
    const self = { id: identity.id, instance, name: known.ownName ?? this.name };
    const files = new RoomFiles({
      roomId: keys.id,
      self: identity.id,
      signer: identity,
      store: this.#open.transfers,
      cache: this.#open.hashes,
      uploadCap: this.#uploadCap,
      downloadCap: this.#downloadCap,
      clock: this.#clock,
      live: isLobby(known),
      umask: this.#options.umask,
    });
    const chat = new RoomChat({
      roomId: keys.id,
      self: identity,
      store: isLobby(known)
        ? new MemoryChatStore({ messages: LIMITS.lobbyMessages })
        : await this.#open.chats.room(keys.id),
      writers: this.#open.writers,
      clock: this.#clock,
      names: () => [this.#rooms.get(keys.id)?.name ?? self.name],
      trust: this.#open.people,
      live: isLobby(known),
      keep: known.seed.tier === 'open' ? '30d' : 'forever',
    });
    const isBusy = () =>
      [...this.#rooms.values()].some(({ keys: { id }, call }) => id !== keys.id && call.joined);
    const shares = new RoomShares({
      roomId: keys.id,
      self: identity.id,
      store: this.#open.shares,
      cache: this.#open.hashes,
      clock: this.#clock,
      files,
      dataFolder: path.dirname(this.#paths.database),
    });
    const room: Room = new Room({ keys, label, self, clock: this.#clock, files, shares, chat, isBusy });
    await room.open();
    this.#rooms.set(keys.id, room);
    this.emit('joined', room);
    room.on('member-joined', (member) => this.#meet(room, member));
    room.on('member-renamed', ({ member }) => this.#meet(room, member));
    room.on('full', () => this.#notice(keys.id, 'ROOM_FULL'));
    files.on('offered', (transfer) => this.#acceptByItself(room, transfer));
    network.join(keys);
    await this.#redial(room);
    return room;
  }

  /** Takes what this person takes without asking; if the disk does not, it stays an offer. */
  #acceptByItself(room: Room, transfer: Transfer): void {
    const author = this.#open.people.marks(transfer.author);
    if (!isAcceptedByItself(transfer, this.preference('auto-accept') as AutoAccept, author)) return;
    room.files.accept(transfer.id, { out: this.downloadsOf(room) }).catch((err: unknown) => {
      this.#options.log?.warn('offer-not-taken', { cause: ChatterError.from(err).code });
    });
  }

  #limitRates(preferences: Preferences): void {
    this.#uploadCap.set(bytesPerSecond(preferences.get('upload-limit')));
    this.#downloadCap.set(bytesPerSecond(preferences.get('download-limit')));
  }

  /** Keeps where somebody listens: the address that was dialled, since one that came in has a port of the moment. */
  #remember(room: Room, { id: peer, link: { isInitiator, carrier, path, address } }: Connection): void {
    if (!isInitiator || carrier !== 'tcp' || isLobby({ seed: room.keys, label: room.label })) return;
    this.#open.remembered.met(room.keys.id, { peer, address, lan: path === 'lan' }).catch((err: unknown) => {
      this.#options.log?.warn('address-not-kept', { cause: ChatterError.from(err).code });
    });
  }

  /** Tries the addresses at which people of this room were met, with this room's greeting alone. */
  async #redial(room: Room): Promise<void> {
    const { direct, remembered } = this.#open;
    for (const { peer, address, lan } of await remembered.of(room.keys.id)) {
      const parsed = parseAddress(address);
      direct.addRemembered(parsed, room.keys.id, () => {
        if (room.members.some(({ id }) => id === peer)) return false;
        return !lan || networkLinks().some((link) => !link.loopback && link.contains(parsed.host));
      });
    }
  }

  async #exit(id: string): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#rooms.delete(id);
    this.#parts?.network.leave(id);
    await room.close();
    this.emit('left', room);
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

  #notice(roomId: string, code: ErrorCode, everyMs = NOTICE_EVERY_MS): void {
    const room = this.#rooms.get(roomId);
    const key = `${roomId} ${code}`;
    const now = this.#clock.now();
    const last = this.#noticed.get(key);
    if (!room || (last !== undefined && now - last < everyMs)) return;
    this.#noticed.set(key, now);
    this.emit('notice', { room, code });
  }

  #checkedName(name: string): string {
    const cleaned = cleanName(name);
    if (!cleaned) throw new ChatterError('NAME_INVALID');
    return cleaned;
  }
}

interface Parts {
  identity: Identity;
  settings: Settings;
  preferences: Preferences;
  known: KnownRooms;
  people: People;
  transfers: TransferStore;
  chats: SqliteChats;
  writers: Writers;
  hashes: HashCache;
  shares: ShareStore;
  remembered: RememberedAddresses;
  transport: TcpTransport;
  direct: DirectDiscovery;
  lan: LanDiscovery | null;
  internet: InternetDiscovery | null;
  network: Network;
  instance: string;
  name: string;
}

async function firstName(settings: Settings): Promise<string> {
  const name = friendlyName();
  await settings.set('name', name);
  return name;
}

/** Where a file lies, such that no copy of it lies there too. */
async function placeOf(file: string): Promise<string> {
  const { dev, ino, birthtimeMs } = await stat(file, { bigint: true });
  return `${dev} ${ino} ${birthtimeMs}`;
}
