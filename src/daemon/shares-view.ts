import path from 'node:path';
import b4a from 'b4a';
import { ChatterError } from '../errors.js';
import { isRisky } from '../files/names.js';
import type { Share } from '../files/share.js';
import type { Found } from '../files/share-link.js';
import type { PeerId } from '../identity/peer-id.js';
import type { ChatterNode } from '../node/node.js';
import type { Room } from '../room/room.js';
import type { EventBody, Params, Result } from './api.js';
import type { SharedInfo, ShareInfo } from './files-api.js';
import type { FilesView } from './files-view.js';

/** Shares as the API shows them: one's own, and one tree of everybody's. */
export class SharesView {
  readonly #node: ChatterNode;
  readonly #files: FilesView;
  readonly #tell: (event: EventBody) => void;

  constructor(node: ChatterNode, files: FilesView, tell: (event: EventBody) => void) {
    this.#node = node;
    this.#files = files;
    this.#tell = tell;
  }

  watch(room: Room): void {
    room.shares.on('changed', ({ peer }) =>
      this.#tell({
        type: 'shares-changed',
        room: room.label,
        roomId: room.keys.id,
        peer: this.#files.who(room, peer),
      }),
    );
  }

  async share({ room: ref, paths, exclude }: Params<'share'>): Promise<Result<'share'>> {
    const room = this.#node.room(ref);
    if (!paths.every((each) => path.isAbsolute(each)))
      throw new ChatterError('API_BAD_REQUEST', { message: 'share: paths are absolute.' });
    const shares = await room.shares.share(paths, exclude);
    return {
      shares: shares.map((share) => shareInfo(room, share)),
      skipped: shares.flatMap(({ skipped }) => skipped.map((each) => ({ ...each }))),
    };
  }

  async unshare({ room: ref, share }: Params<'unshare'>): Promise<Result<'unshare'>> {
    const room = this.#node.room(ref);
    return shareInfo(room, await room.shares.unshare(share));
  }

  shares({ room: ref }: Params<'shares'>): Result<'shares'> {
    const rooms = ref === undefined ? [...this.#node.rooms.values()] : [this.#node.room(ref)];
    return rooms.flatMap((room) => room.shares.shares.map((share) => shareInfo(room, share)));
  }

  async ls({ room: ref, path: under = '', pattern, from }: Params<'ls'>): Promise<Result<'ls'>> {
    const room = this.#node.room(ref);
    const question = pattern === undefined ? { path: trimmed(under) } : { pattern };
    const { found, more, silent } = await room.shares.ask(question, this.#owner(from));
    const entries = found.map((entry) => this.#entry(room, entry));
    entries.sort((a, b) => Number(b.folder) - Number(a.folder) || (a.path < b.path ? -1 : 1));
    return { entries, more, silent: silent.map((id) => this.#files.who(room, id)) };
  }

  async get({ room: ref, from, name, hash, out, ...rest }: Params<'get'>): Promise<Result<'get'>> {
    const room = this.#node.room(ref);
    const request = { name: trimmed(name), from: this.#owner(from), hash };
    const transfers = await room.shares.get(request, { out: this.#files.place(room, out), ...rest });
    return { transfers: transfers.map((transfer) => this.#files.info(room, transfer)) };
  }

  #owner(ref: string | undefined): PeerId | undefined {
    if (ref === undefined) return undefined;
    return ref === this.#node.identity.id ? (ref as PeerId) : this.#node.personId(ref);
  }

  #entry(room: Room, { path: place, folder, size, files, mtimeMs, hash, owner }: Found): SharedInfo {
    return {
      path: place,
      name: path.posix.basename(place),
      folder,
      size,
      files,
      changedAt: new Date(mtimeMs).toISOString(),
      hash: hash && b4a.toString(hash, 'hex'),
      risky: isRisky(place),
      owner: this.#files.who(room, owner),
    };
  }
}

/** As people write folders. */
const trimmed = (place: string): string => place.replace(/^\/+|\/+$/gu, '').normalize('NFC');

function shareInfo(room: Room, share: Share): ShareInfo {
  const { root } = share.tree;
  return {
    share: share.id,
    room: room.label,
    roomId: room.keys.id,
    name: share.name,
    path: share.path,
    folder: root?.folder ?? false,
    files: root?.files ?? 0,
    bytes: root?.size ?? 0,
    hashedBytes: share.hashedBytes,
    state: share.state,
  };
}
