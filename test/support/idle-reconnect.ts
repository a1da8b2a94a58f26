import type { Test } from 'tap';
import type { ChatStore } from '../../src/chat/chat-store.js';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { RoomChat } from '../../src/chat/room-chat.js';
import { SqliteChats } from '../../src/chat/sqlite-chats.js';
import { Writers } from '../../src/chat/writers.js';
import type { RoomSession } from '../../src/connection/room-session.js';
import { NO_MARKS } from '../../src/identity/trust.js';
import { Database } from '../../src/storage/database.js';
import { Settings } from '../../src/storage/settings.js';
import { Desk } from './desk.js';
import { linkedSessions } from './linked-sessions.js';
import { ManualClock } from './manual-clock.js';
import { SeededIdentity } from './seeded-identity.js';
import { SeededRandom } from './seeded-random.js';

const ROOM_ID = '07'.repeat(32);
/** Comparing, receipts, announcements: whatever is due at all is due within this. */
const ALL_DUE_MS = 30_000;
const STEP_MS = 50;

interface Home {
  readonly identity: SeededIdentity;
  readonly instance: string;
  readonly database: Database;
  readonly store: ChatStore;
}

/** What two nodes said to each other about a room's history, on a stream that carries nothing else. */
export interface Reconnection {
  /** Of the stream, encrypted and framed, both ways, from the end of its handshake on. */
  readonly bytes: number;
  readonly messages: number;
  readonly people: number;
}

/**
 * Two nodes come to have the same history of `messages` by `people`, are started again, and meet again. Time is moved
 * by hand, so that everything which is ever due has been said in the end.
 */
export async function reconnectWithNothingNew(
  t: Pick<Test, 'teardown'>,
  { messages, people }: { messages: number; people: number },
): Promise<Reconnection> {
  const random = new SeededRandom(1);
  const clock = new ManualClock();
  const homes = [await makeHome(t, random, 'a'), await makeHome(t, random, 'b')] as const;
  await fill(homes[0], random, { messages, people });
  await meet(t, clock, homes, async () => (await homes[1].store.size()).messages === messages);
  const bytes = await meet(t, clock, homes);
  return { bytes, messages, people };
}

async function makeHome(t: Pick<Test, 'teardown'>, random: SeededRandom, instance: string): Promise<Home> {
  const database = new Database(':memory:');
  await database.open();
  t.teardown(() => database.close());
  const store = await (await SqliteChats.load(database)).room(ROOM_ID);
  return { identity: new SeededIdentity(random), instance: instance.repeat(16), database, store };
}

async function fill(
  { identity, store }: Home,
  random: SeededRandom,
  { messages, people }: { messages: number; people: number },
): Promise<void> {
  const keeper = new Desk(identity, store, undefined, ROOM_ID);
  for (let person = 0; person < people; person++) {
    const author = new Desk(new SeededIdentity(random), new MemoryChatStore(), undefined, ROOM_ID);
    const own = Math.floor((messages * (person + 1)) / people) - Math.floor((messages * person) / people);
    for (let n = 0; n < own; n++)
      await keeper.take([await author.write({ kind: 'text', text: `line ${n}`, replyTo: null })]);
  }
}

/** Starts both, brings them together until nothing is due any more, and ends both. Resolves to the bytes. */
async function meet(
  t: Pick<Test, 'teardown'>,
  clock: ManualClock,
  homes: readonly [Home, Home],
  done: () => Promise<boolean> = async () => true,
): Promise<number> {
  const chats = await Promise.all(homes.map((home) => start(home, clock)));
  const { a, b } = await linkedSessions(t);
  const before = a.link.bytes;
  join(chats[0] as RoomChat, homes[1], a.session);
  join(chats[1] as RoomChat, homes[0], b.session);
  while (!(await done())) await pass(clock);
  for (let ms = 0; ms < ALL_DUE_MS; ms += STEP_MS) await pass(clock);
  const bytes = a.link.bytes - before;
  for (const { link } of [a, b]) link.destroy();
  for (const chat of chats) await chat.close();
  return bytes;
}

async function start({ identity, database, store }: Home, clock: ManualClock): Promise<RoomChat> {
  const chat = new RoomChat({
    roomId: ROOM_ID,
    self: identity,
    store,
    writers: await Writers.load(await Settings.load(database), 'here'),
    clock,
    names: () => [],
    trust: { marks: () => NO_MARKS },
  });
  await chat.open();
  return chat;
}

function join(chat: RoomChat, { identity, instance }: Home, session: RoomSession): void {
  const open = session.open.bind(session);
  session.onEnd(chat.add({ id: identity.id, instance, open, isPresent: () => true }));
}

/** What is due happens, and the other end hears of it. */
async function pass(clock: ManualClock): Promise<void> {
  clock.advance(STEP_MS);
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}
