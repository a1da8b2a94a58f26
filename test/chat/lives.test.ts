import { cpSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import type { NodeOptions } from '../../src/node/options.js';
import { Database } from '../../src/storage/database.js';
import { Settings } from '../../src/storage/settings.js';
import { KeptNode } from '../support/kept-node.js';

const ROOM = 'lives';
const YEAR_MS = 365 * 24 * 60 * 60_000;

const freshFolder = (name: string) => mkdtempSync(path.join(tmpdir(), `chatter-${name}-`));

const open = (t: Test, name: string, options?: NodeOptions) => KeptNode.open(t, freshFolder(name), options);

/** A computer whose clock is wrong by so much. */
const wrongBy = (ms: number): NodeOptions => ({
  clock: { ...systemClock, wall: () => systemClock.wall() + ms },
});

const order = async (node: KeptNode) =>
  (await node.ask('history', { room: ROOM, limit: 500 })).messages.map(({ id, text }) => `${id} ${text}`);

const notices = (node: KeptNode, code: string) =>
  node.events.filter((event) => event.type === 'history-notice' && event.code === code).length;

/** All of them have the same texts, in the same order. */
async function agree(t: Test, nodes: readonly KeptNode[], texts: readonly string[]): Promise<void> {
  for (const node of nodes) await node.has(ROOM, texts);
  const [first, ...others] = await Promise.all(nodes.map(order));
  for (const other of others) t.same(other, first, 'one order');
}

t.test('[C16] a data folder that was copied goes on at both places, as two logs of one person', async (t) => {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await bob.join(ROOM, ann);
  await ann.ask('say', { room: ROOM, text: 'before' });
  await bob.has(ROOM, ['before']);
  await ann.close();
  const copied = freshFolder('copy');
  cpSync(ann.folder.path, copied, { recursive: true });
  const copy = await KeptNode.open(t, copied);
  await ann.open();
  await ann.ask('say', { room: ROOM, text: 'here' });
  await copy.ask('say', { room: ROOM, text: 'there' });
  await ann.join(ROOM, bob);
  await copy.join(ROOM, bob);
  await agree(t, [ann, bob, copy], ['before', 'here', 'there']);
  await copy.ask('say', { room: ROOM, text: 'and after' });
  await agree(t, [ann, bob, copy], ['before', 'here', 'there', 'and after']);
  t.same(
    [ann, bob, copy].map((node) => notices(node, 'FORKED')),
    [0, 0, 0],
    'nothing has forked',
  );
});

t.test(
  '[C16] an older copy that came back in its place forks its log once, is told, and goes on',
  async (t) => {
    const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
    await ann.join(ROOM);
    await ann.ask('say', { room: ROOM, text: 'one' });
    await ann.close();
    const files = [ann.folder.database, `${ann.folder.database}.spare`];
    const backup = files.map((file) => readFileSync(file));
    await ann.open();
    await bob.join(ROOM, ann);
    await ann.ask('say', { room: ROOM, text: 'two' });
    await bob.has(ROOM, ['one', 'two']);
    await ann.close();
    // The same files, so that their place tells nothing.
    for (const [i, file] of files.entries()) writeFileSync(file, backup[i] as Buffer);
    await ann.open();
    await ann.ask('say', { room: ROOM, text: 'other two' });
    await ann.join(ROOM, bob);
    await agree(t, [ann, bob], ['one', 'two', 'other two']);
    await ann.until(() => notices(ann, 'WRITER_RENEWED') > 0);
    for (const text of ['three', 'four']) await ann.ask('say', { room: ROOM, text });
    await bob.ask('say', { room: ROOM, text: 'five' });
    await agree(t, [ann, bob], ['one', 'two', 'other two', 'three', 'four', 'five']);
    t.equal(notices(bob, 'FORKED'), 1, 'shown once');
    const cid = await open(t, 'cid');
    await cid.join(ROOM, bob);
    await agree(t, [bob, cid], ['one', 'two', 'other two', 'three', 'four', 'five']);
  },
);

t.test('[C16] a database that came back older than its second record writes nothing twice', async (t) => {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await ann.ask('say', { room: ROOM, text: 'one' });
  await ann.close();
  const backup = readFileSync(ann.folder.database);
  await ann.open();
  await bob.join(ROOM, ann);
  await ann.view.rename({ name: 'Anna' });
  await ann.ask('say', { room: ROOM, text: 'two' });
  await bob.has(ROOM, ['one', 'two']);
  await ann.close();
  writeFileSync(ann.folder.database, backup);
  await ann.open();
  t.equal(ann.node.name, 'Anna');
  t.same([notices(ann, 'FOLDER_MENDED'), notices(ann, 'HISTORY_DAMAGED')], [1, 1]);
  await ann.ask('say', { room: ROOM, text: 'other two' });
  await ann.join(ROOM, bob);
  await agree(t, [ann, bob], ['one', 'two', 'other two']);
  t.equal(notices(bob, 'FORKED'), 0);
});

t.test('[C16] who writes two histories on purpose is shown once, and all end with one order', async (t) => {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await ann.ask('say', { room: ROOM, text: 'the truth' });
  await ann.close();
  const copied = freshFolder('twin');
  cpSync(ann.folder.path, copied, { recursive: true });
  await pretendToLieWhereItLies(path.join(copied, 'chatter.db'));
  const twin = await KeptNode.open(t, copied);
  await ann.open();
  const texts = ['the truth'];
  for (let i = 0; i < 20; i++) {
    texts.push(`ann ${i}`, `twin ${i}`);
    await ann.ask('say', { room: ROOM, text: `ann ${i}` });
    await twin.ask('say', { room: ROOM, text: `twin ${i}` });
  }
  const cid = await open(t, 'cid');
  await bob.join(ROOM, ann);
  await cid.join(ROOM, twin);
  await bob.has(
    ROOM,
    texts.filter((text) => !text.startsWith('twin')),
  );
  await cid.has(
    ROOM,
    texts.filter((text) => !text.startsWith('ann')),
  );
  await cid.join(ROOM, bob);
  await agree(t, [bob, cid], texts);
  for (const node of [bob, cid]) {
    await node.until(() => notices(node, 'FORKED') === 1);
    await node.ask('say', { room: ROOM, text: `still here: ${node.id}` });
    texts.push(`still here: ${node.id}`);
  }
  await agree(t, [ann, bob, cid, twin], texts);
  t.same(
    [bob, cid].map((node) => notices(node, 'FORKED')),
    [1, 1],
    'shown once',
  );
  t.same(
    [bob, cid].map(({ node }) => node.counters.snapshot()),
    [{}, {}],
    'nobody was cut off for it',
  );
});

/** Makes a copied data folder believe that it has always been there. */
async function pretendToLieWhereItLies(file: string): Promise<void> {
  const database = new Database(file);
  await database.open();
  const settings = await Settings.load(database);
  const writers = JSON.parse((await settings.get('chat-writers')) ?? '') as object;
  const { dev, ino, birthtimeMs } = statSync(file, { bigint: true });
  await settings.set('chat-writers', JSON.stringify({ ...writers, place: `${dev} ${ino} ${birthtimeMs}` }));
  await database.close();
}

t.test('a clock that is wrong by years moves nothing and loses nothing', async (t) => {
  const early = await open(t, 'early', wrongBy(-30 * YEAR_MS));
  const late = await open(t, 'late', wrongBy(10 * YEAR_MS));
  const bob = await open(t, 'bob');
  await bob.join(ROOM);
  await early.join(ROOM, bob);
  await late.join(ROOM, bob);
  const said: string[] = [];
  for (const [i, node] of [late, early, bob, late, early].entries()) {
    await node.has(ROOM, said);
    await node.ask('say', { room: ROOM, text: `line ${i}` });
    said.push(`line ${i}`);
  }
  await agree(t, [bob, early, late], said);
  const { messages } = await bob.ask('history', { room: ROOM });
  t.same(
    messages.map(({ text }) => text),
    said,
    'as it was said',
  );
  t.ok(
    messages.every(({ sent }) => Math.abs(Date.parse(sent) - Date.now()) < 60_000),
    'at times that can be',
  );
  t.same(
    messages.map(({ clockOff }) => clockOff ?? false),
    [true, true, false, true, true],
  );
  await bob.ask('retention', { room: ROOM, keep: '1d' });
  t.same(await bob.texts(ROOM), said, 'nothing of it is old');
});

t.test(
  'texts past their time go from this data folder alone, and come back from others only to who lacks them',
  async (t) => {
    const secret = 'goldcrest-77';
    const ann = await open(t, 'ann', wrongBy(-3 * 24 * 60 * 60_000));
    const bob = await open(t, 'bob');
    await ann.join(ROOM);
    await bob.join(ROOM, ann);
    const { id } = await ann.ask('say', { room: ROOM, text: secret });
    await ann.ask('react', { room: ROOM, id, emoji: '👍' });
    await bob.has(ROOM, [secret]);
    await bob.ask('say', { room: ROOM, text: 'today' });
    await bob.has(ROOM, [secret, 'today']);
    await ann.has(ROOM, [secret, 'today']);
    t.match(await bob.ask('retention', { room: ROOM }), { keep: '30d' }, 'an open room');
    await bob.ask('retention', { room: ROOM, keep: '1d' });
    await bob.has(ROOM, ['', 'today']);
    t.match(await bob.ask('message', { room: ROOM, id }), { expired: true, text: '' });
    t.same((await bob.ask('history', { room: ROOM, search: secret })).messages, []);
    t.same(bob.filesWith(secret), []);
    t.same(await ann.texts(ROOM), [secret, 'today'], 'others keep theirs');
    await ann.close();
    const cid = await open(t, 'cid');
    await cid.join(ROOM, bob);
    await cid.has(ROOM, ['', 'today']);
    await ann.open();
    await ann.join(ROOM, cid);
    await cid.has(ROOM, [secret, 'today']);
    t.match(
      (await cid.ask('history', { room: ROOM, search: secret })).messages,
      [{ id }],
      'and can be found',
    );
    t.same(bob.filesWith(secret), [], 'it does not come back to Bob');
  },
);

t.test(
  '[S4] a body that the disk has changed is not shown, is told, and comes back from others',
  async (t) => {
    const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
    await ann.join(ROOM);
    await bob.join(ROOM, ann);
    const { id } = await ann.ask('say', { room: ROOM, text: 'kingfisher by the river' });
    await ann.ask('say', { room: ROOM, text: 'whole' });
    await bob.has(ROOM, ['kingfisher by the river', 'whole']);
    await bob.close();
    const file = readFileSync(bob.folder.database);
    file[file.indexOf('kingfisher by the river')] = 0x4b; // its body alone: the index has single words
    writeFileSync(bob.folder.database, file);
    await bob.open();
    t.same(await bob.texts(ROOM), ['whole'], 'not as it never was');
    await bob.until(() => notices(bob, 'HISTORY_DAMAGED') === 1);
    await bob.join(ROOM, ann);
    await bob.has(ROOM, ['kingfisher by the river', 'whole']);
    t.match((await bob.ask('history', { room: ROOM, search: 'kingfisher' })).messages, [{ id }]);
  },
);

t.test(
  '[S4] a damaged database is moved aside, its rooms are kept, and what was said comes back',
  async (t) => {
    const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
    await ann.join(ROOM);
    await bob.join(ROOM, ann);
    await bob.view.rename({ name: 'Robert' });
    const said = Array.from({ length: 50 }, (_, i) => `line ${i}`);
    for (const text of said) await ann.ask('say', { room: ROOM, text });
    await bob.has(ROOM, said);
    const who = bob.id;
    await bob.close();
    const file = readFileSync(bob.folder.database);
    const at = file.lastIndexOf('line 30');
    file.fill(0xff, at - (at % 4096), at - (at % 4096) + 4096); // the page in which it lies
    writeFileSync(bob.folder.database, file);
    await bob.open();
    // It is found when the page is read; the node is started again, and mends it.
    for (let i = 0; i < 2 && !existsSync(`${bob.folder.database}.damaged-1`); i++) {
      await bob.texts(ROOM).catch(() => []);
      await bob.close();
      await bob.open();
    }
    t.ok(existsSync(`${bob.folder.database}.damaged-1`), 'the old one is kept');
    t.match([bob.id, bob.node.name], [who, 'Robert']);
    t.match(await bob.view.rooms(), [{ room: ROOM, joined: true }]);
    t.equal(notices(bob, 'HISTORY_DAMAGED'), 1, 'and it is said');
    await bob.join(ROOM, ann);
    await agree(t, [ann, bob], said);
    await bob.ask('say', { room: ROOM, text: 'I am back' });
    await agree(t, [ann, bob], [...said, 'I am back']);
    t.equal(notices(ann, 'FORKED'), 0);
  },
);

t.test(
  '[S4] what is no database at all is moved aside, and one goes on as the same person in the same rooms',
  async (t) => {
    const ann = await open(t, 'ann');
    await ann.join(ROOM);
    const who = ann.id;
    await ann.close();
    writeFileSync(ann.folder.database, 'once this was a database '.repeat(1000));
    await ann.open();
    t.equal(ann.id, who);
    t.match(await ann.view.rooms(), [{ room: ROOM, joined: true }]);
    await ann.ask('say', { room: ROOM, text: 'hello' });
    t.same(await ann.texts(ROOM), ['hello']);
  },
);

t.test(
  '[S4] a message whose place the disk has changed is not shown, and the next start mends it',
  async (t) => {
    const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
    await ann.join(ROOM);
    await bob.join(ROOM, ann);
    const said = ['one', 'two', 'three'];
    for (const text of said) await ann.ask('say', { room: ROOM, text });
    await bob.has(ROOM, said);
    await bob.close();
    const database = new Database(bob.folder.database);
    await database.open();
    await database.run('UPDATE chat_message SET clock = 77 WHERE seq = 1');
    await database.close();
    await bob.open();
    t.same(await bob.texts(ROOM), ['one', 'three']);
    await bob.until(() => notices(bob, 'HISTORY_DAMAGED') === 1);
    await bob.close();
    await bob.open();
    t.ok(existsSync(`${bob.folder.database}.damaged-1`), 'the old one is kept');
    await bob.join(ROOM, ann);
    await agree(t, [ann, bob], said);
  },
);

t.test('[S4] a text that the disk has made none of ends no node; everything is as it was', async (t) => {
  const ann = await open(t, 'ann');
  const rooms = ['kingfisher-room', 'wagtail-room'];
  for (const room of rooms) await ann.join(room);
  await ann.close();
  const file = readFileSync(ann.folder.database);
  for (let at = file.indexOf(rooms[0] as string); at >= 0; at = file.indexOf(rooms[0] as string, at + 1))
    file[at] = 0xff; // libsql ends the process when it reads it
  writeFileSync(ann.folder.database, file);
  await ann.open();
  t.match(
    await ann.view.rooms(),
    rooms.map((room) => ({ room })),
  );
  t.ok(existsSync(`${ann.folder.database}.damaged-1`));
});
