import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SqliteChats } from '../chat/sqlite-chats.js';
import { Writers } from '../chat/writers.js';
import type { Clock } from '../clock.js';
import { ChatterError } from '../errors.js';
import { HashCache } from '../files/hash-cache.js';
import { ShareStore } from '../files/share-store.js';
import { TransferStore } from '../files/transfer-store.js';
import { friendlyName } from '../identity/friendly-name.js';
import { Identity } from '../identity/identity.js';
import { KnownRooms } from '../room/known-rooms.js';
import { People } from '../room/people.js';
import { RememberedAddresses } from '../room/remembered-addresses.js';
import { Database, damageMark } from '../storage/database.js';
import { mendDatabase } from '../storage/mend-database.js';
import { Preferences } from '../storage/preferences.js';
import { Settings } from '../storage/settings.js';
import type { NodePaths } from './options.js';

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
}

/** Opens a data folder, and mends a database that was damaged. `mended` tells where the damaged one lies now. */
export async function openStores(
  paths: NodePaths,
  clock: Clock,
  { defer, mended }: { defer: (fn: () => unknown) => void; mended: (old: string) => void },
): Promise<Stores> {
  if (existsSync(damageMark(paths.database))) mended(mendDatabase(paths.database));
  const undo: (() => unknown)[] = [];
  try {
    const stores = await readStores(paths, clock, (fn) => undo.push(fn));
    for (const fn of undo) defer(fn);
    return stores;
  } catch (err) {
    for (const fn of undo.toReversed()) await fn();
    // Anything but an error of our own is what the disk has made of a value.
    if (err instanceof ChatterError && !existsSync(damageMark(paths.database))) throw err;
    mended(mendDatabase(paths.database));
    return readStores(paths, clock, defer);
  }
}

/** Opens a data folder. What is to be undone at the end goes to `defer` at once, so that a failure leaves nothing open. */
async function readStores(
  paths: NodePaths,
  clock: Clock,
  defer: (fn: () => unknown) => void,
): Promise<Stores> {
  const database = new Database(paths.database);
  defer(() => database.close());
  await database.open(); // first, since it is the lock on everything else
  const identity = await Identity.load(paths.identity);
  const settings = await Settings.load(database);
  const known = await KnownRooms.load(database);
  const people = await People.load(database, clock);
  const transfers = await TransferStore.load(database);
  const chats = await SqliteChats.load(database);
  const writers = await Writers.load(settings, await placeOf(paths.database));
  const hashes = await HashCache.load(database, clock);
  defer(() => hashes.flush());
  const shares = await ShareStore.load(database);
  const remembered = await RememberedAddresses.load(database, clock);
  const name = (await settings.get('name')) ?? (await firstName(settings));
  const preferences = await Preferences.load(settings);
  await people.remember(preferences.get('remember-people') === 'on');
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
  };
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
