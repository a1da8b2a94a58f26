import t from 'tap';
import type { Room } from '../../src/room/room.js';
import { reconnectWithNothingNew } from '../support/idle-reconnect.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, roomNumber } from '../support/memory-node.js';

const keys = roomNumber(1);

/** Resolves once the room holds `count` messages. */
async function holds(room: Room, count: number): Promise<string[]> {
  for (;;) {
    const page = await room.chat.page({ limit: 500 });
    if (page.length >= count) return page.map(({ clock, id, text }) => `${clock} ${id} ${text}`);
    await new Promise<void>((resolve) => {
      const offs = [room.chat.on('message', () => resolve()), room.chat.on('changed', () => resolve())];
      setTimeout(resolve, 200);
      void offs;
    });
  }
}

t.test('who comes after the author has left gets the history from another, in the same order', async (t) => {
  const network = new MemoryNetwork();
  const [ann, bob] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [atAnn, atBob] = [await ann.join(keys), await bob.join(keys)];
  for (let i = 0; i < 60; i++) await Promise.all([atAnn.say(`ann ${i}`), atBob.say(`bob ${i}`)]);
  const there = await holds(atBob, 120);
  t.same(await holds(atAnn, 120), there, 'the same order at both');
  await ann.leave(keys);
  await ann.network.close();
  const cid = await MemoryNode.open(t, 'Cid', network);
  t.same(await holds(await cid.join(keys), 120), there, 'and at who comes later');
  t.same(
    [bob, cid].map(({ counters }) => counters.snapshot()),
    [{}, {}],
    'nobody broke a rule',
  );
});

t.test('only its author edits or deletes a message; a deleted text is nowhere', async (t) => {
  const network = new MemoryNetwork();
  const [ann, bob] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [atAnn, atBob] = [await ann.join(keys), await bob.join(keys)];
  const { id } = await atAnn.say('first words');
  await holds(atBob, 1);
  await t.rejects(atBob.chat.edit(id, 'other words'), { code: 'NOT_YOURS' });
  await t.rejects(atBob.chat.delete(id), { code: 'NOT_YOURS' });
  const edited = new Promise((resolve) => atBob.chat.on('edited', resolve));
  t.match(await atAnn.chat.edit(id, 'second words'), { text: 'second words' });
  t.match(await edited, { id, text: 'second words' });
  t.match(await atBob.chat.search('second', { limit: 5 }), [{ id }]);
  t.same(await atBob.chat.search('first', { limit: 5 }), [], 'the old text is not found any more');
  const deleted = new Promise((resolve) => atBob.chat.on('deleted', resolve));
  await atAnn.chat.delete(id);
  t.match(await deleted, { id, by: ann.id });
  t.match(await atBob.chat.message(id), { text: '', deleted: true });
  t.same(await atBob.chat.search('second', { limit: 5 }), []);
  const rows = await bob.database.all('SELECT body FROM chat_message WHERE kind IN (0, 2)');
  t.ok(
    rows.every(({ body }) => body === null),
    'neither the message nor its edit has a body',
  );
});

t.test('text of any script is found, and what is typed means nothing to the index', async (t) => {
  const ann = await MemoryNode.open(t, 'Ann', new MemoryNetwork());
  const atAnn = await ann.join(keys);
  const texts = ['Crème brûlée', '今天天气很好', 'สวัสดีครับ', 'party 🎉 time', `a"b (it's) -x foo AND`];
  for (const text of texts) await atAnn.say(text);
  const found = async (typed: string) =>
    (await atAnn.chat.search(typed, { limit: 9 })).map(({ text }) => text);
  t.same(await found('creme brul'), [texts[0]]);
  t.same(await found('天气'), [texts[1]]);
  t.same(await found('ครับ'), [texts[2]]);
  t.same(await found('🎉'), [texts[3]]);
  for (const typed of ['a"b', '(', "it's", '-x', 'foo AND', '"', '*', 'NEAR(', ''])
    await t.resolves(atAnn.chat.search(typed, { limit: 9 }), typed);
});

t.test('two who have the same history say less than 1 KB about it when they meet again', async (t) => {
  const { bytes } = await reconnectWithNothingNew(t, { messages: 400, people: 40 });
  t.ok(bytes > 0 && bytes < 1024, `${bytes} bytes`);
});
