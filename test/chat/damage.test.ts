import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { ERRORS } from '../../src/errors.js';
import { Database, damageMark } from '../../src/storage/database.js';
import { KeptNode } from '../support/kept-node.js';

const ROOM = 'damage';

const open = (t: Test, name: string) =>
  KeptNode.open(t, mkdtempSync(path.join(tmpdir(), `chatter-${name}-`)));

const told = ({ events }: KeptNode, code: string): number =>
  events.filter((event) => event.type === 'history-notice' && event.code === code).length;

/** Changes the database of a node that is closed. */
async function change(node: KeptNode, ...statements: string[]): Promise<void> {
  const database = new Database(node.folder.database);
  await database.open();
  for (const statement of statements) await database.run(statement);
  await database.close();
}

t.test('[S4] a key that was damaged or lost comes from its second copy, and it is told', async (t) => {
  const ann = await open(t, 'ann');
  await ann.join(ROOM);
  const { id } = ann;
  for (const fault of [
    () =>
      writeFileSync(ann.folder.identity, readFileSync(ann.folder.identity, 'utf8').replace(/.\n$/, '?\n')),
    () => writeFileSync(ann.folder.identity, ''),
    () => rmSync(ann.folder.identity),
  ]) {
    const before = told(ann, 'FOLDER_MENDED');
    await ann.close();
    fault();
    await ann.open();
    t.equal(ann.id, id);
    t.equal(told(ann, 'FOLDER_MENDED'), before + 1);
  }
  await ann.close();
  await ann.open();
  t.equal(told(ann, 'FOLDER_MENDED'), 3, 'no more once it is whole');
});

t.test('[S4] without a second copy a damaged key is never replaced', async (t) => {
  const ann = await open(t, 'ann');
  await ann.close();
  writeFileSync(ann.folder.identity, 'damaged');
  rmSync(`${ann.folder.database}.spare`);
  await t.rejects(ann.open(), {
    code: 'IDENTITY_DAMAGED',
    message: /Put a copy of it back, or move it away/,
  });
  t.equal(readFileSync(ann.folder.identity, 'utf8'), 'damaged');
});

t.test('[S4] rooms, names and marks that the disk has changed are as they were', async (t) => {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await bob.join(ROOM, ann);
  await bob.until(() => bob.node.room(ROOM).members.length === 1);
  await bob.view.mark({ person: ann.id, verified: true });
  await bob.view.rename({ name: 'Robert' });
  const { link } = await bob.view.create({ label: 'hideout' });
  const rooms = await bob.view.rooms();
  const changes = [
    `UPDATE room SET sec = zeroblob(32) WHERE label = 'hideout'`,
    `UPDATE room SET tier = 'oqen' WHERE label = '${ROOM}'`,
    'UPDATE room SET joined = 0',
    `UPDATE setting SET value = 'Mallory' WHERE key = 'name'`,
    'UPDATE person SET verified = 0',
  ];
  for (const statement of changes) {
    await bob.close();
    // As the disk does it: nothing counts the change.
    const [before, after] = ['TEMP TABLE was AS SELECT revision FROM spare', '(SELECT revision FROM was)'];
    await change(bob, `CREATE ${before}`, statement, `UPDATE spare SET revision = ${after}`);
    await bob.open();
    t.match(
      await bob.view.rooms(),
      rooms.map(({ room, roomId, joined }) => ({ room, roomId, joined })),
      statement,
    );
    t.equal(bob.view.invite({ room: 'hideout' }).link, link, statement);
    t.match([bob.node.name, bob.node.trust.marks(ann.id as never).verified], ['Robert', true], statement);
  }
  t.equal(told(bob, 'FOLDER_MENDED'), changes.length);
  const [sentence] = (await bob.join(ROOM)).notices;
  t.equal(sentence, ERRORS.FOLDER_MENDED, 'a terminal that joins later hears it');
  t.match(bob.view.snapshot().rooms, [{ notices: [ERRORS.FOLDER_MENDED] }], 'and a page');
});

t.test('[S4] what this node alone had is restored from a damaged database, as it stood', async (t) => {
  const ann = await open(t, 'ann');
  await ann.join(ROOM);
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) ids.push((await ann.ask('say', { room: ROOM, text: `kept ${n}` })).id);
  const id = (n: number) => ids[n] as string;
  await ann.ask('edit', { room: ROOM, id: id(3), text: 'kept otherwise' });
  await ann.ask('delete', { room: ROOM, id: id(5) });
  await ann.ask('react', { room: ROOM, id: id(7), emoji: '👍' });
  await ann.ask('retention', { room: ROOM, keep: '1y' });
  const { messages } = await ann.ask('history', { room: ROOM, limit: 100 });
  await ann.close();
  await change(ann, 'UPDATE chat_log SET messages = messages + 1');
  await ann.open();
  t.ok(existsSync(`${ann.folder.database}.damaged-1`), 'it was moved aside');
  t.equal(told(ann, 'HISTORY_DAMAGED'), 1);
  t.same((await ann.ask('history', { room: ROOM, limit: 100 })).messages, messages);
  t.match((await ann.ask('history', { room: ROOM, search: 'otherwise' })).messages, [{ id: id(3) }]);
  t.match(await ann.ask('retention', { room: ROOM }), { keep: '1y' });
  t.match(await ann.ask('unread', {}), [{ unread: 0 }]);
  await ann.ask('say', { room: ROOM, text: 'and on' });
  const bob = await open(t, 'bob');
  await bob.join(ROOM, ann);
  await bob.until(async () => (await bob.texts(ROOM)).length === 41);
  t.same(await bob.texts(ROOM), await ann.texts(ROOM), 'others take it');
  await ann.close();
  await ann.open();
  t.equal((await ann.texts(ROOM)).length, 41, 'once');
});

t.test('[S4] of a damaged message nothing is restored, and what follows waits for it', async (t) => {
  const [ann, bob] = [await open(t, 'ann'), await open(t, 'bob')];
  await ann.join(ROOM);
  await bob.join(ROOM, ann);
  const said = Array.from({ length: 6 }, (_, i) => `line ${i}`);
  for (const text of said) await bob.ask('say', { room: ROOM, text });
  await ann.has(ROOM, said);
  await bob.close();
  await change(
    bob,
    'UPDATE chat_message SET header = CAST(substr(header, 1, 40) || zeroblob(length(header) - 40) AS BLOB) WHERE seq = 3',
  );
  await change(bob, 'UPDATE chat_log SET messages = 9');
  await bob.open();
  t.same(await bob.texts(ROOM), said.slice(0, 3));
  await bob.join(ROOM, ann);
  await bob.has(ROOM, said);
});

t.test('[S4] one wrong bit of a message is put right by its hash, though nobody else has it', async (t) => {
  const ann = await open(t, 'ann');
  await ann.join(ROOM);
  const said = Array.from({ length: 5 }, (_, i) => `redshank ${i}`);
  for (const text of said) await ann.ask('say', { room: ROOM, text });
  await ann.close();
  const database = new Database(ann.folder.database);
  await database.open();
  for (const [seq, column, at] of [
    [1, 'header', 70],
    [2, 'body', 3],
    [3, 'id', 9],
  ] as const) {
    const [row] = await database.all(`SELECT ${column} AS bytes FROM chat_message WHERE seq = ?`, [seq]);
    const bytes = row?.bytes as Uint8Array;
    bytes[at] = (bytes[at] as number) ^ 0x10;
    await database.run(`UPDATE chat_message SET ${column} = ? WHERE seq = ?`, [bytes, seq]);
  }
  await database.run('UPDATE chat_log SET messages = 9');
  await database.close();
  await ann.open();
  t.same(await ann.texts(ROOM), said);
  t.equal(told(ann, 'HISTORY_DAMAGED'), 1);
});

t.test('[S4] a deletion for everyone reaches databases that were moved aside', async (t) => {
  const secret = 'nightjar-1188';
  const ann = await open(t, 'ann');
  await ann.join(ROOM);
  const { id } = await ann.ask('say', { room: ROOM, text: secret });
  await ann.close();
  await change(ann, 'UPDATE chat_log SET messages = 7');
  await ann.open();
  t.same(await ann.texts(ROOM), [secret]);
  await ann.ask('delete', { room: ROOM, id });
  await ann.close();
  t.same(ann.filesWith(secret), []);
});

t.test(
  '[S4] a message with marks that it cannot have is not shown so; the next start mends it',
  async (t) => {
    const ann = await open(t, 'ann');
    await ann.join(ROOM);
    for (const text of ['one', 'two']) await ann.ask('say', { room: ROOM, text });
    for (const [change_, shown] of [
      ['flags = flags | 8', ['two']],
      ['flags = flags & ~2', ['two']],
      ['body = NULL', ['two']],
    ] as const) {
      await ann.close();
      await change(ann, `UPDATE chat_message SET ${change_} WHERE seq = 0`);
      await ann.open();
      t.same(await ann.texts(ROOM), shown, change_);
      t.ok(existsSync(damageMark(ann.folder.database)), change_);
      await ann.close();
      await ann.open();
      if (change_ !== 'body = NULL') t.same(await ann.texts(ROOM), ['one', 'two'], `${change_}, mended`);
    }
    t.same(await ann.texts(ROOM), ['', 'two'], 'a text that is gone is known to be gone');
  },
);
