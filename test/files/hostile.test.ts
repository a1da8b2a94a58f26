import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs, {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import b4a from 'b4a';
import t, { type Test } from 'tap';
import { offerLines } from '../../cli/transfer-lines.js';
import { Layout } from '../../src/files/layout.js';
import { Manifest } from '../../src/files/manifest.js';
import { folderNameOf } from '../../src/files/names.js';
import { Staging } from '../../src/files/staging.js';
import type { Transfer } from '../../src/files/transfer.js';
import { LIMITS } from '../../src/limits.js';
import type { Room } from '../../src/room/room.js';
import { entry, FileSender, OUTSIDE, wireManifest } from '../support/hostile/file-sender.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';

const BLOCK = 256 * 1024;

/** A victim and somebody hostile in one room, and folders: `home` with `inbox` and things that must stay as they are. */
async function ground(t: Test) {
  const network = new MemoryNetwork();
  const node = await MemoryNode.open(t, 'Bob', network);
  const bob = await node.join(roomNumber(1));
  const eve = await FileSender.join(t, network);
  await eve.channel(node.id);
  const home = t.testdir({ inbox: {}, '.bashrc': 'mine', Documents: { 'tax.txt': 'mine' }, from: {} });
  const inbox = path.join(home, 'inbox');
  return { node, bob, eve, network, home, inbox, to: node.id };
}

/** Everything below a folder, with what it is, so that any change shows. */
function picture(folder: string, inside = ''): string[] {
  return readdirSync(path.join(folder, inside))
    .sort()
    .flatMap((name) => {
      const place = path.join(inside, name);
      const stat = lstatSync(path.join(folder, place));
      if (stat.isDirectory()) return [`${place}/`, ...picture(folder, place)];
      if (stat.isSymbolicLink()) return [`${place} -> ${readlinkSync(path.join(folder, place))}`];
      const hash = createHash('sha256')
        .update(readFileSync(path.join(folder, place)))
        .digest('hex');
      return [`${place} ${hash}`];
    });
}

const offered = (room: Room, id?: string) =>
  next<Transfer>(
    (fn) => room.files.on('offered', fn),
    (transfer) => id === undefined || transfer.id === id,
  );

async function until(room: Room, id: string, ...states: Transfer['state'][]): Promise<Transfer> {
  const find = () => room.files.transfers.find((each) => each.id === id && states.includes(each.state));
  return (
    find() ??
    next<Transfer>(
      (fn) => room.files.on('changed', fn),
      () => find() !== undefined,
    ).then(() => find() as Transfer)
  );
}

t.test(
  '[A1] [A10] [A13] an offer with a name that leads out is refused whole, and nothing is made',
  async (t) => {
    const { bob, eve, home, to } = await ground(t);
    const before = picture(home);
    const more = [
      '~/../x',
      'a\u0000b',
      '\u202egpj.exe',
      `.chatter-incoming-${'0'.repeat(32)}`,
      'x'.repeat(201),
    ];
    for (const name of [...OUTSIDE, ...more]) {
      const refused = next<{ code: string }>((fn) => bob.files.on('refused', fn));
      await eve.offer(to, [entry('fine.txt'), entry(name)]);
      t.equal((await refused).code, 'FILE_NAME_UNSAFE', JSON.stringify(name));
    }
    t.same(bob.files.transfers, [], 'nobody is asked about any of them');
    t.same(picture(home), before);
    t.notMatch(folderNameOf('../../x/..\\y'), /[/\\]/, 'nor does the name of a room lead anywhere');
  },
);

t.test('[A2] wherever it is to be put, it lies inside; a file is no folder', async (t) => {
  const { bob, eve, home, inbox, to } = await ground(t);
  symlinkSync(inbox, path.join(home, 'to-inbox'));
  for (const out of [inbox, `${inbox}/`, path.join(home, 'to-inbox'), path.join(home, 'new', 'deep')]) {
    const told = offered(bob);
    const id = await eve.offer(to, [entry('a', { size: 3 })]);
    await told;
    await bob.files.accept(id, { out });
    const { paths } = await until(bob, id, 'done');
    t.equal(path.dirname(paths[0] as string), out.replace(/\/$/, ''));
  }
  t.same(readdirSync(inbox).sort(), ['a', 'a (1)', 'a (2)']);
  t.same(readdirSync(path.join(home, 'new/deep')), ['a']);
  const told = offered(bob);
  const id = await eve.offer(to, [entry('a', { size: 3 })]);
  await told;
  await t.rejects(bob.files.accept(id, { out: path.join(home, '.bashrc') }), { code: 'DISK_FAILED' });
  t.equal(readFileSync(path.join(home, '.bashrc'), 'utf8'), 'mine');
});

t.test('[A3] what could run is shown first and counted before anybody says yes, and disarmed', async (t) => {
  const { bob, eve, inbox, to } = await ground(t);
  const photos = Array.from({ length: 300 }, (_, i) => `photo ${i}.jpg`);
  const names = [...photos.slice(0, 236), '.bashrc', ...photos.slice(236), 'x.desktop', 'a.lnk', 'x.exe'];
  const told = offered(bob);
  const id = await eve.offer(
    to,
    names.map((name) => entry(name)),
  );
  const transfer = await told;
  const person = { id: 'x', name: 'Eve', tag: 'abcdef' };
  const risky = names.filter((name) => !name.startsWith('photo'));
  const lines = offerLines({
    ...({} as Parameters<typeof offerLines>[0]),
    transfer: id,
    from: person,
    to: null,
    entries: transfer.manifest.roots,
    files: names.length,
    risky,
    riskyCount: risky.length,
    total: names.length,
  });
  t.same(
    lines.slice(1, 5).map((line) => line.trim().split(/\s{2,}/)[0]),
    risky.map((name) => `! ${name}`),
  );
  await bob.files.accept(id, { out: inbox });
  await until(bob, id, 'done');
  t.ok(existsSync(path.join(inbox, '_bashrc')) && !existsSync(path.join(inbox, '.bashrc')));
  t.equal(lstatSync(path.join(inbox, 'x.exe')).mode & 0o111, 0, 'nothing can be run');
});

t.test('[A4] [A11] nothing is replaced or moved aside, unpacked, or taken twice', async (t) => {
  const { bob, eve, inbox, to } = await ground(t);
  writeFileSync(path.join(inbox, 'a.zip'), 'old');
  for (const expected of ['a (1).zip', 'a (2).zip']) {
    const told = offered(bob);
    const id = await eve.offer(to, [entry('a.zip', { size: 4 })]);
    await told;
    await bob.files.accept(id, { out: inbox });
    t.same((await until(bob, id, 'done')).paths, [path.join(inbox, expected)]);
  }
  t.equal(readFileSync(path.join(inbox, 'a.zip'), 'utf8'), 'old');
  const refused = next<{ code: string }>((fn) => bob.files.on('refused', fn));
  const twice = [entry('sub', { folder: true, size: 0 }), entry('sub/a.txt'), entry('sub/a.txt')];
  await eve.offer(to, twice);
  t.equal((await refused).code, 'FILE_NAME_UNSAFE');
});

t.test('[A9] links that lie in the download folder lead nothing out of it', async (t) => {
  const { bob, eve, home, inbox, to } = await ground(t);
  const victim = path.join(home, 'Documents');
  symlinkSync(victim, path.join(inbox, 'link'));
  symlinkSync(path.join(home, 'nowhere'), path.join(inbox, 'dangling'));
  const before = picture(victim);
  const send = async (...entries: ReturnType<typeof entry>[]) => {
    const told = offered(bob);
    const id = await eve.offer(to, entries);
    await told;
    await bob.files.accept(id, { out: inbox });
    return (await until(bob, id, 'done')).paths.map((each) => path.basename(each));
  };
  t.same(await send(entry('link', { folder: true, size: 0 }), entry('link/tax.txt')), ['link (1)']);
  t.same(await send(entry('dangling')), ['dangling (1)']);
  t.notOk(existsSync(path.join(home, 'nowhere')));
  t.same(picture(victim), before);
  t.ok(lstatSync(path.join(inbox, 'link')).isSymbolicLink(), 'the links are as they were');
});

t.test('[A9] a download folder that becomes a link meanwhile ends there', async (t) => {
  const { bob, eve, home, inbox, to } = await ground(t);
  const victim = path.join(home, 'Documents');
  const before = picture(victim);
  eve.gives = false;
  const told = offered(bob);
  const id = await eve.offer(to, [entry('a')]);
  await told;
  await bob.files.accept(id, { out: inbox });
  renameSync(inbox, path.join(home, 'moved'));
  symlinkSync(victim, inbox);
  eve.gives = true;
  await bob.files.pause(id);
  await bob.files.resume(id);
  t.equal((await until(bob, id, 'paused', 'failed')).code, 'DISK_FAILED');
  t.same(picture(victim), before);
});

t.test('[A10] to cancel removes what was staged and nothing that a name of the sender says', async (t) => {
  const { bob, eve, home, inbox, to } = await ground(t);
  mkdirSync(path.join(inbox, 'Photos'));
  writeFileSync(path.join(inbox, 'Photos', 'mine'), 'mine');
  const before = picture(home);
  eve.gives = false;
  const told = offered(bob);
  const list = [entry('Photos', { folder: true, size: 0 }), entry('Photos/mine')];
  const id = await eve.offer(to, list);
  await told;
  await bob.files.accept(id, { out: inbox });
  t.ok(readdirSync(inbox).length > 1, 'something is staged');
  await bob.files.cancel(id);
  t.same(picture(home), before);
});

t.test('[A12] a file that is a link by the time it is asked for is not followed', async (t) => {
  const { bob, network, home, inbox } = await ground(t);
  const ann = await (await MemoryNode.open(t, 'Ann', network)).join(roomNumber(1));
  await next(
    (fn) => ann.on('member-joined', fn),
    () => ann.members.some(({ name }) => name === 'Bob'),
  );
  const file = path.join(home, 'from', 'report');
  writeFileSync(file, 'fine');
  const told = offered(bob);
  const { transfer } = await ann.files.offer({ paths: [file] });
  await told;
  rmSync(file);
  symlinkSync(path.join(home, '.bashrc'), file);
  await bob.files.accept(transfer.id, { out: inbox });
  await until(bob, transfer.id, 'failed');
  t.same(readdirSync(inbox), []);
});

for (const [when, prepare] of [
  ['before any offer', async () => 'f'.repeat(32)],
  [
    'before it was accepted',
    async ({ bob, eve, to }) => {
      const told = offered(bob);
      const id = await eve.offer(to, [entry('a')]);
      await told;
      return id;
    },
  ],
  [
    'after it was declined',
    async ({ bob, eve, to }) => {
      const told = offered(bob);
      const id = await eve.offer(to, [entry('a')]);
      await told;
      await bob.files.decline(id);
      return id;
    },
  ],
] as readonly [string, (on: Awaited<ReturnType<typeof ground>>) => Promise<string>][]) {
  t.test(`[A14] bytes that come ${when} end the stream of who sends them`, async (t) => {
    const on = await ground(t);
    const id = await prepare(on);
    const before = picture(on.home);
    const gone = next((fn) => on.bob.on('member-left', fn));
    await on.eve.push(on.to, id as never);
    await gone;
    t.same(picture(on.home), before);
  });
}

t.test('[A14] bytes for what somebody else offered are taken from nobody who was not asked', async (t) => {
  const { node, bob, eve, network, home, inbox, to } = await ground(t);
  const ann = await FileSender.join(t, network, 'Ann');
  await ann.channel(to);
  ann.gives = false;
  const told = offered(bob);
  const id = await ann.offer(to, [entry('a', { size: 2 * BLOCK })], {
    only: node.signer.publicKey,
  });
  await told;
  await bob.files.accept(id, { out: inbox });
  const gone = next<{ member: { id: string } }>((fn) => bob.on('member-left', fn));
  await eve.push(to, id, 0, b4a.alloc(BLOCK));
  t.equal((await gone).member.id, eve.node.id);
  t.equal(bob.files.transfers[0]?.bytes, 0);
  t.equal(readFileSync(path.join(home, '.bashrc'), 'utf8'), 'mine');
});

t.test(
  '[A15] an id that is used again for something else ends the stream; cancelled, nothing is left',
  async (t) => {
    const { bob, eve, inbox, to } = await ground(t);
    eve.gives = false;
    const told = offered(bob);
    const id = await eve.offer(to, [entry('a')]);
    await told;
    await bob.files.accept(id, { out: inbox });
    await bob.files.cancel(id);
    t.same(readdirSync(inbox), []);
    const gone = next((fn) => bob.on('member-left', fn));
    await eve.offer(to, [entry('b')], { id });
    await gone;
    t.same(
      bob.files.transfers.map(({ manifest }) => manifest.roots.map(({ name }) => name)),
      [['a']],
    );
    t.same(readdirSync(inbox), []);
  },
);

t.test('[B14] of a thousand offers of one member a few are shown, and others have room', async (t) => {
  const { bob, eve, network, to } = await ground(t);
  for (let i = 0; i < 1000; i++) await eve.offer(to, [entry(`${i}`)]);
  await eve.dealtWith(to);
  while (bob.files.transfers.length < LIMITS.offersPerPeer) await offered(bob);
  t.equal(bob.files.transfers.length, LIMITS.offersPerPeer);
  const ann = await FileSender.join(t, network, 'Ann');
  const told = next<Transfer>(
    (fn) => bob.files.on('offered', fn),
    ({ author }) => author === ann.node.id,
  );
  await ann.offer(to, [entry('mine')]);
  await told;
});

t.test('[B14] who offers as fast as it can holds up nobody else’s file', async (t) => {
  const { bob, eve, network, inbox, to } = await ground(t);
  const ann = await FileSender.join(t, network, 'Ann');
  await ann.channel(to);
  const end = new AbortController();
  let offers = 0;
  const flood = (async () => {
    while (!end.signal.aborted) {
      for (let i = 0; i < 20; i++) await eve.offer(to, [entry(`${offers++}`)]);
      await new Promise((resolve) => setImmediate(resolve)); // the three of them share one processor here
    }
  })();
  const isAnns = ({ author }: Transfer) => author === ann.node.id;
  const start = performance.now();
  for (let i = 0; i < 5; i++) {
    const told = next<Transfer>((fn) => bob.files.on('offered', fn), isAnns);
    const id = await ann.offer(to, [entry(`mine ${i}`, { size: 3 * BLOCK + 5 })]);
    await told;
    await bob.files.accept(id, { out: inbox });
    await until(bob, id, 'done');
  }
  const ms = performance.now() - start;
  end.abort();
  await flood;
  t.comment(`five files in ${Math.round(ms)} ms beside ${offers} offers`);
  t.ok(offers > 200, `${offers} offers came meanwhile`);
  t.ok(ms < 15_000, `${Math.round(ms)} ms`);
  const shown = bob.files.transfers.filter((transfer) => !isAnns(transfer));
  t.ok(shown.length <= LIMITS.offersPerPeer, `${shown.length} of them are shown`);
});

t.test('[A16] names that are no text are refused by their bytes', (t) => {
  const good = wireManifest(entry('abcd'));
  const at = b4a.indexOf(good, b4a.from('abcd'));
  for (const bytes of ['c328c328', 'eda08061', 'f5808080', 'edb08061', 'c0afc0af']) {
    const bad = b4a.from(good);
    bad.set(b4a.from(bytes, 'hex'), at);
    t.throws(() => Manifest.parse(bad), { message: 'MESSAGE_MALFORMED' }, bytes);
  }
  t.end();
});

t.test('[A19] blocks that do not lie in the file change nothing', async (t) => {
  const { bob, eve, inbox, to } = await ground(t);
  eve.gives = false;
  const told = offered(bob);
  const id = await eve.offer(to, [entry('a', { size: BLOCK + 5 })]);
  await told;
  await bob.files.accept(id, { out: inbox });
  await until(bob, id, 'active');
  const channel = await eve.channel(to);
  const transfer = b4a.from(id, 'hex');
  for (const [block, offset, length] of [
    [2, 0, 5],
    [1, 0, 6],
    [1, 4, 5],
    [0, BLOCK, 1],
    [0, 1, BLOCK],
    [1_000_000, 0, 1],
  ] as const)
    await channel.sendBulk('block', { transfer, block, offset, bytes: b4a.alloc(length) });
  eve.gives = true;
  await bob.files.pause(id);
  await bob.files.resume(id);
  const { paths } = await until(bob, id, 'done');
  t.ok(readFileSync(paths[0] as string).equals(Buffer.alloc(BLOCK + 5)));
});

t.test('[A19] a write that is cut short is gone on with, and one that is not allowed is told', async (t) => {
  const folder = path.join(t.testdir({}), 'staged');
  const real = fs.writeSync as (...args: unknown[]) => number;
  const short = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) =>
    real(fd, bytes, offset, Math.min(length, 1000), position);
  const content = randomBytes(BLOCK);
  const staging = new Staging(folder, new Layout([BLOCK]));
  staging.create();
  Object.assign(fs, { writeSync: short });
  syncBuiltinESMExports();
  try {
    await staging.write(0, content);
  } finally {
    Object.assign(fs, { writeSync: real });
    syncBuiltinESMExports();
  }
  t.ok(readFileSync(staging.partOf(0)).equals(content));
  staging.remove();

  const at = (file: string) => JSON.stringify(path.resolve('dist/src/files', file));
  const script = `
    import { Staging } from ${at('staging.js')};
    import { Layout } from ${at('layout.js')};
    const staging = new Staging(${JSON.stringify(folder)}, new Layout([${BLOCK}]));
    staging.create();
    try { staging.write(0, new Uint8Array(${BLOCK})); } catch ({ code, message }) { console.log(code, message); }`;
  const limited = ['-c', 'ulimit -f 200; exec "$0" --input-type=module -e "$1"', process.execPath, script];
  const { stdout } = spawnSync('sh', limited, { env: { PATH: process.env.PATH } });
  t.match(stdout.toString(), /^DISK_FAILED .*larger than this disk or account takes/);
  t.ok(lstatSync(path.join(folder, '0.part')).size < BLOCK, 'the limit was met in the middle');
});
