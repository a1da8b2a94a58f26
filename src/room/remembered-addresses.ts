import type { Clock } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Storage } from '../storage/database.js';

/** Where somebody of a room was reached last. */
export interface RememberedAddress {
  readonly peer: PeerId;
  /** `host:port` of their listener. */
  readonly address: string;
  /** Found on a network of this machine: worth a try only on a network that has such an address. */
  readonly lan: boolean;
}

/**
 * The last address at which each person of a room was dialled with success, on disk: what finds them again where
 * nothing can be announced. A room keeps the newest `rememberedAddresses`, and they go when the room is forgotten.
 */
export class RememberedAddresses {
  readonly #storage: Storage;
  readonly #clock: Clock;

  private constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** To be called when the table of rooms is there. */
  static async load(storage: Storage, clock: Clock): Promise<RememberedAddresses> {
    await storage.migrate('remembered_address', [
      `CREATE TABLE remembered_address (
         room TEXT NOT NULL, peer TEXT NOT NULL, address TEXT NOT NULL, lan INTEGER NOT NULL, at INTEGER NOT NULL,
         PRIMARY KEY (room, peer)
       ) STRICT;
       CREATE TRIGGER remembered_address_of_room AFTER DELETE ON room BEGIN
         DELETE FROM remembered_address WHERE room = OLD.id;
       END`,
    ]);
    return new RememberedAddresses(storage, clock);
  }

  /** Somebody was met in this room at this address. */
  async met(roomId: string, { peer, address, lan }: RememberedAddress): Promise<void> {
    await this.#storage.run(
      `INSERT INTO remembered_address VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET address = excluded.address, lan = excluded.lan, at = excluded.at`,
      [roomId, peer, address, lan ? 1 : 0, Math.floor(this.#clock.wall())],
    );
    await this.#storage.run(
      `DELETE FROM remembered_address WHERE room = ? AND peer NOT IN (
         SELECT peer FROM remembered_address WHERE room = ? ORDER BY at DESC, rowid DESC LIMIT ?)`,
      [roomId, roomId, LIMITS.rememberedAddresses],
    );
  }

  /** Those of a room, met last first. */
  async of(roomId: string): Promise<RememberedAddress[]> {
    const rows = await this.#storage.all(
      'SELECT peer, address, lan FROM remembered_address WHERE room = ? ORDER BY at DESC, rowid DESC',
      [roomId],
    );
    return rows.map(({ peer, address, lan }) => ({
      peer: String(peer) as PeerId,
      address: String(address),
      lan: lan === 1,
    }));
  }
}
