import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import t, { type Test } from 'tap';
import { CrashRecord } from '../../src/daemon/crash-record.js';
import { LIMITS } from '../../src/limits.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { Database, type RunOptions } from '../../src/storage/database.js';
import { Settings } from '../../src/storage/settings.js';

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
const root = process.getuid?.() === 0;
const NOBODY = 65_534;

function folderIn(t: Test, name = 'data'): DataFolder {
  const folder = new DataFolder({ data: path.join(t.testdir(), name) });
  folder.create();
  return folder;
}

/** Runs `fn` with every right that the umask could give away given away. */
function generously(fn: () => void): void {
  const before = process.umask(0);
  try {
    fn();
  } finally {
    process.umask(before);
  }
}

t.test('[A6] the data folder and what is written there are for their owner alone', async (t) => {
  const data = path.join(t.testdir(), 'some', 'where', 'data');
  const folder = new DataFolder({ data });
  generously(() => {
    folder.create();
    folder.write(folder.tokenFile, 'secret');
  });
  t.equal(mode(data), '700');
  t.equal(mode(path.dirname(folder.logFile)), '700');
  t.equal(mode(folder.tokenFile), '600');
  t.equal(folder.read(folder.tokenFile), 'secret');
});

t.test('[A6] rights that are too wide are repaired', async (t) => {
  const folder = folderIn(t);
  folder.write(folder.tokenFile, 'old');
  for (const wide of [0o755, 0o777, 0o750, 0o701, 0o710]) {
    chmodSync(folder.path, wide);
    folder.create();
    t.equal(mode(folder.path), '700', wide.toString(8));
  }
  chmodSync(folder.tokenFile, 0o644);
  generously(() => folder.write(folder.tokenFile, 'new'));
  t.equal(mode(folder.tokenFile), '600', 'a file that is written anew');
  t.equal(folder.read(folder.tokenFile), 'new');
});

t.test('a profile is a folder beside the default one, never anywhere else', async (t) => {
  const data = path.join(t.testdir(), 'chatter');
  t.equal(new DataFolder({ data }).path, data);
  for (const profile of ['b', 'Bob', '2', 'a.b_c-d', 'a'.repeat(32)]) {
    t.equal(new DataFolder({ data, profile }).path, `${data}-${profile}`, profile);
  }
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc',
    '-x',
    '_x',
    '.x',
    'a b',
    'a\n',
    'ä',
    'a\0',
    'a'.repeat(33),
  ];
  for (const profile of bad) {
    t.throws(() => new DataFolder({ data, profile }), { code: 'USAGE' }, JSON.stringify(profile));
  }
  t.match(new DataFolder().path, /chatter/, "the system's place for it");
  t.ok(path.isAbsolute(new DataFolder({ data: 'here' }).path), 'a relative one is made absolute');
  t.throws(() => new DataFolder({ data: '' }), { code: 'USAGE' }, 'an empty one is not the working folder');
});

t.test('a file is written whole or not at all', async (t) => {
  const folder = folderIn(t);
  folder.write(folder.identity, 'a'.repeat(100_000));
  folder.write(folder.identity, 'b');
  t.equal(readFileSync(folder.identity, 'utf8'), 'b', 'the second one is not longer than it is');
  folder.write(folder.identity, '');
  t.equal(folder.read(folder.identity), '');
  folder.write(folder.identity, 'gänsefüßchen 🪿');
  t.equal(folder.read(folder.identity), 'gänsefüßchen 🪿');
  t.strictSame(readdirSync(folder.path).sort(), ['identity', 'log'], 'no temporary file is left');

  mkdirSync(folder.nodeFile);
  t.throws(
    () => folder.write(folder.nodeFile, 'x'),
    { code: 'DATA_FOLDER_UNUSABLE' },
    'a folder in its place',
  );
  t.strictSame(
    readdirSync(folder.path).sort(),
    ['identity', 'log', 'node.json'],
    'none after a failure either',
  );
  t.equal(folder.read(folder.tokenFile), null, 'what was never written');
  t.throws(() => folder.read(folder.nodeFile), { code: 'DATA_FOLDER_UNUSABLE' }, 'what cannot be read');
  folder.remove(folder.identity);
  folder.remove(folder.identity);
  t.equal(folder.read(folder.identity), null, 'what was removed');
});

t.test('a reader never sees half of a file, nor a moment without one', async (t) => {
  const folder = folderIn(t);
  folder.write(folder.nodeFile, '0'.repeat(50_000));
  const script = `
    const { readFileSync } = require('node:fs');
    console.log('ready');
    let n = 0;
    for (;;) {
      const text = readFileSync(process.argv[1], 'utf8');
      if (text.length !== 50_000 || text !== text[0].repeat(50_000)) throw new Error('half: ' + text.length);
      if (text[0] === 'e') break;
      n++;
    }`;
  const reader = spawn(process.execPath, ['-e', script, folder.nodeFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(reader.stdout, 'data');
  for (let i = 0; i < 300; i++) folder.write(folder.nodeFile, `${i % 10}`.repeat(50_000));
  folder.write(folder.nodeFile, 'e'.repeat(50_000));
  t.strictSame(await once(reader, 'exit'), [0, null]);
});

const unusable = (message: RegExp) => ({ code: 'DATA_FOLDER_UNUSABLE', message });

t.test('a data folder that cannot be used says why', async (t) => {
  const dir = t.testdir({ file: '', taken: { log: '' }, closed: {}, foreign: {} });
  const create = (...parts: string[]) => new DataFolder({ data: path.join(dir, ...parts) }).create();
  t.throws(() => create('file'), unusable(/file: a file is in its place\.$/));
  t.throws(() => create('file', 'data'), unusable(/data: a part of this path is a file\.$/));
  t.throws(() => create('taken'), unusable(/taken: a file is in its place\.$/));
  writeFileSync(path.join(dir, 'foreign', 'letter'), 'Dear Ann');
  chmodSync(path.join(dir, 'foreign'), 0o755);
  t.throws(() => create('foreign'), unusable(/foreign has other things in it/), 'somebody’s folder');
  t.equal(mode(path.join(dir, 'foreign')), '755', 'it is left as it was');
  if (existsSync('/proc'))
    t.throws(
      () => new DataFolder({ data: '/proc/x/y' }).create(),
      unusable(/y: /),
      'where nothing can be made',
    );
  const gone = new DataFolder({ data: path.join(dir, 'gone') });
  t.throws(() => gone.write(gone.tokenFile, 'x'), unusable(/gone: it cannot be used\.$/), 'nothing there');

  const closed = path.join(dir, 'closed');
  chmodSync(closed, 0o555);
  if (root) process.seteuid?.(NOBODY);
  try {
    t.throws(() => create('closed', 'data'), unusable(/data: you are not allowed to write there\.$/));
  } finally {
    if (root) process.seteuid?.(0);
    chmodSync(closed, 0o755);
  }
});

t.test(
  'a data folder of another user is refused',
  { skip: !root && 'only root can give one away' },
  async (t) => {
    const folder = folderIn(t);
    chmodSync(folder.path, 0o755);
    chownSync(folder.path, NOBODY, NOBODY);
    t.throws(() => folder.create(), unusable(/data belongs to another user\.$/));
    t.equal(mode(folder.path), '755', 'and nothing is changed there');
  },
);

t.test('a database holds what it is given, and gives back the same', async (t) => {
  const folder = folderIn(t);
  const db = new Database(folder.database);
  t.teardown(() => db.close());
  await db.open();
  await db.migrate('thing', ['CREATE TABLE thing (id INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB) STRICT']);
  await db.run('INSERT INTO thing VALUES (?, ?, ?, ?)', [
    1,
    "x'; DROP TABLE thing; --",
    1.5,
    new Uint8Array([0, 255]),
  ]);
  await db.run('INSERT INTO thing VALUES (?, ?, ?, ?)', [2, null, null, null]);
  await db.run('INSERT INTO thing (c) VALUES (?)', [Buffer.from('lone')]);
  t.strictSame(await db.all('SELECT * FROM thing WHERE id < 3 ORDER BY id'), [
    { id: 1, a: "x'; DROP TABLE thing; --", b: 1.5, c: new Uint8Array([0, 255]) },
    { id: 2, a: null, b: null, c: null },
  ]);
  t.strictSame(await db.all('SELECT c FROM thing WHERE id = ?', [3]), [
    { c: new Uint8Array(Buffer.from('lone')) },
  ]);
  t.strictSame(await db.all('SELECT * FROM thing WHERE id = 99'), []);
  await t.rejects(db.run('INSERT INTO nothing VALUES (1)'), { code: 'STORAGE_FAILED' });
  await t.rejects(db.all('SELEKT 1'), { code: 'STORAGE_FAILED' });
  await t.rejects(
    db.run('INSERT INTO thing (id) VALUES (?)', [1]),
    { code: 'STORAGE_FAILED' },
    'a key twice',
  );
  await db.close();
  await t.rejects(db.run('DELETE FROM thing'), { code: 'CLOSED' });
  await t.rejects(db.all('SELECT 1'), { code: 'CLOSED' });
  await db.close();

  const again = new Database(folder.database);
  t.teardown(() => again.close());
  await again.open();
  t.strictSame(await again.all('SELECT count(*) AS n FROM thing'), [{ n: 3 }], 'it is there the next time');
});

t.test('what may be lost with the power is not waited for, and nothing else is', async (t) => {
  const db = new Database(path.join(t.testdir(), 'chatter.db'));
  t.teardown(() => db.close());
  await db.open();
  await db.migrate('seen', ['CREATE TABLE seen (synchronous INTEGER NOT NULL UNIQUE) STRICT']);
  const note = (options?: RunOptions) =>
    db.run('INSERT INTO seen SELECT synchronous FROM pragma_synchronous', [], options);
  const [normal, full] = [{ synchronous: 1 }, { synchronous: 2 }];
  await note({ synced: false });
  await t.rejects(note({ synced: false }), 'it is there already');
  await note();
  t.same(await db.all('SELECT * FROM seen ORDER BY rowid'), [normal, full]);
});

t.test('steps of a schema run once each, in order, and whole', async (t) => {
  const { database } = folderIn(t);
  const steps = [
    'CREATE TABLE list (n INTEGER) STRICT',
    'INSERT INTO list VALUES (1)',
    'INSERT INTO list VALUES (2)',
  ];
  const opened = async (work: (db: Database) => Promise<void>) => {
    const db = new Database(database);
    try {
      await db.open();
      await work(db);
    } finally {
      await db.close();
    }
  };
  const list = async (db: Database) => (await db.all('SELECT n FROM list ORDER BY n')).map(({ n }) => n);
  await opened(async (db) => {
    await db.migrate('list', steps.slice(0, 2));
    t.strictSame(await list(db), [1]);
    await db.migrate('list', steps.slice(0, 2));
    t.strictSame(await list(db), [1], 'not again');
  });
  await opened(async (db) => {
    await db.migrate('list', steps);
    t.strictSame(await list(db), [1, 2], 'the new one alone');
    await db.migrate('other', ['CREATE TABLE other (n INTEGER) STRICT']);
    t.strictSame(await db.all('SELECT * FROM migration ORDER BY feature'), [
      { feature: 'list', step: 3 },
      { feature: 'other', step: 1 },
    ]);
    const broken = [...steps, 'INSERT INTO list VALUES (3); INSERT INTO nowhere VALUES (4)'];
    await t.rejects(db.migrate('list', broken), { code: 'STORAGE_FAILED' });
    t.strictSame(await list(db), [1, 2], 'half a step is undone');
    await db.run('INSERT INTO list VALUES (9)');
    await db.migrate('list', [...steps, 'INSERT INTO list VALUES (3)']);
    t.strictSame(await list(db), [1, 2, 3, 9], 'and is done when it can be');
  });
  await opened(async (db) => {
    await t.rejects(db.migrate('list', steps), { code: 'STORAGE_FAILED', message: /newer Chatter/ });
    t.strictSame(await list(db), [1, 2, 3, 9], 'a newer one is left alone');
  });
});

/** What another process does with the file: it holds it until it is ended, or says why it cannot. */
const HOLD = `
  const Libsql = require(${JSON.stringify(createRequire(import.meta.url).resolve('libsql'))});
  try {
    const db = new Libsql(process.argv[1]);
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;');
    db.exec('CREATE TABLE IF NOT EXISTS held (n INTEGER); COMMIT');
    console.log('HELD');
    setInterval(() => {}, 1e6);
  } catch (err) {
    console.log(err.code);
  }`;

async function otherProcess(t: Test, file: string, script = HOLD) {
  const child = spawn(process.execPath, ['-e', script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(end);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { said: said.toString().trim(), end };
}

t.test('a data folder that we hold is refused to every other process', async (t) => {
  const { database } = folderIn(t);
  const db = new Database(database);
  t.teardown(() => db.close());
  await db.open();
  t.equal((await otherProcess(t, database)).said, 'SQLITE_BUSY', 'writing');
  const read = HOLD.replace(/db\.exec\('PRAGMA.*\n.*\n/, "db.prepare('SELECT * FROM migration').all([]);\n");
  t.not(read, HOLD);
  t.equal((await otherProcess(t, database, read)).said, 'SQLITE_BUSY', 'reading');
  const second = new Database(database);
  t.teardown(() => second.close());
  await t.rejects(second.open(), { code: 'DATA_FOLDER_LOCKED' }, 'in this process too');
  await second.close();
  await db.run('CREATE TABLE still (n INTEGER)');
  t.equal((await otherProcess(t, database)).said, 'SQLITE_BUSY', 'and after all of that');
  await db.close();
  const { said, end } = await otherProcess(t, database);
  t.equal(said, 'HELD', 'until it is closed');
  await end();
  await db.close();
  t.equal((await otherProcess(t, database)).said, 'HELD', 'until it is closed and collected');
});

t.test('a data folder that another process holds is DATA_FOLDER_LOCKED until that one dies', async (t) => {
  const { database } = folderIn(t);
  const other = await otherProcess(t, database);
  t.equal(other.said, 'HELD');
  for (let i = 0; i < 3; i++) {
    const db = new Database(database);
    await t.rejects(db.open(), { code: 'DATA_FOLDER_LOCKED' });
    await db.close();
  }
  await other.end();
  const db = new Database(database);
  t.teardown(() => db.close());
  await db.open();
  t.strictSame(await db.all('SELECT * FROM held'), [], 'what it wrote is there, though it was killed');
});

t.test('a file that is no database, or cannot be opened, is STORAGE_FAILED and left as it is', async (t) => {
  const folder = folderIn(t);
  const opened = async (file: string) => {
    const db = new Database(file);
    try {
      await db.open();
      await db.all('SELECT * FROM big');
    } finally {
      await db.close();
    }
  };
  const junk = Buffer.alloc(8192, 'no database ');
  writeFileSync(folder.database, junk);
  await t.rejects(opened(folder.database), { code: 'STORAGE_FAILED', message: /damaged; it is mended/ });
  t.strictSame(readFileSync(folder.database), junk);

  const file = path.join(folder.path, 'torn.db');
  const db = new Database(file);
  await db.open();
  await db.run('CREATE TABLE big (text TEXT)');
  for (let i = 0; i < 200; i++) await db.run('INSERT INTO big VALUES (?)', ['x'.repeat(1000)]);
  await db.close();
  await opened(file);
  const bytes = readFileSync(file);
  t.ok(bytes.length > 100_000);
  bytes.fill(0xff, 8192);
  writeFileSync(file, bytes);
  await t.rejects(opened(file), { code: 'STORAGE_FAILED', message: /damaged; it is mended/ }, 'torn pages');

  const nowhere = path.join(folder.path, 'no', 'folder.db');
  await t.rejects(opened(nowhere), { code: 'STORAGE_FAILED' }, 'no folder');
  await t.rejects(opened(folder.path), { code: 'STORAGE_FAILED', message: /./ }, 'a folder');
  const why = await opened(nowhere).catch((err: Error) => err.message);
  t.match(why, 'it cannot be opened', 'it says why');
});

t.test('settings outlive the node', async (t) => {
  const { database } = folderIn(t);
  const db = new Database(database);
  await db.open();
  const settings = await Settings.load(db);
  t.equal(await settings.get('port'), null);
  await settings.set('port', '1');
  await settings.set('port', '2');
  await settings.set('', '');
  await settings.set("o'brien", 'ü\n"');
  t.equal(await settings.get('port'), '2');
  await db.close();

  const again = new Database(database);
  t.teardown(() => again.close());
  await again.open();
  const same = await Settings.load(again);
  t.equal(await same.get('port'), '2');
  t.equal(await same.get(''), '');
  t.equal(await same.get("o'brien"), 'ü\n"');
  t.equal(await same.get('Port'), null);
});

/** Starts a node at each of these times; all but those that `end` well leave their `node.json`. */
function starts(folder: DataFolder, times: number[]): boolean[] {
  return times.map((at) => {
    const safe = new CrashRecord(folder).safeMode(at);
    folder.write(folder.nodeFile, '{}');
    return safe;
  });
}

t.test('a node that crashes three times in a minute starts in safe mode', async (t) => {
  const now = Date.UTC(2025, 0, 1);
  const folder = folderIn(t);
  t.strictSame(starts(folder, [now, now + 1, now + 2, now + 3]), [false, false, false, true]);
  t.equal(mode(folder.crashFile), '600');
  folder.remove(folder.nodeFile);
  t.equal(new CrashRecord(folder).safeMode(now + 4), true, 'and the next one, though this one ended well');
  folder.remove(folder.nodeFile);
  const later = now + 4 + LIMITS.crashWindowMs;
  t.equal(new CrashRecord(folder).safeMode(later), false, 'but not when a minute has passed');
  t.equal(existsSync(folder.crashFile), false, 'then nothing is held against it');
});

t.test('a node that ends well, or crashes seldom, never starts in safe mode', async (t) => {
  const now = Date.UTC(2025, 0, 1);
  const folder = folderIn(t);
  for (let i = 0; i < 10; i++) {
    t.equal(new CrashRecord(folder).safeMode(now + i), false);
    folder.write(folder.nodeFile, '{}');
    folder.remove(folder.nodeFile);
  }
  t.equal(existsSync(folder.crashFile), false);
  const half = LIMITS.crashWindowMs / 2;
  const seldom = Array.from({ length: 10 }, (_, i) => now + i * half);
  t.strictSame(new Set(starts(folder, seldom)), new Set([false]), 'every half minute');
  folder.remove(folder.nodeFile);
  folder.write(folder.crashFile, JSON.stringify([now * 2, now * 2, now * 2, '1', null, { at: now }]));
  t.equal(new CrashRecord(folder).safeMode(now), false, 'times to come, and what is no time, do not count');
});

t.test('a damaged record of crashes is no reason not to start', async (t) => {
  const folder = folderIn(t);
  for (const content of ['', '{', 'null', '7', '{}', '"x"', '[', '\0\0\0\0']) {
    folder.write(folder.crashFile, content);
    t.equal(new CrashRecord(folder).safeMode(1e12), false, JSON.stringify(content));
  }
});
