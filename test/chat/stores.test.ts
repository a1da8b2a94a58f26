import { existsSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { StoredMessage } from '../../src/chat/chat-store.js';
import { STEPS } from '../../src/chat/chat-tables.js';
import { MemoryChatStore } from '../../src/chat/memory-chat-store.js';
import { SqliteChats } from '../../src/chat/sqlite-chats.js';
import { Database, damageMark } from '../../src/storage/database.js';
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

t.test('the index of a long history lies in parts, which nobody who searches notices', async (t) => {
  const opened = await database(t);
  const chats = await SqliteChats.load(opened);
  const store = await chats.room(ROOM);
  const many = 20_500;
  const text = (n: number) => `all have it, ${n} its number${n % 9_000 === 1 ? ' and 山水' : ''}`;
  for (let from = 1; from <= many; from += 500) {
    const messages = Array.from({ length: 500 }, (_, i) => stored(from + i, { text: text(from + i) }));
    const heads = [{ id: stored(from + 499).id, clock: from + 499, next: from + 500, covers: 0 }];
    await store.apply({ messages, logs: [{ id: stored(1).log, heads, messages: from + 499 }] });
  }
  const again = await (await SqliteChats.load(opened)).room(ROOM);
  await again.load();
  t.equal((await opened.all('SELECT since FROM chat_words')).length, 3);
  for (const each of [store, again]) {
    const clocks = async (typed: string, more = {}) =>
      (await each.search(typed, { limit: 3, ...more })).map(({ clock }) => clock);
    t.same(await clocks('hav'), [many, many - 1, many - 2], 'the newest of a common word');
    t.same(await clocks('hav', { beforeRow: 10_002 }), [10_001, 10_000, 9_999], 'over a border');
    t.same(await clocks('山水'), [18_001, 9_001, 1], 'a rare one of each part');
    t.same(await clocks('山水', { limit: 2 }), [18_001, 9_001]);
    t.same(await clocks(`hav ${many - 10_400}`), [many - 10_400]);
  }
  const { id, row } = (await store.search('山水', { limit: 3 }))[2] as StoredMessage;
  await store.apply({ bodies: [{ id, row, flags: 1, was: text(1), text: 'it is dry now' }] });
  const clocks = (typed: string) =>
    store.search(typed, { limit: 9 }).then((found) => found.map((each) => each.clock));
  t.same([await clocks('山水'), await clocks('dry')], [[18_001, 9_001], [1]], 'a change of an old one');
  t.equal(await store.forget(), many);
  t.same(await opened.all(`SELECT name FROM sqlite_master WHERE name LIKE 'chat_text%'`), []);
});

t.test('an index that was made before there were parts is the first of them', async (t) => {
  const opened = await database(t);
  await opened.migrate('chat', STEPS.slice(0, 2));
  await opened.run('INSERT INTO chat_room VALUES (1, ?, ?, ?, 0, 0, 0)', [ROOM, '[]', '{}']);
  await opened.run(`CREATE VIRTUAL TABLE chat_text_1 USING fts5(text, content='')`);
  const store = await (await SqliteChats.load(opened)).room(ROOM);
  const { log, id } = stored(1);
  const heads = [{ id, clock: 1, next: 2, covers: 0 }];
  await store.apply({ messages: [stored(1)], logs: [{ id: log, heads, messages: 1 }] });
  t.equal((await store.search('text', { limit: 9 })).length, 1);
  t.same(await opened.all('SELECT since FROM chat_words'), [{ since: 0 }]);
});

t.test('[S4] what is kept beside messages and does not agree with them is to be mended', async (t) => {
  const changes = [
    'UPDATE chat_log SET messages = 2',
    `UPDATE chat_log SET heads = replace(heads, '"next"', '"nex')`,
    `UPDATE chat_log SET heads = replace(heads, '"clock":1', '"clock":3')`,
    `UPDATE chat_room SET settings = '{'`,
    'UPDATE chat_message SET log = 9',
  ];
  for (const change of changes) {
    const file = `${temporaryFolder(t)}/chatter.db`;
    const opened = await database(t, file);
    const store = await (await SqliteChats.load(opened)).room(ROOM);
    const { log, id } = stored(1);
    const heads = [{ id, clock: 1, next: 2, covers: 0 }];
    await store.apply({ messages: [stored(1)], logs: [{ id: log, heads, messages: 1 }] });
    await t.resolves(SqliteChats.load(opened), 'as it was stored');
    await opened.run(change);
    await t.rejects(SqliteChats.load(opened), { code: 'STORAGE_FAILED' }, change);
    t.ok(existsSync(damageMark(file)));
  }
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
