import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Database, damageMark } from '../../src/storage/database.js';
import { FolderLock } from '../../src/storage/folder-lock.js';
import { mendDatabase } from '../../src/storage/mend-database.js';
import { SparedStorage, spareSeed } from '../../src/storage/spared-storage.js';
import { absorbLog, isLogBroken } from '../../src/storage/write-ahead-log.js';
import { SeededRandom } from '../support/seeded-random.js';

const PAGE = 4096;
const SEED = Buffer.alloc(32, 7);

async function opened(t: Test, file: string): Promise<Database> {
  const database = new Database(file);
  await database.open();
  t.teardown(() => database.close());
  return database;
}

/** A database as a killed process leaves it: much of it is in the log alone. */
async function killed(t: Test, rows = 60): Promise<string> {
  const folder = t.testdir({});
  const database = await opened(t, path.join(folder, 'running.db'));
  await database.migrate('thing', ['CREATE TABLE thing (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT']);
  for (let n = 1; n <= rows; n++)
    await database.run('INSERT INTO thing VALUES (?, ?)', [n, `line ${n} `.repeat(40)]);
  const file = path.join(folder, 'killed.db');
  for (const end of ['', '-wal']) copyFileSync(path.join(folder, `running.db${end}`), file + end);
  return file;
}

async function lines(t: Test, file: string): Promise<number[]> {
  const database = await opened(t, file);
  const rows = await database.all('SELECT n FROM thing ORDER BY n');
  await database.close();
  return rows.map(({ n }) => Number(n));
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

t.test('[S4] a log that only ends too early is no damage, wherever it ends', async (t) => {
  const file = await killed(t);
  const whole = readFileSync(`${file}-wal`);
  t.equal(isLogBroken(file), false);
  const random = new SeededRandom(Number(process.env.SEED ?? 1));
  for (let i = 0; i < 200; i++) {
    writeFileSync(`${file}-wal`, whole.subarray(0, random.int(whole.length)));
    if (isLogBroken(file)) t.fail(`cut at ${readFileSync(`${file}-wal`).length}`);
  }
  // A process may be killed between the head of a frame and its page, over what an older log has left.
  const half = Buffer.from(whole);
  half.copy(half, half.length - PAGE, 32 + 24, 32 + 24 + PAGE);
  writeFileSync(`${file}-wal`, half);
  t.equal(isLogBroken(file), false, 'the last page was not written any more');
});

t.test(
  '[S4] a bit that is another anywhere in a log is found, unless it is in what was written last',
  async (t) => {
    const file = await killed(t);
    const whole = readFileSync(`${file}-wal`);
    const random = new SeededRandom(Number(process.env.SEED ?? 1));
    const last = whole.length - PAGE - 24;
    for (let i = 0; i < 300; i++) {
      const at = i < 32 ? i : i < 56 ? i : random.int(last);
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ (1 << random.int(8));
      writeFileSync(`${file}-wal`, flipped);
      // Version, page size and the number of the checkpoint say nothing that is needed here.
      if (!isLogBroken(file)) t.fail(`byte ${at} of ${whole.length}`);
    }
  },
);

t.test('a log is brought into its database as SQLite does it', async (t) => {
  const file = await killed(t);
  const other = `${file}.other`;
  for (const end of ['', '-wal']) copyFileSync(file + end, other + end);
  t.same(await lines(t, other), upTo(60), 'SQLite');
  absorbLog(file);
  t.notOk(existsSync(`${file}-wal`));
  t.same(await lines(t, file), upTo(60));
  absorbLog(file);
  t.same(await lines(t, file), upTo(60), 'where there is none');
});

t.test('[S4] rows behind a damaged place of the log are not lost', async (t) => {
  const file = await killed(t);
  const log = readFileSync(`${file}-wal`);
  const at = log.indexOf('line 30 '); // the first page with it; later ones hold it too
  log[at] = 0x4c;
  writeFileSync(`${file}-wal`, log);
  t.equal(isLogBroken(file), true);
  const old = mendDatabase(file);
  const database = await opened(t, file);
  await database.migrate('thing', ['CREATE TABLE thing (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT']);
  t.equal((await database.all('SELECT n FROM thing')).length, 60);
  t.ok(existsSync(old));
  await database.scrub();
  t.notOk(existsSync(old), 'what was removed is in no old file either');
});

t.test('[S4] an index that does not agree with its table is found when it is opened', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const database = await opened(t, file);
  await database.migrate('thing', [
    'CREATE TABLE thing (text TEXT NOT NULL) STRICT; CREATE INDEX by_text ON thing (text)',
  ]);
  for (const text of ['kingfisher', 'wagtail']) await database.run('INSERT INTO thing VALUES (?)', [text]);
  await database.close();
  const bytes = readFileSync(file);
  bytes[bytes.lastIndexOf('wagtail')] = 0x57; // in the index, or in the table: they differ then
  writeFileSync(file, bytes);
  let told = 0;
  const again = new Database(file, { damaged: () => told++ });
  await t.rejects(again.open(), { code: 'STORAGE_FAILED', message: /damaged; it is mended/ });
  await again.close();
  t.ok(existsSync(damageMark(file)));
  t.equal(told, 1);
});

t.test('of several that want a data folder one has it, until it is closed', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const [one, two] = [new FolderLock(file), new FolderLock(file)];
  await one.open();
  await t.rejects(two.open(), { code: 'DATA_FOLDER_LOCKED' });
  await two.close();
  await one.close();
  const three = new FolderLock(file);
  await three.open();
  await three.close();
  t.equal(readFileSync(`${file}.lock`).length, 0, 'nothing is in it that could be damaged');
});

const TABLES = [{ name: 'room' }, { name: 'person', where: '@.marked' }];
const STEPS = `CREATE TABLE room (id TEXT PRIMARY KEY, key BLOB NOT NULL, label TEXT) STRICT;
  CREATE TABLE person (id TEXT PRIMARY KEY, marked INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT`;

/** Storage with a second record, as a node opens it. */
async function spared(t: Test, file: string) {
  const database = await opened(t, file);
  const storage = new SparedStorage(database, file, { tables: TABLES, failed: (err) => t.fail(String(err)) });
  const isContradicted = await storage.isContradicted();
  await database.migrate('thing', [STEPS]);
  const restored = await storage.restore();
  await storage.begin(SEED);
  const content = async () => [
    await storage.all('SELECT * FROM room ORDER BY rowid'),
    await storage.all('SELECT id, marked FROM person ORDER BY id'),
  ];
  return { database, storage, isContradicted, restored, content };
}

const put = (storage: Pick<Database, 'run'>, id: string, label: string | null = null) =>
  storage.run('INSERT INTO room VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET label = excluded.label', [
    id,
    Buffer.from(id),
    label,
  ]);

t.test('[S4] what the disk has changed or lost of the rooms comes from their second record', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const first = await spared(t, file);
  t.match([first.restored, first.isContradicted, first.storage.isDamaged], [null, false, false]);
  for (const id of ['b', 'a', 'c']) await put(first.storage, id);
  await first.storage.run('INSERT INTO person VALUES (?, ?, ?)', ['ann', 1, 5]);
  await first.storage.run('INSERT INTO person VALUES (?, ?, ?)', ['bob', 0, 5]);
  const truth = await first.content();
  await first.database.close();
  t.same(spareSeed(file), SEED);

  const changes = [
    `UPDATE room SET label = 'other' WHERE id = 'a'`,
    `UPDATE room SET key = x'00' WHERE id = 'c'`,
    `UPDATE room SET id = 'd' WHERE id = 'c'`,
    `DELETE FROM room`,
    `UPDATE person SET marked = 0 WHERE id = 'ann'`,
  ];
  for (const change of changes) {
    for (const [revision, restored] of [
      ['revision', 'changed'],
      ['revision - 1', 'lost'],
    ]) {
      const database = await opened(t, file);
      const [row] = await database.all(`SELECT ${revision} AS revision FROM spare`);
      await database.run(change);
      await database.run('UPDATE spare SET revision = ?', [row?.revision as number]);
      await database.close();
      const next = await spared(t, file);
      t.equal(next.restored, restored, change);
      t.same(await next.content(), truth, change);
      await next.database.close();
    }
  }
  const whole = await spared(t, file);
  t.equal(whole.restored, null, 'once');
  await whole.database.close();
});

t.test('a change that the second record has not got any more is not taken back', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const first = await spared(t, file);
  await put(first.storage, 'a');
  await first.database.run(`INSERT INTO person VALUES ('ann', 0, 1)`);
  await put(first.database, 'b'); // killed before the file was written
  await first.database.close();
  const next = await spared(t, file);
  t.equal(next.restored, null);
  t.equal((await next.content())[0]?.length, 2);
  await next.database.close();
  writeFileSync(`${file}.spare`, readFileSync(`${file}.spare`, 'utf8').replace('"id":"a"', '"id":"x"'));
  const damaged = await spared(t, file);
  t.match([damaged.storage.isDamaged, damaged.restored, damaged.storage.seed], [true, null, null]);
  t.match((await damaged.content())[0], [{ id: 'a' }, { id: 'b' }]);
  await damaged.database.close();
  const again = await spared(t, file);
  t.equal(again.storage.isDamaged, false, 'it was written anew');
  const before = readFileSync(`${file}.spare`, 'utf8');
  await again.storage.run(`UPDATE person SET seen = 2 WHERE id = 'ann'`);
  t.equal(readFileSync(`${file}.spare`, 'utf8'), before, 'who bears no mark is not in it');
  again.storage.remove();
  await put(again.storage, 'z');
  t.notOk(existsSync(`${file}.spare`), 'removed for good');
});

t.test('[S4] definitions that the disk has changed contradict the second record', async (t) => {
  const file = path.join(t.testdir({}), 'chatter.db');
  const first = await spared(t, file);
  await put(first.storage, 'a');
  await first.database.close();
  const whole = readFileSync(file);
  for (const [was, is] of [
    ['label TEXT', 'lapel TEXT'],
    ['seen INTEGER', 'seem INTEGER'],
  ] as const) {
    const bytes = Buffer.from(whole);
    bytes.write(is, bytes.indexOf(was));
    writeFileSync(file, bytes);
    const database = await opened(t, file);
    const storage = new SparedStorage(database, file, { tables: TABLES, failed: () => {} });
    t.equal(await storage.isContradicted(), true, is);
    await database.close();
  }
  writeFileSync(file, whole);
  const database = await opened(t, file);
  await database.run(`UPDATE migration SET step = 9 WHERE feature = 'thing'`);
  const storage = new SparedStorage(database, file, { tables: TABLES, failed: () => {} });
  t.equal(await storage.isContradicted(), true, 'what was made of them');
});
