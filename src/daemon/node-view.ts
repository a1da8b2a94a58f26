import { ERRORS, type ErrorCode } from '../errors.js';
import type { Transfer } from '../files/transfer.js';
import { ownSafetyNumber } from '../identity/safety-number.js';
import { inviteLink, inviteSentence, nameSentence } from '../membership/invite.js';
import { LOBBY } from '../membership/room-name.js';
import type { ChatterNode } from '../node/node.js';
import type { KnownRoom } from '../room/known-rooms.js';
import type { Member, Room } from '../room/room.js';
import { PREFERENCES, type PreferenceKey } from '../storage/preferences.js';
import type { EventBody, Instance, Params, Peer, Person, Result, RoomInfo, Snapshot } from './api.js';
import type { ApiNode, ChatMethod } from './api-node.js';
import { backUp } from './backup.js';
import { CallView } from './call-view.js';
import { ChatView, countsOf } from './chat-view.js';
import { DoctorView } from './doctor-view.js';
import type { FileBodySource } from './file-bodies.js';
import { FilesView } from './files-view.js';
import { lookalikeSentence, PersonView } from './person-view.js';
import { SharesView } from './shares-view.js';

/** A node as the API shows it: rooms, people and events as plain objects of `api.ts`. */
export class NodeView implements ApiNode {
  readonly #node: ChatterNode;
  readonly #personView: PersonView;
  readonly #files: FilesView;
  readonly #chat: ChatView;
  readonly calling: CallView;
  readonly #doctor: DoctorView;
  readonly #shares: SharesView;
  #listener: (event: EventBody) => void = () => {};

  /** `uploads` is the folder for copies of what programs hand over. */
  constructor(node: ChatterNode, uploads: string) {
    this.#node = node;
    this.#personView = new PersonView(node);
    this.#doctor = new DoctorView(node);
    this.calling = new CallView(
      node,
      (id, name) => this.#personView.person(id, name),
      (event) => this.#tell(event),
    );
    this.#files = new FilesView(
      node,
      uploads,
      (id, name) => this.#personView.person(id, name),
      (event) => this.#tell(event),
    );
    this.#chat = new ChatView(
      node,
      (id, name) => this.#personView.person(id, name),
      (event) => this.#tell(event),
    );
    this.#shares = new SharesView(node, this.#files, (event) => this.#tell(event));
    node.on('joined', (room) => this.#watch(room));
    node.on('left', ({ room, forgotten }) =>
      this.#tell({ type: 'left', ...roomRef(room), ...(forgotten ? { forgotten } : {}) }),
    );
    node.on('path', ({ room, member }) =>
      this.#tell({
        type: 'peer-path',
        ...roomRef(room),
        peer: this.#person(member),
        path: member.peers[0]?.path ?? null,
      }),
    );
    node.on('notice', ({ room, code }) => this.#notice(room, code));
    node.on('lookalike', ({ room, member, known: other }) => {
      const [peer, known] = [this.#person(member), this.#personView.known(other)];
      const text = lookalikeSentence(peer, known);
      this.#tell({ type: 'peer-lookalike', ...roomRef(room), peer, known, text });
    });
    node.on('marked', (person) => this.#tell({ type: 'peer-marked', peer: this.#personView.known(person) }));
  }

  onEvent(fn: (event: EventBody) => void): void {
    this.#listener = fn;
    // Rooms that were joined while the node opened are news to this listener too.
    for (const room of this.#node.rooms.values()) {
      this.#watch(room);
      this.#chat.tellDamage(room);
    }
  }

  status(): ReturnType<ApiNode['status']> {
    return {
      lanPort: this.#node.lanPort,
      safeMode: this.#node.safeMode,
      counters: this.#node.counters.snapshot(),
      blocked: this.#personView.blocked(),
      rooms: [...this.#node.rooms.values()].map((room) => ({
        name: room.label,
        id: room.keys.id,
        members: room.members.length + 1,
      })),
    };
  }

  whoami(): Result<'whoami'> {
    const { id } = this.#node.identity;
    return { ...this.#personView.person(id, this.#node.name), safetyNumber: ownSafetyNumber(id) };
  }

  async rename({ name, room }: Params<'rename'>): Promise<Result<'rename'>> {
    await this.#node.rename(name, room);
    const self = this.whoami();
    return room === undefined ? self : { ...self, name: this.#node.nameIn(room) };
  }

  async rooms(): Promise<Result<'rooms'>> {
    const rooms: Result<'rooms'> = [];
    for (const known of this.#node.known)
      rooms.push({ ...this.#info(known), ...(await this.#chat.standing(known.keys.id)) });
    return rooms;
  }

  async join(params: Params<'join'>): Promise<Result<'join'>> {
    const isNew = !this.#node.knows(params.room);
    const room = await this.#node.join(params);
    const info = this.#info(this.#node.find(room.keys.id));
    const notices =
      isNew && params.reach === undefined && info.kind === 'open' && room.label !== LOBBY
        ? [openNotice(info)]
        : [];
    const standing = await this.#chat.standing(info.roomId);
    const [self, people] = [this.#self(room), this.#people(room)];
    return { ...info, ...standing, self, people, notices: [...notices, ...this.#damage(room)] };
  }

  async leave({ room }: Params<'leave'>): Promise<Result<'leave'>> {
    return this.#info(await this.#node.leave(room));
  }

  peers({ room }: Params<'peers'>): Result<'peers'> {
    return this.#people(this.#node.room(room));
  }

  invite({ room }: Params<'invite'>): Result<'invite'> {
    return this.#invite(this.#node.find(room));
  }

  async create({ label }: Params<'create'>): Promise<Result<'create'>> {
    return this.#invite(await this.#node.create(label ?? 'private'));
  }

  chat<M extends ChatMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#chat.answer(method, params);
  }

  people(): Result<'people'> {
    return this.#personView.all();
  }

  person({ person }: Params<'person'>): Result<'person'> {
    return this.#personView.compared(person);
  }

  async mark({ person, ...marks }: Params<'mark'>): Promise<Result<'mark'>> {
    return this.#personView.known(await this.#node.mark(person, marks));
  }

  settings(): Result<'settings'> {
    return (Object.keys(PREFERENCES) as PreferenceKey[]).map((key) => this.#setting(key));
  }

  async set({ key, value }: Params<'set'>): Promise<Result<'set'>> {
    return this.#setting(await this.#node.prefer(key, value));
  }

  async backup({ passphrase }: Params<'backup'>): Promise<Result<'backup'>> {
    return { sealed: await backUp(this.#node, passphrase) };
  }

  send(params: Params<'send'>): Promise<Result<'send'>> {
    return this.#files.send(params);
  }

  upload(params: Params<'upload'>): Promise<Result<'upload'>> {
    return this.#files.upload(params);
  }

  /** Throws TRANSFER_UNKNOWN. */
  transfer(ref: string): Transfer {
    return this.#files.transfer(ref);
  }

  get bodies(): FileBodySource {
    return this.#files.bodies;
  }

  transfers(params: Params<'transfers'>): Result<'transfers'> {
    return this.#files.transfers(params);
  }

  accept(params: Params<'accept'>): Promise<Result<'accept'>> {
    return this.#files.accept(params);
  }

  decline(params: Params<'decline'>): Promise<Result<'decline'>> {
    return this.#files.change('decline', params);
  }

  pause(params: Params<'pause'>): Promise<Result<'pause'>> {
    return this.#files.change('pause', params);
  }

  resume(params: Params<'resume'>): Promise<Result<'resume'>> {
    return this.#files.change('resume', params);
  }

  cancel(params: Params<'cancel'>): Promise<Result<'cancel'>> {
    return this.#files.change('cancel', params);
  }

  withdraw(params: Params<'withdraw'>): Promise<Result<'withdraw'>> {
    return this.#files.change('withdraw', params);
  }

  doctor(params: Params<'doctor'>): Promise<Result<'doctor'>> {
    return this.#doctor.examine(params);
  }

  calls(params: Params<'calls'>): Result<'calls'> {
    return this.calling.calls(params);
  }

  'call-tracks'(params: Params<'call-tracks'>): Result<'call-tracks'> {
    return this.calling.tracks(params);
  }

  'call-ring'(params: Params<'call-ring'>): Result<'call-ring'> {
    return this.calling.ring(params);
  }

  'call-decline'(params: Params<'call-decline'>): Result<'call-decline'> {
    return this.calling.decline(params);
  }

  share(params: Params<'share'>): Promise<Result<'share'>> {
    return this.#shares.share(params);
  }

  unshare(params: Params<'unshare'>): Promise<Result<'unshare'>> {
    return this.#shares.unshare(params);
  }

  shares(params: Params<'shares'>): Result<'shares'> {
    return this.#shares.shares(params);
  }

  ls(params: Params<'ls'>): Promise<Result<'ls'>> {
    return this.#shares.ls(params);
  }

  get(params: Params<'get'>): Promise<Result<'get'>> {
    return this.#shares.get(params);
  }

  snapshot(): Snapshot {
    return {
      rooms: [...this.#node.rooms.values()].map((room) => ({
        ...roomRef(room),
        self: this.#self(room),
        members: room.members.map((member) => this.#person(member)),
        ...countsOf(room),
        notices: this.#damage(room),
      })),
    };
  }

  #watch(room: Room): void {
    if (this.#watched.has(room)) return;
    this.#watched.add(room);
    const ref = roomRef(room);
    const members = room.members.map((member) => this.#person(member));
    this.#tell({ type: 'joined', ...ref, self: this.#self(room), members });
    this.#files.watch(room);
    this.#chat.watch(room);
    this.calling.watch(room);
    this.#shares.watch(room);
    room.on('member-joined', (member) =>
      this.#tell({
        type: 'peer-joined',
        ...ref,
        peer: this.#person(member),
        path: member.peers[0]?.path ?? null,
      }),
    );
    room.on('member-left', ({ member, reason }) =>
      this.#tell({ type: 'peer-left', ...ref, peer: this.#person(member), reason }),
    );
    room.on('member-renamed', ({ member, was }) =>
      this.#tell({ type: 'peer-renamed', ...ref, peer: this.#person(member), was }),
    );
  }

  readonly #watched = new WeakSet<Room>();

  #tell(event: EventBody): void {
    this.#listener(event);
  }

  #notice(room: Room, code: ErrorCode): void {
    this.#tell({ type: 'error', ...roomRef(room), code, text: ERRORS[code] });
  }

  /** What a window that comes later is to know too: it stands until the node starts again. */
  #damage(room: Room): string[] {
    return this.#node.damageOf(room).map((code) => ERRORS[code]);
  }

  #self(room: Room): Person {
    return this.#personView.person(this.#node.identity.id, room.name);
  }

  #people(room: Room): Peer[] {
    const self = { ...this.#self(room), ...NOWHERE, instances: [], verified: false, self: true };
    return [self, ...room.members.map((member) => this.#peer(member))];
  }

  #setting(key: PreferenceKey): Result<'set'> {
    const { does, values, fallback } = PREFERENCES[key];
    return { key, value: this.#node.preference(key), default: fallback, values, does };
  }

  #person({ id, name }: Pick<Member, 'id' | 'name'>): Person {
    return this.#personView.person(id, name);
  }

  #peer(member: Member): Peer {
    const instances = member.peers.map(asInstance);
    const verified = this.#node.trust.marks(member.id).verified;
    const other = this.#node.resembled(member.id, member.name);
    const resembles = other ? { resembles: this.#personView.person(other.id, other.names[0] ?? '') } : {};
    return { ...this.#person(member), ...(instances[0] ?? NOWHERE), instances, verified, ...resembles };
  }

  #info(known: KnownRoom): RoomInfo {
    const joined = this.#node.rooms.get(known.keys.id);
    return {
      room: known.label,
      roomId: known.keys.id,
      kind: known.seed.tier,
      joined: joined !== undefined,
      reach: known.keys.lanOnly ? 'here' : 'anywhere',
      members: joined ? joined.members.length + 1 : 0,
    };
  }

  #invite(known: KnownRoom): Result<'invite'> {
    const info = this.#info(known);
    if (!known.secret)
      return { ...info, link: null, sentence: nameSentence(known.label, info.kind === 'protected') };
    const invite = { secret: known.secret, label: known.label };
    return { ...info, link: inviteLink(invite), sentence: inviteSentence(invite) };
  }
}

const openNotice = ({ room, reach }: RoomInfo) =>
  `"${room}" is an open room: anyone ${reach === 'here' ? 'on this network ' : ''}who guesses the name gets in and ` +
  `sees your address.`;

const roomRef = (room: Room) => ({ room: room.label, roomId: room.keys.id });

/** Oneself is reached by no path. */
const NOWHERE: Instance = { path: null, address: null, rttMs: null, rateBps: 0, bytes: 0 };

const asInstance = ({ path, address, rttMs, bytesPerSecond, bytes }: Member['peers'][number]): Instance => ({
  path,
  address,
  rttMs,
  rateBps: bytesPerSecond,
  bytes,
});
