import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { isAcceptedByItself } from '../../src/files/auto-accept.js';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';
import { people, untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;

const offered = (room: Room) => next<Transfer>((fn) => room.files.on('offered', fn));

const answered = (room: Room, answer: string) =>
  next<Transfer>(
    (fn) => room.files.on('changed', fn),
    ({ receivers }) => [...receivers.values()].some((each) => each.answer === answer),
  );

/** No trace of an unfinished transfer. */
const tidy = (folder: string) => readdirSync(folder).every((name) => !name.startsWith('.chatter'));

t.test('a file goes from one to another, whole, with its time', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ from: {}, to: {} });
  const file = path.join(dir, 'from', 'photo é.jpg');
  const content = randomBytes(5 * BLOCK + 77);
  writeFileSync(file, content);
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  const offer = offered(bob);
  const { transfer } = await ann.files.offer({ paths: [file] });
  const seen = await offer;
  t.same(seen.manifest.roots, [{ name: 'photo é.jpg', folder: false, size: content.length }]);
  t.same(readdirSync(path.join(dir, 'to')), [], 'nothing is written before somebody has accepted');
  const done = answered(ann, 'done');
  await bob.files.accept(seen.id, { out: path.join(dir, 'to') });
  const received = await untilTransfer(bob, transfer.id, 'done');
  t.same(received.paths, [path.join(dir, 'to', 'photo é.jpg')]);
  t.ok(readFileSync(received.paths[0] as string).equals(content));
  t.equal(statSync(received.paths[0] as string).mtimeMs, 1_600_000_000_000);
  t.ok(tidy(path.join(dir, 'to')));
  t.same(
    [...(await done).receivers.values()].map(({ answer }) => answer),
    ['done'],
  );
});

t.test('a tree of small, big, empty and oddly named files arrives identical', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ from: {}, to: {} });
  const root = path.join(dir, 'from', 'tree');
  for (const folder of ['', 'a', 'a/b', 'empty', 'empty/er', '.hidden', 'sp ace'])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (let i = 0; i < 300; i++)
    writeFileSync(path.join(root, 'a', `${i}.txt`), randomBytes((i * 37) % 5000), {
      mode: 0o600 + (i % 2) * 0o40,
    });
  writeFileSync(path.join(root, 'big'), randomBytes(3 * BLOCK + 1));
  writeFileSync(path.join(root, 'exact'), randomBytes(BLOCK));
  writeFileSync(path.join(root, 'a/b/nothing'), '');
  writeFileSync(path.join(root, ".hidden/über ☃ ' (1)"), 'x', { mode: 0o755 });
  const offer = offered(bob);
  const { transfer } = await ann.files.offer({ paths: [root] });
  await offer;
  await bob.files.accept(transfer.id, { out: path.join(dir, 'to'), modes: true });
  await untilTransfer(bob, transfer.id, 'done');
  execFileSync('diff', ['-r', root, path.join(dir, 'to', 'tree')]);
  const stat = (folder: string) =>
    execFileSync('sh', ['-c', 'find . -printf "%P %y %m %Ts\\n" | sort'], { cwd: folder }).toString();
  t.equal(stat(path.join(dir, 'to', 'tree')), stat(root));
  t.ok(tidy(path.join(dir, 'to')));
});

t.test('what is there is never replaced: numbered, skipped or refused', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ from: { 'a.txt': 'new', d: { x: '1' } }, to: { 'a.txt': 'old', d: {} } });
  const out = path.join(dir, 'to');
  const send = async (ifExists: 'number' | 'skip' | 'fail') => {
    const offer = offered(bob);
    const { transfer } = await ann.files.offer({
      paths: [path.join(dir, 'from/a.txt'), path.join(dir, 'from/d')],
    });
    await offer;
    await bob.files.accept(transfer.id, { out, ifExists });
    return untilTransfer(bob, transfer.id, ifExists === 'fail' ? 'failed' : 'done');
  };
  t.same(
    (await send('number')).paths.map((each) => path.basename(each)),
    ['a (1).txt', 'd (1)'],
  );
  t.same((await send('skip')).paths, []);
  t.equal((await send('fail')).code, 'FILE_EXISTS');
  t.equal(readFileSync(path.join(out, 'a.txt'), 'utf8'), 'old');
  t.same(readdirSync(path.join(out, 'd')), []);
  t.ok(tidy(out));
});

t.test('a file for one person is offered, told of and given to nobody else', async (t) => {
  const { nodes, rooms } = await people(t, 'Ann', 'Bob', 'Eve');
  const [ann, bob, eve] = rooms as [Room, Room, Room];
  const dir = t.testdir({ from: { secret: 'for Bob' }, to: {} });
  const offer = offered(bob);
  const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from/secret')], to: nodes[1]?.id });
  await offer;
  await bob.files.accept(transfer.id, { out: path.join(dir, 'to') });
  await untilTransfer(bob, transfer.id, 'done');
  const marker = offered(eve);
  await ann.files.offer({ paths: [path.join(dir, 'from/secret')] });
  await marker;
  t.equal(eve.files.transfers.length, 1, 'only the one for everybody is known to others');
  t.notSame(eve.files.transfers[0]?.id, transfer.id);
});

t.test('who has a file hands it on when its sender is gone', async (t) => {
  const network = new MemoryNetwork();
  const [a, b] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [ann, bob] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  const dir = t.testdir({ from: {}, bob: {}, dan: {} });
  const content = randomBytes(3 * BLOCK + 5);
  writeFileSync(path.join(dir, 'from/film'), content);
  const offer = offered(bob);
  const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from/film')] });
  await offer;
  await bob.files.accept(transfer.id, { out: path.join(dir, 'bob') });
  await untilTransfer(bob, transfer.id, 'done');
  await a.leave(roomNumber(1));
  const d = await MemoryNode.open(t, 'Dan', network);
  const dan = await d.join(roomNumber(1));
  const again = await offered(dan);
  t.equal(again.author, a.id, 'by whom it was signed');
  await dan.files.accept(transfer.id, { out: path.join(dir, 'dan') });
  const received = await untilTransfer(dan, transfer.id, 'done');
  t.ok(readFileSync(received.paths[0] as string).equals(content));
});

t.test('decline, cancel and withdraw end it on both sides and leave nothing behind', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ from: { a: 'a' }, to: {} });
  const send = async () => {
    const offer = offered(bob);
    const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from/a')] });
    await offer;
    return transfer.id;
  };
  const declined = answered(ann, 'declined');
  await bob.files.decline(await send());
  await declined;
  const id = await send();
  const withdrawn = untilTransfer(bob, id, 'withdrawn');
  await ann.files.withdraw(id);
  await withdrawn;
  await t.rejects(bob.files.accept(id, { out: path.join(dir, 'to') }), { code: 'TRANSFER_UNKNOWN' });
  t.same(readdirSync(path.join(dir, 'to')), []);
  await t.rejects(ann.files.offer({ paths: [path.join(dir, 'nowhere')] }), { code: 'FILE_NOT_FOUND' });
});

for (const [how, change] of [
  ['longer', (file: string) => writeFileSync(file, 'more', { flag: 'a' })],
  ['shorter', (file: string) => writeFileSync(file, '')],
  ['other bytes of one length', (file: string) => writeFileSync(file, randomBytes(2 * BLOCK))],
] as const) {
  t.test(`a file that became ${how} after it was offered fails clearly on both sides`, async (t) => {
    const { rooms } = await people(t, 'Ann', 'Bob');
    const [ann, bob] = rooms as [Room, Room];
    const dir = t.testdir({ from: {}, to: {} });
    const file = path.join(dir, 'from/a');
    writeFileSync(file, randomBytes(2 * BLOCK));
    const offer = offered(bob);
    const { transfer } = await ann.files.offer({ paths: [file] });
    await offer;
    change(file);
    const failed = untilTransfer(ann, transfer.id, 'failed');
    await bob.files.accept(transfer.id, { out: path.join(dir, 'to') });
    t.equal((await untilTransfer(bob, transfer.id, 'failed')).code, 'FILE_CHANGED');
    t.equal((await failed).code, 'FILE_CHANGED');
    t.same(readdirSync(path.join(dir, 'to')), []);
    t.notOk(existsSync(path.join(dir, 'to', 'a')));
  });
}

t.test('a holder who sends wrong blocks is named and left; the file arrives all the same', async (t) => {
  const { nodes, rooms } = await people(t, 'Ann', 'Eve', 'Bob');
  const [ann, eve, bob] = rooms as [Room, Room, Room];
  const dir = t.testdir({ from: {}, eve: {}, bob: {} });
  const content = randomBytes(40 * BLOCK + 9);
  writeFileSync(path.join(dir, 'from/a'), content);
  const offers = [offered(eve), offered(bob)];
  const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from/a')] });
  await Promise.all(offers);
  await eve.files.accept(transfer.id, { out: path.join(dir, 'eve') });
  const atEve = await untilTransfer(eve, transfer.id, 'done');
  atEve.content = { read: (_block, target) => void target.fill(7), close: () => {} };
  const liar = next<{ peer: string }>((fn) => bob.files.on('liar', fn));
  await bob.files.accept(transfer.id, { out: path.join(dir, 'bob') });
  const received = await untilTransfer(bob, transfer.id, 'done');
  t.ok(readFileSync(received.paths[0] as string).equals(content));
  t.equal((await liar).peer, nodes[1]?.id);
});

t.test(
  '[A1] [A3] what is taken without asking is from verified people, and nothing that could run',
  async (t) => {
    const { rooms } = await people(t, 'Ann', 'Bob');
    const [ann, bob] = rooms as [Room, Room];
    const dir = t.testdir({ from: { a: 'a', 'x.desktop': '', d: { '.bashrc': '' } } });
    const send = async (name: string) => {
      const offer = offered(bob);
      await ann.files.offer({ paths: [path.join(dir, 'from', name)] });
      return offer;
    };
    const plain = await send('a');
    t.ok(isAcceptedByItself(plain, 'verified', { verified: true }));
    t.notOk(isAcceptedByItself(plain, 'verified', { verified: false }));
    t.notOk(isAcceptedByItself(plain, 'off', { verified: true }));
    for (const name of ['x.desktop', 'd'])
      t.notOk(isAcceptedByItself(await send(name), 'verified', { verified: true }), name);
  },
);

t.test(
  'what one gives to many is passed on among them: it leaves its source little more than once',
  async (t) => {
    const names = ['Bob', 'Cem', 'Dan', 'Eve', 'Fay'];
    const { nodes, rooms } = await people(t, 'Ann', ...names);
    const [ann, ...others] = rooms as [Room, ...Room[]];
    const dir = t.testdir(Object.fromEntries(['from', ...names].map((name) => [name, {}])));
    const size = 96 * BLOCK;
    writeFileSync(path.join(dir, 'from', 'a'), randomBytes(size));
    nodes[0]?.uploadCap.set(32 * BLOCK);
    const offers = others.map(offered);
    const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from', 'a')] });
    await Promise.all(offers);
    await Promise.all(
      others.map(async (room, i) => {
        await room.files.accept(transfer.id, { out: path.join(dir, names[i] as string) });
        await untilTransfer(room, transfer.id, 'done');
      }),
    );
    t.ok(transfer.given <= 1.6 * size, `${(transfer.given / size).toFixed(2)} times`);
  },
);
