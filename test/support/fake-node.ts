import type {
  EventBody,
  Known,
  Params,
  Peer,
  Person,
  Result,
  RoomInfo,
  Snapshot,
} from '../../src/daemon/api.js';
import type { ApiNode, ChatMethod } from '../../src/daemon/api-node.js';
import type { Message } from '../../src/daemon/chat-api.js';
import type { FileBodySource } from '../../src/daemon/file-bodies.js';
import type { ShareInfo, TransferInfo } from '../../src/daemon/files-api.js';
import { ChatterError } from '../../src/errors.js';

type Called = ChatMethod | Exclude<keyof ApiNode, 'chat' | 'status' | 'snapshot' | 'onEvent' | 'bodies'>;

const SELF: Person = { id: 'a'.repeat(64), name: 'Ada', tag: 'aaaaaa' };
const BOB: Person = { id: 'b'.repeat(64), name: 'Bob', tag: 'bbbbbb' };

const KNOWN: Known = {
  ...BOB,
  names: ['Bob'],
  firstSeen: '2026-01-01T00:00:00.000Z',
  lastSeen: '2026-01-01T00:00:00.000Z',
  here: true,
  verified: false,
  blocked: false,
  muted: false,
};

const STANDING = { unread: 0, mentions: 0, requests: 0, last: null };
const ROOM: RoomInfo = {
  room: 'lobby',
  roomId: 'c'.repeat(64),
  kind: 'open',
  joined: true,
  reach: 'anywhere',
  members: 1,
};

const TRANSFER: TransferInfo = {
  transfer: '0123456789abcdef0123456789abcdef',
  room: ROOM.room,
  roomId: ROOM.roomId,
  from: SELF,
  to: null,
  mine: true,
  state: 'serving',
  code: null,
  entries: [],
  files: 0,
  risky: [],
  riskyCount: 0,
  bytes: 0,
  total: 0,
  ratePerSecond: 0,
  sources: 0,
  copied: null,
  paths: [],
  shared: false,
  handing: 0,
  reused: 0,
  offeredAt: '2026-01-01T00:00:00.000Z',
  receivers: [],
};

const said = (id: string, room: string, roomId: string, text: string): Message => ({
  id,
  room,
  roomId,
  kind: 'text',
  author: BOB,
  self: false,
  text,
  clock: 1,
  sent: '2026-01-01T00:00:00.000Z',
  mentionsMe: false,
  reactions: [],
  deliveredTo: [],
  readBy: [],
  of: 0,
});

const SHARE: ShareInfo = {
  share: '0123456789abcdef',
  room: ROOM.room,
  roomId: ROOM.roomId,
  name: 'a',
  path: '/tmp/a',
  folder: false,
  files: 1,
  bytes: 1,
  hashedBytes: 1,
  state: 'ready',
};

/** A node that does nothing, writes down what was asked of it, and says that things happened when told to. */
export class FakeNode implements ApiNode {
  /** Every request that reached the node, in order. */
  readonly asked: { method: Called; params: unknown }[] = [];
  /** Runs before a request is answered: to make it fail, or wait. */
  before: (method: Called) => void | Promise<void> = () => {};
  /** Where bodies of files come from and go to; a test that is about them puts its own here. */
  bodies: FileBodySource = {
    open: (transfer, file) => ({
      transfer,
      file,
      name: 'a',
      size: 1,
      mtimeMs: 0,
      read: () => [new Uint8Array(1)],
    }),
    receive: async () => {
      throw new ChatterError('TRANSFER_UNKNOWN');
    },
  };
  #listener: (event: EventBody) => void = () => {};
  #clock = 0;

  whoami(params: Params<'whoami'>): Promise<Result<'whoami'>> {
    return this.#answer('whoami', params, { ...SELF, safetyNumber: '12345' });
  }

  rename(params: Params<'rename'>): Promise<Result<'rename'>> {
    return this.#answer('rename', params, { ...SELF, name: params.name, safetyNumber: '12345' });
  }

  rooms(params: Params<'rooms'>): Promise<Result<'rooms'>> {
    return this.#answer('rooms', params, [{ ...ROOM, ...STANDING }]);
  }

  join(params: Params<'join'>): Promise<Result<'join'>> {
    return this.#answer('join', params, { ...ROOM, ...STANDING, self: SELF, people: [], notices: [] });
  }

  leave(params: Params<'leave'>): Promise<Result<'leave'>> {
    return this.#answer('leave', params, { ...ROOM, joined: false, members: 0 });
  }

  peers(params: Params<'peers'>): Promise<Peer[]> {
    return this.#answer('peers', params, []);
  }

  invite(params: Params<'invite'>): Promise<Result<'invite'>> {
    return this.#answer('invite', params, { ...ROOM, link: null, sentence: 'Join lobby.' });
  }

  create(params: Params<'create'>): Promise<Result<'create'>> {
    return this.#answer('create', params, { ...ROOM, kind: 'private', link: 'x', sentence: 'Join with x.' });
  }

  async chat<M extends ChatMethod>(method: M, params: Params<M>): Promise<Result<M>> {
    this.asked.push({ method, params });
    await this.before(method);
    if (method === 'requests') return [] as unknown as Result<M>;
    const { room, roomId } = ROOM;
    const answer = {
      id: 'm1',
      recipients: 1,
      message: said('m1', room, roomId, ''),
      messages: [],
      more: false,
    };
    return answer as unknown as Result<M>; // to say and to read
  }

  people(params: Params<'people'>): Promise<Known[]> {
    return this.#answer('people', params, [KNOWN]);
  }

  person(params: Params<'person'>): Promise<Result<'person'>> {
    return this.#answer('person', params, { ...KNOWN, safetyNumber: '1', ownNumber: '2', theirNumber: '3' });
  }

  mark(params: Params<'mark'>): Promise<Known> {
    return this.#answer('mark', params, KNOWN);
  }

  settings(params: Params<'settings'>): Promise<Result<'settings'>> {
    return this.#answer('settings', params, []);
  }

  set(params: Params<'set'>): Promise<Result<'set'>> {
    return this.#answer('set', params, { key: 'reach', value: 'ask', default: 'ask', values: '', does: '' });
  }

  backup(params: Params<'backup'>): Promise<Result<'backup'>> {
    return this.#answer('backup', params, { sealed: '' });
  }

  send(params: Params<'send'>): Promise<Result<'send'>> {
    return this.#answer('send', params, { ...TRANSFER, skipped: [] });
  }

  upload(params: Params<'upload'>): Promise<Result<'upload'>> {
    return this.#answer('upload', params, TRANSFER);
  }

  transfers(params: Params<'transfers'>): Promise<Result<'transfers'>> {
    return this.#answer('transfers', params, [TRANSFER]);
  }

  accept(params: Params<'accept'>): Promise<TransferInfo> {
    return this.#answer('accept', params, TRANSFER);
  }

  decline(params: Params<'decline'>): Promise<TransferInfo> {
    return this.#answer('decline', params, TRANSFER);
  }

  pause(params: Params<'pause'>): Promise<TransferInfo> {
    return this.#answer('pause', params, TRANSFER);
  }

  resume(params: Params<'resume'>): Promise<TransferInfo> {
    return this.#answer('resume', params, TRANSFER);
  }

  cancel(params: Params<'cancel'>): Promise<TransferInfo> {
    return this.#answer('cancel', params, TRANSFER);
  }

  withdraw(params: Params<'withdraw'>): Promise<TransferInfo> {
    return this.#answer('withdraw', params, TRANSFER);
  }

  doctor(params: Params<'doctor'>): Promise<Result<'doctor'>> {
    return this.#answer('doctor', params, {
      findings: [{ check: 'room', ok: true, finding: '1 room joined.', mend: null }],
    });
  }

  share(params: Params<'share'>): Promise<Result<'share'>> {
    return this.#answer('share', params, { shares: [SHARE], skipped: [] });
  }

  unshare(params: Params<'unshare'>): Promise<ShareInfo> {
    return this.#answer('unshare', params, SHARE);
  }

  shares(params: Params<'shares'>): Promise<ShareInfo[]> {
    return this.#answer('shares', params, [SHARE]);
  }

  ls(params: Params<'ls'>): Promise<Result<'ls'>> {
    return this.#answer('ls', params, { entries: [], more: false, silent: [] });
  }

  get(params: Params<'get'>): Promise<Result<'get'>> {
    return this.#answer('get', params, { transfers: [TRANSFER] });
  }

  status(): ReturnType<ApiNode['status']> {
    return { lanPort: null, rooms: [], counters: {}, safeMode: false, blocked: [] };
  }

  calls(params: Params<'calls'>): Promise<Result<'calls'>> {
    return this.#answer('calls', params, []);
  }

  'call-tracks'(params: Params<'call-tracks'>): Promise<Result<'call-tracks'>> {
    return this.#answer('call-tracks', params, []);
  }

  'call-ring'(params: Params<'call-ring'>): Promise<Result<'call-ring'>> {
    return this.#answer('call-ring', params, {});
  }

  'call-decline'(params: Params<'call-decline'>): Promise<Result<'call-decline'>> {
    return this.#answer('call-decline', params, {});
  }

  snapshot(): Snapshot {
    const { last: _last, ...counts } = STANDING;
    return {
      rooms: [{ room: ROOM.room, roomId: ROOM.roomId, self: SELF, members: [SELF], ...counts, notices: [] }],
    };
  }

  onEvent(fn: (event: EventBody) => void): void {
    this.#listener = fn;
  }

  emit(event: EventBody): void {
    this.#listener(event);
  }

  /** Bob says `text` in the lobby. */
  message(text: string): void {
    const { room, roomId } = ROOM;
    this.emit({ type: 'message', ...said(text.slice(0, 16), room, roomId, text), clock: ++this.#clock });
  }

  async #answer<T>(method: Called, params: unknown, result: T): Promise<T> {
    this.asked.push({ method, params });
    await this.before(method);
    return result;
  }
}
