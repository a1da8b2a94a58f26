import type { PeerId } from '../identity/peer-id.js';
import { DamagedDatabase } from '../storage/damaged-database.js';
import type { Row } from '../storage/database.js';
import { storedJson } from '../storage/stored-json.js';
import { type ChatStore, FLAG, ROOM_SETTINGS, type RoomSettings } from './chat-store.js';
import type { Box } from './content.js';
import { type Message, Messages, messageId } from './message.js';
import { withOneBit } from './one-bit.js';
import { compare, type Place } from './order.js';
import { Recorder } from './recorder.js';
import { RoomLog } from './room-log.js';
import type { SqliteChats } from './sqlite-chats.js';
import { Reader } from './timeline.js';
import type { Writers } from './writers.js';

export interface RestoreOptions {
  chats: SqliteChats;
  self: Box & { readonly id: PeerId };
  writers: Writers;
  /** Rooms whose histories are kept here, with the own name in each: what is of others is left. */
  rooms: readonly { readonly id: string; readonly ownName: string }[];
  /** Milliseconds since 1970. */
  wall: () => number;
}

interface Restored {
  /** Messages that are here again. */
  messages: number;
  /** Such as build on what could not be read: they may be taken once somebody has given that. */
  waiting: number;
}

/** Messages that are judged and stored together. */
const BATCH = 256;

/** A message of a damaged database, and where it stands there. */
interface Found extends Place {
  readonly key: number;
  /** Its text was removed here after its time. */
  readonly isExpired: boolean;
}

/** What was found of a room. */
interface FoundRoom {
  readonly messages: Found[];
  settings: RoomSettings | null;
  /** Up to which row of the damaged database it was read; all of it where nothing was unread. */
  readRow: number;
}

/**
 * Takes what can still be read of the histories in a damaged database into the new one, as if somebody had handed it
 * on: each message is judged by its hash, signature and place, and what was done to others is done again. So nothing
 * that the disk has changed comes with it; one wrong bit is put right by the hash that names a message. Only what this data folder alone had depends on it.
 */
export async function restoreHistories(file: string, options: RestoreOptions): Promise<Restored> {
  const restored = { messages: 0, waiting: 0 };
  const damaged = DamagedDatabase.open(file);
  if (!damaged) return restored;
  try {
    for (const [id, found] of findMessages(damaged, options)) {
      const { messages, waiting } = await restoreRoom(id, found, damaged, options);
      restored.messages += messages;
      restored.waiting += waiting;
    }
    return restored;
  } finally {
    damaged.close();
  }
}

/** What there is of each room; only places are held, since a history may be long. */
function findMessages(damaged: DamagedDatabase, { rooms }: RestoreOptions): Map<string, FoundRoom> {
  const found = new Map<string, FoundRoom>();
  const ids = new Map<number, string>();
  const of = (id: string): FoundRoom => {
    const room = found.get(id) ?? { messages: [], settings: null, readRow: 0 };
    found.set(id, room);
    return room;
  };
  const known = new Set(rooms.map(({ id }) => id));
  for (const { k, id, settings, unread, read_row } of damaged.rows('chat_room')) {
    if (!known.has(String(id))) continue;
    ids.set(Number(k), String(id));
    const room = of(String(id));
    const kept = storedJson<RoomSettings | null>(settings, null);
    room.settings = kept && typeof kept === 'object' ? { ...ROOM_SETTINGS, ...kept } : null;
    room.readRow = unread === 0 ? Number.POSITIVE_INFINITY : Number(read_row);
  }
  const readers = new Map([...known].map((id) => [id, new Messages(id)]));
  const rowAt = damaged.reader('chat_message');
  for (const key of damaged.keys('chat_message')) {
    const row = rowAt(key);
    if (!row) continue;
    const likely = ids.get(Number(row.room));
    const candidates = likely === undefined ? [...known] : [likely, ...known];
    const id = candidates.find((each) => isOf(readers.get(each) as Messages, row)) ?? likely;
    const message = id === undefined ? null : asMessage(readers.get(id) as Messages, row);
    if (!message || id === undefined) continue;
    const isExpired = message.body === null && (Number(row.flags) & FLAG.expired) !== 0;
    of(id).messages.push({ id: message.id, clock: message.header.clock, key, isExpired });
  }
  return found;
}

async function restoreRoom(
  id: string,
  { messages: found, settings, readRow }: FoundRoom,
  damaged: DamagedDatabase,
  { chats, self, writers, rooms, wall }: RestoreOptions,
): Promise<Restored> {
  const store = await chats.room(id);
  const messages = new Messages(id);
  const log = new RoomLog(store, messages);
  const stored = await store.load();
  log.load(stored);
  const before = log.count;
  const names = rooms.flatMap((room) => (room.id === id ? [room.ownName] : []));
  const recorder = new Recorder({
    store,
    log,
    reader: new Reader(self.id, self),
    names: () => names,
    wall,
    counts: () => false,
  });
  recorder.load(stored.dangling);
  const rowAt = damaged.reader('chat_message');
  let waiting = 0;
  found.sort(compare); // what one builds on comes before it
  for (let i = 0; i < found.length; i += BATCH) {
    const some = found.slice(i, i + BATCH);
    const batch = some.flatMap(({ key }) => {
      const row = rowAt(key);
      return (row && asMessage(messages, row)) ?? [];
    });
    const verdict = await log.judge(batch, self.id, writers.all);
    waiting += verdict.orphans.length;
    await recorder.record(verdict, stored.counts);
    await expire(store, some);
    await new Promise((resolve) => setImmediate(resolve)); // nothing else waits for all of it
  }
  if (settings) await store.configure(settings);
  await markRead(store, found, readRow);
  return { messages: log.count - before, waiting };
}

/** What was read stays read, as near as the order in which messages came was kept. */
async function markRead(store: ChatStore, found: readonly Found[], readRow: number): Promise<void> {
  if (readRow === Number.POSITIVE_INFINITY)
    return store.apply({ readRow: await store.newestRow(), counts: { unread: 0, mentions: 0 } });
  const read = found.filter(({ key }) => key <= readRow).sort((a, b) => b.key - a.key);
  const [message] = await store.get(read.slice(0, 1).map(({ id }) => id));
  if (message) await store.apply({ readRow: message.row, counts: await store.counts(message.row) });
}

/** Nobody is to be asked for texts whose time here is over. */
async function expire(store: ChatStore, found: readonly Found[]): Promise<void> {
  const ids = found.flatMap(({ id, isExpired }) => (isExpired ? [id] : []));
  const bodies = (await store.get(ids)).map(({ id, row, flags }) => ({
    id,
    row,
    flags: flags | FLAG.expired,
    was: null,
    text: null,
  }));
  if (bodies.length > 0) await store.apply({ bodies });
}

const isOf = (messages: Messages, row: Row): boolean =>
  row.id instanceof Uint8Array && read(messages, row.header, row.signature, null)?.id === messageId(row.id);

/** Longer texts are not worth the time: they come from others. */
const MENDED_BYTES = 2048;

/** Null for what cannot have been one; without its body where that is not the one that was hashed. */
function asMessage(messages: Messages, { id, header, signature, body }: Row): Message | null {
  if (!(header instanceof Uint8Array)) return null;
  const said = body instanceof Uint8Array ? body : null;
  const named = id instanceof Uint8Array ? messageId(id) : null;
  const isWhole = (bytes: Uint8Array, text: Uint8Array | null) =>
    named !== null && messages.isWhole({ id: named, headerBytes: bytes, body: text });
  const right = isWhole(header, null)
    ? header
    : (withOneBit(header, (bytes) => isWhole(bytes, null)) ?? header);
  const isBroken =
    said !== null && said.length <= MENDED_BYTES && isWhole(right, null) && !isWhole(right, said);
  const text = isBroken ? withOneBit(said, (bytes) => isWhole(right, bytes)) : said;
  return read(messages, right, signature, text) ?? read(messages, right, signature, null);
}

function read(
  messages: Messages,
  header: unknown,
  signature: unknown,
  body: Uint8Array | null,
): Message | null {
  if (!(header instanceof Uint8Array) || !(signature instanceof Uint8Array)) return null;
  try {
    return messages.read(header, signature, body);
  } catch {
    return null;
  }
}
