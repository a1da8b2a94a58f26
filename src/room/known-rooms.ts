import b4a from 'b4a';
import { isInvite, parseInvite } from '../membership/invite.js';
import { keysFromSeed, type RoomKeys, type RoomSeed } from '../membership/room-keys.js';
import { foldRoomName, LOBBY } from '../membership/room-name.js';
import { isTier } from '../membership/tier.js';
import type { Row, Storage } from '../storage/database.js';

/** A room that this data folder knows: enough to join it again without its passphrase. */
export interface KnownRoom {
  readonly keys: RoomKeys;
  readonly seed: RoomSeed;
  /** What people call it: the name of an open or protected room, the label of a private one. */
  readonly label: string;
  /** 32 bytes of a private room's invite; null for others. */
  readonly secret: Uint8Array | null;
  /** Not left: a node that starts joins it again (the lobby excepted). */
  readonly joined: boolean;
  /** The own name in this room where it differs. */
  readonly ownName: string | null;
}

/** The rooms of a data folder, on disk. */
export class KnownRooms {
  readonly #storage: Storage;
  readonly #rooms = new Map<string, KnownRoom>();

  private constructor(storage: Storage) {
    this.#storage = storage;
  }

  static migrate(storage: Storage): Promise<void> {
    return storage.migrate('room', [
      `CREATE TABLE room (
         id TEXT PRIMARY KEY, tier TEXT NOT NULL, label TEXT NOT NULL, rdv BLOB NOT NULL, sec BLOB NOT NULL,
         secret BLOB, joined INTEGER NOT NULL, own_name TEXT
       ) STRICT`,
      'ALTER TABLE room ADD COLUMN lan_only INTEGER NOT NULL DEFAULT 0',
    ]);
  }

  /** Leaves out what is no room any more, which only a disk can have made of one. */
  static async load(storage: Storage): Promise<KnownRooms> {
    await KnownRooms.migrate(storage);
    const known = new KnownRooms(storage);
    for (const row of await storage.all('SELECT * FROM room ORDER BY rowid')) {
      const room = fromRow(row);
      if (room && room.keys.id === row.id) known.#rooms.set(room.keys.id, room);
    }
    return known;
  }

  get all(): KnownRoom[] {
    return [...this.#rooms.values()];
  }

  get(id: string): KnownRoom | undefined {
    return this.#rooms.get(id);
  }

  /** Those that `ref` can mean: an id, an invite (or a text with one in it), or a name. Several may bear one name. */
  find(ref: string): KnownRoom[] {
    const byId = this.#rooms.get(ref);
    if (byId) return [byId];
    if (isInvite(ref)) {
      const { secret } = parseInvite(ref);
      return this.all.filter((room) => room.secret && b4a.equals(room.secret, secret));
    }
    const named = this.#named(ref);
    if (named.length > 0) return named;
    const [label, tag] = splitTag(ref);
    return this.#named(label).filter(({ keys }) => keys.id.startsWith(tag));
  }

  #named(label: string): KnownRoom[] {
    return this.all.filter((room) => foldRoomName(room.label) === foldRoomName(label));
  }

  async put(room: KnownRoom): Promise<void> {
    await this.#storage.run(
      `INSERT INTO room VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET label = excluded.label, joined = excluded.joined, own_name = excluded.own_name,
         lan_only = excluded.lan_only`,
      [
        room.keys.id,
        room.seed.tier,
        room.label,
        room.seed.rdv,
        room.seed.sec,
        room.secret,
        room.joined ? 1 : 0,
        room.ownName,
        room.keys.lanOnly ? 1 : 0,
      ],
    );
    this.#rooms.set(room.keys.id, room);
  }

  async forget(id: string): Promise<void> {
    await this.#storage.run('DELETE FROM room WHERE id = ?', [id]);
    this.#rooms.delete(id);
  }
}

/** How two rooms of one name are told apart: `name#` and the first six digits of the room's id. */
export const roomTag = (room: KnownRoom): string => `${room.label}#${room.keys.id.slice(0, 6)}`;

const splitTag = (ref: string): [string, string] => {
  const match = /^(.+)#([0-9a-f]{6})$/s.exec(ref);
  return match ? [match[1] as string, match[2] as string] : [ref, ''];
};

/** The open room of the network that one is in; it is never looked for anywhere else. */
export const isLobby = ({ seed, label }: { seed: Pick<RoomSeed, 'tier'>; label: string }): boolean =>
  seed.tier === 'open' && label === LOBBY;

/** The same room, to be looked for on this network alone or on the Internet too; the lobby stays what it is. */
export const reaching = (room: KnownRoom, lanOnly: boolean): KnownRoom => ({
  ...room,
  keys: { ...room.keys, lanOnly: lanOnly || isLobby(room) },
});

function fromRow(row: Row): KnownRoom | null {
  if (!isTier(row.tier)) return null;
  const seed: RoomSeed = {
    tier: row.tier,
    rdv: row.rdv as Uint8Array,
    sec: row.sec as Uint8Array,
  };
  const label = String(row.label);
  return {
    keys: keysFromSeed(seed, row.lan_only === 1 || isLobby({ seed, label })),
    seed,
    label,
    secret: (row.secret as Uint8Array | null) ?? null,
    joined: row.joined === 1,
    ownName: row.own_name === null ? null : String(row.own_name),
  };
}
