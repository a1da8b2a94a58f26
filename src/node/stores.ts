import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { HistoryCheck } from '../chat/history-check.js';
import { restoreHistories } from '../chat/restore-histories.js';
import { SqliteChats } from '../chat/sqlite-chats.js';
import { Writers } from '../chat/writers.js';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { HashCache } from '../files/hash-cache.js';
import { ShareStore } from '../files/share-store.js';
import { TransferStore } from '../files/transfer-store.js';
import { friendlyName } from '../identity/friendly-name.js';
import { Identity } from '../identity/identity.js';
import type { Log } from '../log.js';
import { isLobby, KnownRooms } from '../room/known-rooms.js';
import { People } from '../room/people.js';
import { RememberedAddresses } from '../room/remembered-addresses.js';
import { Database, damageMark } from '../storage/database.js';
import { FolderLock } from '../storage/folder-lock.js';
import { mendDatabase } from '../storage/mend-database.js';
import { Preferences } from '../storage/preferences.js';
import { Settings } from '../storage/settings.js';
import { SparedStorage, type SparedTable } from '../storage/spared-storage.js';
import { isLogBroken } from '../storage/write-ahead-log.js';
import type { NodePaths } from './options.js';
import { restoreKept } from './restore-kept.js';

/** All that a data folder holds. */
export interface Stores {
  identity: Identity;
  settings: Settings;
  preferences: Preferences;
  /** The display name in rooms that have none of their own. */
  name: string;
  known: KnownRooms;
  people: People;
  transfers: TransferStore;
  chats: SqliteChats;
  writers: Writers;
  hashes: HashCache;
  shares: ShareStore;
  remembered: RememberedAddresses;
  /** The second record of what nobody else could give back. */
  spare: SparedStorage;
}

/** What the disk had damaged, and was put right as far as it could be. */
export interface Mended {
  /** Histories: what others have of them comes back from them. */
  history: boolean;
  /** The key, rooms, settings or whom one trusts: they are whole, from their second record. */
  folder: boolean;
}

interface Opening {
  /** What is to be undone at the end goes there at once, so that a failure leaves nothing open. */
  defer: (fn: () => unknown) => void;
  log: Log;
  /** Damage was found while the node runs: the next start mends it. */
  damaged: () => void;
}

/** What a node would not be itself without, and nobody else could give back. */
const SPARED: readonly SparedTable[] = [
  { name: 'room' },
  { name: 'setting' },
  { name: 'person', where: '@.verified OR @.blocked OR @.muted' },
];

/** Opens a data folder, and mends what the disk has damaged of it. */
export async function openStores(
  paths: NodePaths,
  clock: Clock,
  opening: Opening,
): Promise<Stores & { mended: Mended }> {
  const { defer, log } = opening;
  const mended: Mended = { history: false, folder: false };
  const file = paths.database;
  const lock = new FolderLock(file);
  defer(() => lock.close());
  await lock.open(); // before anything is looked at: a database that another node holds may look like anything
  const mend = () => {
    mended.history = true;
    log.warn('database-damaged', { kept: mendDatabase(file) });
  };
  if (existsSync(damageMark(file)) || isLogBroken(file)) mend();
  const undo: (() => unknown)[] = [];
  try {
    const stores = await readStores(paths, clock, mended, {
      ...opening,
      defer: (fn) => undo.push(fn),
    });
    for (const fn of undo) defer(fn);
    return { ...stores, mended };
  } catch (err) {
    for (const fn of undo.toReversed()) await fn();
    // Anything but an error of our own is what the disk has made of a value.
    if (err instanceof ChatterError && !existsSync(damageMark(file))) throw err;
    mend();
    return { ...(await readStores(paths, clock, mended, opening)), mended };
  }
}

async function readStores(
  paths: NodePaths,
  clock: Clock,
  mended: Mended,
  { defer, log, damaged }: Opening,
): Promise<Stores> {
  const database = new Database(paths.database, {
    damaged: () => {
      log.warn('damage-found');
      damaged();
    },
  });
  defer(() => database.close());
  await database.open();
  const spare = new SparedStorage(database, paths.database, {
    tables: SPARED,
    failed: (err) => log.warn('spare-not-written', { cause: String(err) }),
  });
  if (await spare.isContradicted()) {
    database.damaged();
    throw new ChatterError('STORAGE_FAILED', { message: `${paths.database}: it is not what was written.` });
  }
  const putRight = (what: string) => {
    mended.folder = true;
    log.warn('folder-mended', { what });
  };
  if (spare.isDamaged) putRight('spare');
  const identity = await identityOf(paths.identity, spare.seed, () => putRight('identity'));
  for (const store of [Settings, KnownRooms, People]) await store.migrate(database);
  const restored = await spare.restore();
  if (restored) putRight('database');
  if (restored === 'lost') mended.history = true; // what was said last went with it
  const settings = await Settings.load(spare);
  const known = await KnownRooms.load(spare);
  const people = await People.load(spare, clock);
  const transfers = await TransferStore.load(database);
  const chats = await SqliteChats.load(database);
  if (database.isLarge) {
    const check = new HistoryCheck(database, clock);
    defer(() => check.close());
  }
  const writers = await Writers.load(settings, await placeOf(paths.database));
  if (restored) await writers.renew(); // it may have written more than it knows now
  const hashes = await HashCache.load(database, clock);
  defer(() => hashes.flush());
  const shares = await ShareStore.load(database);
  const remembered = await RememberedAddresses.load(database, clock);
  const name = (await settings.get('name')) ?? (await firstName(settings));
  const preferences = await Preferences.load(settings);
  await people.remember(preferences.get('remember-people') === 'on');
  const rooms = known.all.filter((room) => !isLobby(room));
  await restoreKept(paths.database, settings, async (old) => {
    const restored = await restoreHistories(old, {
      chats,
      self: identity,
      writers,
      rooms: rooms.map(({ keys, ownName }) => ({ id: keys.id, ownName: ownName ?? name })),
      wall: () => clock.wall(),
    });
    log.warn('history-restored', { from: old, ...restored });
    return restored.waiting === 0;
  });
  await spare.begin(identity.seed);
  return {
    identity,
    settings,
    preferences,
    name,
    known,
    people,
    transfers,
    chats,
    writers,
    hashes,
    shares,
    remembered,
    spare,
  };
}

/** The identity in `file`; where it is damaged or lost, that of `seed`. Throws IDENTITY_DAMAGED where that is not known. */
async function identityOf(file: string, seed: Uint8Array | null, lost: () => void): Promise<Identity> {
  if (!seed) return Identity.load(file);
  if (existsSync(file)) {
    try {
      return await Identity.load(file);
    } catch (err) {
      if (ChatterError.from(err).code !== 'IDENTITY_DAMAGED') throw err;
      await rm(file);
    }
  }
  lost();
  return Identity.restore(file, seed);
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
