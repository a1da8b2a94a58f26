import NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import sodium from 'sodium-native';
import type { Test } from 'tap';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { RoomChat } from '../../src/chat/room-chat.js';
import { SqliteChats } from '../../src/chat/sqlite-chats.js';
import { Writers } from '../../src/chat/writers.js';
import { systemClock } from '../../src/clock.js';
import { Network } from '../../src/connection/network.js';
import type { RoomSession } from '../../src/connection/room-session.js';
import { Counters } from '../../src/counters.js';
import { instanceId } from '../../src/discovery/instance-id.js';
import { HashCache } from '../../src/files/hash-cache.js';
import { RateCap } from '../../src/files/rate-cap.js';
import { RoomFiles } from '../../src/files/room-files.js';
import { RoomShares } from '../../src/files/room-shares.js';
import { ShareStore } from '../../src/files/share-store.js';
import type { Signer } from '../../src/files/signed.js';
import { TransferStore } from '../../src/files/transfer-store.js';
import { peerId } from '../../src/identity/peer-id.js';
import { NO_MARKS } from '../../src/identity/trust.js';
import { silentLog } from '../../src/log.js';
import { GuessBudget } from '../../src/membership/guess-budget.js';
import { keysFromSeed, privateRoomSeed, type RoomKeys } from '../../src/membership/room-keys.js';
import { Room } from '../../src/room/room.js';
import { Database } from '../../src/storage/database.js';
import { Settings } from '../../src/storage/settings.js';
import { type MemoryDiscovery, MemoryNetwork } from './memory-discovery.js';

interface IdentityKeys {
  publicKey: Uint8Array;
  secretKey: Uint8Array;
}

/** The keys of a private room that a number names. */
export const roomNumber = (n: number): RoomKeys => keysFromSeed(privateRoomSeed(b4a.alloc(32, n)));

/** A node without storage: the real network and rooms over discovery in memory. */
export class MemoryNode {
  readonly keyPair = NoiseSecretStream.keyPair();
  readonly counters = new Counters();
  readonly discoveries: MemoryDiscovery[];
  readonly network: Network;
  readonly rooms = new Map<string, Room>();
  /** Who is not let in. */
  readonly blocked = new Set<string>();
  readonly sessions: RoomSession[] = [];
  readonly signer: Signer;
  readonly database = new Database(':memory:');
  readonly uploadCap = new RateCap(systemClock);
  readonly downloadCap = new RateCap(systemClock);
  /** Its rooms hand nothing on to later comers, as the lobby. */
  live = false;
  #chats: Promise<SqliteChats> | null = null;
  readonly id;
  readonly name: string;

  private constructor(name: string, networks: readonly MemoryNetwork[], identity: IdentityKeys) {
    this.name = name;
    const { publicKey, secretKey } = identity;
    this.id = peerId(publicKey);
    this.signer = {
      publicKey,
      sign(message) {
        const signature = b4a.alloc(64);
        sodium.crypto_sign_detached(signature, message, secretKey);
        return signature;
      },
    };
    this.discoveries = networks.map((network, i) =>
      network.discovery(this.keyPair, i === 0 ? 'lan' : 'internet'),
    );
    this.network = new Network({
      discoveries: this.discoveries,
      identity: this.signer,
      transportKey: this.keyPair.publicKey,
      guesses: new GuessBudget(systemClock),
      isBlocked: (id) => this.blocked.has(id),
      clock: systemClock,
      log: silentLog,
      counters: this.counters,
    });
    this.network.on('session', (session) => {
      this.sessions.push(session);
      this.rooms.get(session.roomId)?.add(session);
    });
  }

  static identity(): IdentityKeys {
    const [publicKey, secretKey] = [b4a.alloc(32), b4a.alloc(64)];
    sodium.crypto_sign_keypair(publicKey, secretKey);
    return { publicKey, secretKey };
  }

  /**
   * Opened, and closed with the test. The first network is a LAN, a second one the Internet. Keys at the end make it
   * another node of that person.
   */
  static async open(t: Test, name: string, ...rest: (MemoryNetwork | IdentityKeys)[]): Promise<MemoryNode> {
    const networks = rest.filter((part) => part instanceof MemoryNetwork);
    const keys = rest.find((part) => 'secretKey' in part);
    const node = new MemoryNode(name, networks, keys ?? MemoryNode.identity());
    await node.database.open();
    await node.network.open();
    t.teardown(async () => {
      for (const room of node.rooms.values()) await room.close();
      await node.network.close();
      await node.database.close();
    });
    return node;
  }

  async join(keys: RoomKeys): Promise<Room> {
    const self = { id: this.id, instance: instanceId(this.keyPair.publicKey), name: this.name };
    const cache = await HashCache.load(this.database, systemClock);
    const files = new RoomFiles({
      roomId: keys.id,
      self: this.id,
      signer: this.signer,
      store: await TransferStore.load(this.database),
      cache,
      uploadCap: this.uploadCap,
      downloadCap: this.downloadCap,
      clock: systemClock,
      live: this.live,
    });
    const chat = new RoomChat({
      roomId: keys.id,
      self: { id: this.id, ...this.signer, box: () => null, unbox: () => null },
      store: this.live ? new MemoryChatStore() : await (await this.#histories()).room(keys.id),
      writers: await Writers.load(await Settings.load(this.database), 'here'),
      clock: systemClock,
      names: () => [this.name],
      trust: { marks: () => NO_MARKS },
      live: this.live,
    });
    const shares = new RoomShares({
      roomId: keys.id,
      self: this.id,
      store: await ShareStore.load(this.database),
      cache,
      clock: systemClock,
      files,
      dataFolder: '/nowhere',
    });
    const room = new Room({ keys, label: 'room', self, clock: systemClock, files, shares, chat });
    await room.open();
    this.rooms.set(keys.id, room);
    this.network.join(keys);
    return room;
  }

  /** One for all rooms, since they number their rows together. */
  #histories(): Promise<SqliteChats> {
    this.#chats ??= SqliteChats.load(this.database);
    return this.#chats;
  }

  async leave(keys: RoomKeys): Promise<void> {
    const room = this.rooms.get(keys.id);
    this.rooms.delete(keys.id);
    this.network.leave(keys.id);
    await room?.close();
  }
}

/** The next event of a room that fits. */
export const next = <T>(
  on: (fn: (value: T) => void) => () => void,
  fits: (value: T) => boolean = () => true,
): Promise<T> =>
  new Promise((resolve) => {
    const off = on((value) => {
      if (!fits(value)) return;
      off();
      resolve(value);
    });
  });
