import path from 'node:path';
import { ChatterError, ERRORS } from '../errors.js';
import { isRisky } from '../files/names.js';
import type { RoomFiles } from '../files/room-files.js';
import type { TransferId } from '../files/signed.js';
import type { Transfer } from '../files/transfer.js';
import { type PeerId, peerId } from '../identity/peer-id.js';
import type { ChatterNode } from '../node/node.js';
import type { Room } from '../room/room.js';
import type { EventBody, Params, Person, Result } from './api.js';
import type { TransferInfo } from './files-api.js';
import { TransferBodies } from './transfer-bodies.js';

const RISKY_SHOWN = 10;

/** Files as the API shows them: transfers as plain objects, and what happens to them as events. */
export class FilesView {
  readonly #node: ChatterNode;
  readonly #uploads: string;
  readonly #tell: (event: EventBody) => void;
  readonly #person: (id: PeerId, name: string) => Person;
  readonly bodies = new TransferBodies(
    (ref) => this.#find(ref),
    (room, transfer) => this.info(room, transfer),
  );

  constructor(
    node: ChatterNode,
    uploads: string,
    person: (id: PeerId, name: string) => Person,
    tell: (event: EventBody) => void,
  ) {
    this.#node = node;
    this.#uploads = uploads;
    this.#person = person;
    this.#tell = tell;
  }

  watch(room: Room): void {
    const ref = { room: room.label, roomId: room.keys.id };
    room.files.on('offered', (transfer) =>
      this.#tell({ type: 'file-offered', ...this.info(room, transfer) }),
    );
    room.files.on('progress', (transfer) => {
      const info = this.info(room, transfer);
      // What is lent was never offered: nobody knows of it before somebody fetches it. What is done moves no more here.
      if (info.state === 'done' || (info.mine && info.shared))
        return this.#tell({ type: 'transfer-changed', ...info });
      const { bytes, total, reused, ratePerSecond, sources, copied, handing } = info;
      this.#tell({
        type: 'transfer-progress',
        ...ref,
        transfer: transfer.id,
        bytes,
        total,
        reused,
        ratePerSecond,
        sources,
        copied,
        handing,
      });
    });
    room.files.on('changed', (transfer) => {
      const { state, id, paths, code } = transfer;
      this.#tell({ type: 'transfer-changed', ...this.info(room, transfer) });
      if (state === 'done')
        this.#tell({
          type: 'transfer-done',
          ...ref,
          transfer: id,
          paths,
          bytes: transfer.layout.totalBytes,
          reused: transfer.reused,
        });
      if (code) this.#tell({ type: 'transfer-failed', ...ref, transfer: id, code, text: ERRORS[code] });
    });
    room.files.on('refused', ({ from, code }) =>
      this.#tell({
        type: 'file-refused',
        ...ref,
        from: this.who(room, from),
        code,
        text: `${ERRORS[code]} The offer was refused.`,
      }),
    );
    room.files.on('liar', ({ peer }) => {
      const { name, tag } = this.who(room, peer);
      const text = `${name}#${tag} sent something that is not what was offered; nothing more is taken from them.`;
      this.#tell({ type: 'error', ...ref, code: 'FILE_UNVERIFIED', text });
    });
  }

  async send({ room: ref, paths, to, as, exclude }: Params<'send'>): Promise<Result<'send'>> {
    const room = this.#node.room(ref);
    if (!paths.every((each) => path.isAbsolute(each)))
      throw new ChatterError('API_BAD_REQUEST', { message: 'send: paths are absolute.' });
    if (as !== undefined && paths.length > 1)
      throw new ChatterError('USAGE', { message: 'Only one path can be given another name.' });
    const only = to === undefined ? undefined : this.#node.person(to).id;
    const { transfer, skipped } = await room.files.offer({ paths, to: only, as, exclude });
    return { ...this.info(room, transfer), skipped: skipped.map((each) => ({ ...each })) };
  }

  async upload({ room: ref, to, entries }: Params<'upload'>): Promise<Result<'upload'>> {
    const room = this.#node.room(ref);
    const transfer = await room.files.offerUpload({
      entries: entries.map(({ folder = false, mtimeMs = Date.now(), ...rest }) => ({
        ...rest,
        folder,
        mtimeMs,
      })),
      folder: this.#uploads,
      to: to === undefined ? undefined : this.#node.person(to).id,
    });
    return this.info(room, transfer);
  }

  transfers({ room: ref }: Params<'transfers'>): Result<'transfers'> {
    const rooms = ref === undefined ? [...this.#node.rooms.values()] : [this.#node.room(ref)];
    return rooms.flatMap((room) =>
      room.files.transfers
        .filter(({ mine, signed, interested }) => !(mine && signed.offer.shared) || interested.size > 0)
        .map((transfer) => this.info(room, transfer)),
    );
  }

  async accept({ transfer: ref, out, ...how }: Params<'accept'>): Promise<Result<'accept'>> {
    const { room, transfer } = this.#find(ref);
    const place = this.place(room, out);
    return this.info(room, await room.files.accept(transfer.id, { out: place, ...how }));
  }

  /** Where what is received goes. Throws API_BAD_REQUEST for a path that is not absolute. */
  place(room: Room, out?: string): string {
    if (out !== undefined && !path.isAbsolute(out))
      throw new ChatterError('API_BAD_REQUEST', { message: 'out is absolute.' });
    return out ?? this.#node.downloadsOf(room);
  }

  /** The requests that need nothing but the transfer. */
  async change(
    verb: 'decline' | 'pause' | 'resume' | 'cancel' | 'withdraw',
    { transfer: ref }: { transfer: string },
  ): Promise<TransferInfo> {
    const { room, transfer } = this.#find(ref);
    const verbs: Record<typeof verb, (files: RoomFiles, id: TransferId) => Promise<Transfer>> = {
      decline: (files, id) => files.decline(id),
      pause: (files, id) => files.pause(id),
      resume: (files, id) => files.resume(id),
      cancel: (files, id) => files.cancel(id),
      withdraw: (files, id) => files.withdraw(id),
    };
    return this.info(room, await verbs[verb](room.files, transfer.id));
  }

  /** Throws TRANSFER_UNKNOWN. */
  transfer(ref: string): Transfer {
    return this.#find(ref).transfer;
  }

  #find(ref: string): { room: Room; transfer: Transfer } {
    const found = [...this.#node.rooms.values()].flatMap((room) =>
      room.files.transfers
        .filter(({ id }) => id.startsWith(ref.toLowerCase()))
        .map((transfer) => ({ room, transfer })),
    );
    if (found.length > 1)
      throw new ChatterError('USAGE', { message: 'Several transfers begin so: give more digits.' });
    if (!found[0]) throw new ChatterError('TRANSFER_UNKNOWN');
    return found[0];
  }

  /** Somebody by the name that they bear here. */
  who(room: Room, id: PeerId): Person {
    const self = id === this.#node.identity.id ? room.name : undefined;
    const name =
      self ??
      room.members.find((member) => member.id === id)?.name ??
      this.#node.people.find((known) => known.id === id)?.names[0] ??
      'Somebody';
    return this.#person(id, name);
  }

  info(room: Room, transfer: Transfer): TransferInfo {
    const { signed, manifest, layout } = transfer;
    const { to } = signed.offer;
    const files = manifest.files;
    const risky = files.filter(({ path: name }) => isRisky(name)).map(({ path: name }) => name);
    return {
      transfer: transfer.id,
      room: room.label,
      roomId: room.keys.id,
      from: this.who(room, transfer.author),
      to: to ? this.who(room, peerId(to)) : null,
      mine: transfer.mine,
      state: transfer.state,
      code: transfer.code,
      entries: manifest.roots.slice(0, ENTRIES_SHOWN),
      files: files.length,
      risky: risky.slice(0, RISKY_SHOWN),
      riskyCount: risky.length,
      bytes: transfer.mine ? transfer.given : transfer.bytes,
      total: layout.totalBytes,
      reused: transfer.reused,
      ratePerSecond: Math.round(transfer.bytesPerSecond),
      sources: room.files.sources(transfer.id),
      copied: transfer.upload && !transfer.upload.files ? transfer.upload.received : null,
      paths: transfer.paths,
      shared: signed.offer.shared,
      handing: transfer.interested.size,
      offeredAt: new Date(signed.offer.wall).toISOString(),
      receivers: [...transfer.receivers].map(([id, { answer, bytes, code }]) => ({
        peer: this.who(room, id),
        answer,
        bytes,
        code: code || null,
      })),
    };
  }
}

const ENTRIES_SHOWN = 1000;
