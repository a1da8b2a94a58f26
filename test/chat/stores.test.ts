import t, { type Test } from 'tap';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { SqliteChats } from '../../src/chat/sqlite-chat-store.js';
import { Database } from '../../src/storage/database.js';
import { chatStoreContract, stored } from '../contract/chat-store.js';
import { temporaryFolder } from '../support/hostile/besieged.js';

const ROOM = '01'.repeat(32);

async function database(t: Test, file = ':memory:'): Promise<Database> {
  const opened = new Database(file);
  await opened.open();
  t.teardown(() => opened.close());
  return opened;
}

chatStoreContract(t, 'in memory', async () => ({ store: new MemoryChatStore() }));

chatStoreContract(t, 'in SQLite', async (t) => {
  const file = `${temporaryFolder(t)}/chatter.db`;
  const first = await database(t, file);
  return {
    store: await (await SqliteChats.load(first)).room(ROOM),
    again: async () => {
      await first.close();
      return (await SqliteChats.load(await database(t, file))).room(ROOM);
    },
  };
});

t.test('rooms of one database know nothing of each other', async (t) => {
  const chats = await SqliteChats.load(await database(t));
  const [one, other] = [await chats.room(ROOM), await chats.room('02'.repeat(32))];
  await one.apply({ messages: [stored(1, { text: 'apple' })], logs: [] }).catch(() => {});
  const put = (store: typeof one, n: number, text: string) => {
    const message = stored(n, { text });
    const { log, id, clock, seq } = message;
    const heads = [{ id, clock, next: seq + 1, covers: 0 }];
    return store.apply({ messages: [message], logs: [{ id: log, heads, messages: 1 }] });
  };
  await put(one, 2, 'pear');
  await put(other, 3, 'pear tree');
  t.equal((await one.search('pear', { limit: 9 })).length, 1);
  t.equal((await other.search('pear', { limit: 9 })).length, 1);
  t.same(await one.get(await other.page({ limit: 9 }).then((page) => page.map(({ id }) => id))), []);
  t.equal(await one.forget(), 1);
  t.equal((await other.search('tree', { limit: 9 })).length, 1, 'the other is as it was');
  t.equal((await other.load()).logs.length, 1);
});

t.test('one in memory keeps so many and no more', async (t) => {
  const store = new MemoryChatStore({ messages: 3 });
  for (let n = 1; n <= 5; n++) await store.apply({ messages: [stored(n, { target: stored(1).id })] });
  t.same(
    (await store.page({ limit: 9 })).map(({ clock }) => clock),
    [5, 4, 3],
  );
  t.equal((await store.about([stored(1).id])).length, 3);
  t.equal((await store.ofLog(stored(1).log, { seq: -1, row: 0 }, 9)).length, 3);
});
