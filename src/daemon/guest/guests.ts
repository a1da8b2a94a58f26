import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock, Timer } from '../../clock.js';
import { ChatterError } from '../../errors.js';
import { gatePath, localName } from '../../files/names.js';
import type { Transfer } from '../../files/transfer.js';
import { LIMITS } from '../../limits.js';
import type { Room } from '../../room/room.js';
import type { GuestEventBody, GuestInfo } from '../guest-api.js';
import { type GuestHost, GuestServer } from './guest-server.js';
import { GuestShelf } from './guest-shelf.js';
import { GuestUploads } from './guest-uploads.js';

export interface GuestPageOptions {
  room: Room;
  /** Ours alone, for what guests hand in. */
  folder: string;
  address: string;
  minutes: number;
  clock: Clock;
  /** Something that its host sees has changed; also when it has ended, by itself or not. */
  onChange: () => void;
  /** It ends when this is closed. */
  bound: { readonly closed: boolean } | null;
}

const LOOK_EVERY_MS = 1_000;

/** One room's page for guests, from the consent to its end. */
export class GuestPage implements GuestHost {
  readonly shelf = new GuestShelf();
  readonly #o: GuestPageOptions;
  readonly #server: GuestServer;
  readonly #uploads: GuestUploads;
  readonly #notes: GuestInfo['notes'] = [];
  readonly #until: number;
  #timer: Timer | null = null;
  #version = 0;
  #ended = false;

  constructor(options: GuestPageOptions) {
    this.#o = options;
    const { clock, address, minutes, folder } = options;
    this.#until = clock.wall() + minutes * 60_000;
    this.#uploads = new GuestUploads(folder);
    this.#server = new GuestServer({
      address,
      secret: randomBytes(16).toString('base64url'),
      host: this,
      clock,
    });
  }

  async open(): Promise<void> {
    await this.#server.open();
    const { clock, bound, room } = this.#o;
    this.#timer = clock.every(LOOK_EVERY_MS, () => {
      if (bound?.closed || room.closing || clock.wall() >= this.#until) void this.close();
    });
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    await this.#server.close();
    this.shelf.close();
    this.#uploads.close();
    this.#o.onChange();
  }

  get ended(): boolean {
    return this.#ended;
  }

  get version(): number {
    return this.#version;
  }

  get name(): string {
    return this.#o.room.name;
  }

  get info(): GuestInfo {
    const { room } = this.#o;
    return {
      room: room.label,
      roomId: room.keys.id,
      url: this.#server.url,
      until: new Date(this.#until).toISOString(),
      notes: this.#notes,
      shelf: this.shelf.files.map(({ id, name, size }) => ({ id, name, size })),
      uploads: this.#uploads.list.map((upload) => ({ ...upload })),
    };
  }

  find(id: string): ReturnType<GuestShelf['find']> {
    return this.shelf.find(id);
  }

  note(text: string): void {
    this.#write('guest', text);
  }

  /** Throws MESSAGE_INVALID. */
  say(text: string): void {
    const note = text.trim();
    if (note === '' || Buffer.byteLength(note) > LIMITS.guestNoteBytes)
      throw new ChatterError('MESSAGE_INVALID', { message: 'A note has 1 to 2000 bytes.' });
    this.#write('host', note);
  }

  async take(parts: Parameters<GuestUploads['take']>[0]): Promise<boolean> {
    const upload = await this.#uploads.take(parts);
    if (upload) this.changed();
    return upload !== null;
  }

  /** Offers an upload to the room, in a folder that says where it comes from. Throws FILE_NOT_FOUND. */
  async accept(id: string): Promise<void> {
    const { room } = this.#o;
    const place = this.#uploads.accept(id, guestLabel(room.name));
    const { transfer } = await room.files.offer({ paths: [place] });
    const off = room.files.on('changed', ({ id: changed, state }: Transfer) => {
      if (changed !== transfer.id || state !== 'withdrawn') return;
      off();
      rmSync(path.dirname(place), { recursive: true, force: true });
    });
    this.changed();
  }

  decline(id: string): void {
    this.#uploads.decline(id);
    this.changed();
  }

  changed(): void {
    this.#version++;
    this.#o.onChange();
  }

  #write(from: 'host' | 'guest', text: string): void {
    this.#notes.push({ from, text: text.toWellFormed(), time: new Date(this.#o.clock.wall()).toISOString() });
    if (this.#notes.length > LIMITS.guestNotes) this.#notes.shift();
    this.changed();
  }
}

/** The folder in which others see a guest's files. */
function guestLabel(name: string): string {
  const label = `Guest through ${name}`.normalize('NFC').replace(/[/\\]/gu, '_');
  try {
    return localName(gatePath(label)[0] as string, true);
  } catch {
    return 'Guest'; // a name that is no file's
  }
}

/** What the API needs of a node for guests. */
export interface GuestsOptions {
  room: (ref: string) => Room;
  find: (transfer: string) => Transfer;
  folder: string;
  /** Addresses of this machine, the one that neighbours reach first. */
  addresses: () => string[];
  clock: Clock;
  /** Keeps the node while a page is open, or no more. */
  keep: (page: object, isOpen: boolean) => void;
  tell: (event: GuestEventBody) => void;
}

/** The guest pages of a node, one a room at most. */
export class Guests {
  readonly #o: GuestsOptions;
  readonly #pages = new Map<string, GuestPage>();

  constructor(options: GuestsOptions) {
    this.#o = options;
  }

  info(ref: string): GuestInfo | null {
    return this.#pages.get(this.#o.room(ref).keys.id)?.info ?? null;
  }

  /** Throws ADDRESS_INVALID. Where one is open already it is given back. */
  async open(
    ref: string,
    {
      minutes = 60,
      address,
      bound,
    }: { minutes?: number; address?: string; bound: GuestPageOptions['bound'] },
  ): Promise<GuestInfo> {
    const room = this.#o.room(ref);
    const open = this.#pages.get(room.keys.id);
    if (open) return open.info;
    const own = this.#o.addresses();
    const at = address ?? own[0];
    if (at === undefined || !own.includes(at))
      throw new ChatterError('ADDRESS_INVALID', {
        message: 'A guest page needs an address of this machine.',
      });
    const page = new GuestPage({
      room,
      folder: this.#o.folder,
      address: at,
      minutes,
      clock: this.#o.clock,
      bound,
      onChange: () => this.#changed(room, page),
    });
    await page.open();
    this.#pages.set(room.keys.id, page);
    this.#o.keep(page, true);
    this.#changed(room, page);
    return page.info;
  }

  /** The open page of a room. Throws GUEST_NONE. */
  page(ref: string): GuestPage {
    const page = this.#pages.get(this.#o.room(ref).keys.id);
    if (!page) throw new ChatterError('GUEST_NONE');
    return page;
  }

  putTransfer(ref: string, transfer: string): void {
    this.page(ref).shelf.putTransfer(this.#o.find(transfer));
  }

  async close(): Promise<void> {
    for (const page of [...this.#pages.values()]) await page.close();
  }

  #changed(room: Room, page: GuestPage): void {
    const { label, keys } = room;
    if (page.ended) {
      this.#pages.delete(keys.id);
      this.#o.keep(page, false);
    }
    this.#o.tell({
      type: 'guest-changed',
      room: label,
      roomId: keys.id,
      guest: page.ended ? null : page.info,
    });
  }
}
