import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { type Candidate, chooseContent } from '../../src/files/choose-content.js';
import { guardShare } from '../../src/files/share-guard.js';
import type { Transfer } from '../../src/files/transfer.js';
import { isPattern, pathMatcher } from '../../src/files/wildcard.js';
import type { Room } from '../../src/room/room.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';
import { hashed, people, untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;

t.test('patterns fit as in a shell, case aside, in time that no pattern makes long', (t) => {
  t.ok(pathMatcher('*.JPG')('Photos/2024/a.jpg'));
  t.notOk(pathMatcher('a*')('a/b'), 'a name is the last component');
  t.ok(pathMatcher('photos/*/?.jpg')('Photos/2024/a.jpg'));
  t.notOk(pathMatcher('photos/*')('Photos/2024/a.jpg'), 'no star crosses a folder');
  t.ok(pathMatcher('über')('U\u0308ber'));
  t.ok(isPattern('a?') && isPattern('*') && !isPattern('a.b'));
  const started = performance.now();
  t.notOk(pathMatcher(`${'*a'.repeat(500)}b`)('a'.repeat(200)));
  t.ok(performance.now() - started < 5000);
  t.end();
});

t.test('of several contents under one name none is taken for another', (t) => {
  const at = (owner: string, place: string, hash: string | null, folder = false): Candidate => ({
    owner,
    path: place,
    hash,
    folder,
    size: 1,
  });
  const same = [at('ann', 'a/x', 'aa'), at('bob', 'b/x', 'aa')];
  t.same(chooseContent('x', same), { contents: [same], ambiguous: false }, 'one content, two holders');
  t.equal(chooseContent('x', [...same, at('eve', 'x/x', 'bb')]).ambiguous, true);
  t.equal(chooseContent('x', [at('ann', 'a/x', null), at('bob', 'b/x', null)]).ambiguous, true);
  const other = at('eve', 'b/a/x', 'bb');
  t.same(chooseContent('a/x', [...same, other]).contents, [same], 'a whole path goes before a name');
  const folder = at('ann', 'a', 'cc', true);
  t.same(chooseContent('*', [folder, same[0] as Candidate]).contents, [[folder]]);
  t.same(chooseContent('x', []), { contents: [], ambiguous: false });
  t.end();
});

t.test('[A20] the disk, the home folder, the data folder and folders of keys are not shared', (t) => {
  const data = path.join(homedir(), '.local/share/chatter');
  for (const place of [
    '/',
    homedir(),
    path.dirname(homedir()),
    data,
    path.dirname(data),
    `${data}/transfers`,
  ])
    t.throws(() => guardShare(place, data), { code: 'SHARE_REFUSED' }, place);
  t.throws(() => guardShare('/srv/.ssh/keys', data), { code: 'SHARE_REFUSED' });
  guardShare(path.join(homedir(), 'Photos'), data);
  guardShare('/srv/..data', data);
  t.end();
});

t.test('a shared folder is listed, searched and fetched, with its empty folders', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({
    Photos: { 2024: { 'a.jpg': 'a', empty: {} }, 'b.jpg': 'bb', '.secret': 's' },
    one: 'one',
    to: {},
  });
  symlinkSync('/etc', path.join(dir, 'Photos/etc'));
  const told = next((fn) => bob.shares.on('changed', fn));
  const shares = await ann.shares.share([path.join(dir, 'Photos'), path.join(dir, 'one')]);
  t.same(
    shares[0]?.skipped.map(({ why }) => why).sort(),
    ['hidden', 'link'],
    '[A20] hidden names and links stay out',
  );
  await told;
  const ls = async (question: { path: string } | { pattern: string }) =>
    (await bob.shares.ask(question)).found.map(({ path: place, size }) => [place, size]);
  t.same(await ls({ path: '' }), [
    ['Photos', 3],
    ['one', 3],
  ]);
  t.same(await ls({ path: 'Photos/2024' }), [
    ['Photos/2024/a.jpg', 1],
    ['Photos/2024/empty', 0],
  ]);
  t.same(await ls({ pattern: '*.jpg' }), [
    ['Photos/2024/a.jpg', 1],
    ['Photos/b.jpg', 2],
  ]);
  for (const outside of ['Photos/etc/passwd', '../to', 'Photos/../one', 'Photos/.secret', '/etc/passwd'])
    await t.rejects(
      bob.shares.get({ name: outside }, { out: path.join(dir, 'to') }),
      { code: 'FILE_NOT_FOUND' },
      `[A12] ${outside}`,
    );
  const [transfer] = await bob.shares.get({ name: 'Photos/2024' }, { out: path.join(dir, 'to') });
  await untilTransfer(bob, (transfer as Transfer).id, 'done');
  execFileSync('diff', ['-r', path.join(dir, 'Photos/2024'), path.join(dir, 'to/2024')]);
  t.equal(bob.files.transfers.length, 1);
  t.equal(ann.files.transfers[0]?.signed.offer.shared, true);
});

t.test('nobody has it: said within 2 s', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob', 'Cem', 'Dan');
  const [ann, , , dan] = rooms as [Room, Room, Room, Room];
  const dir = t.testdir({ a: 'a' });
  await ann.shares.share([path.join(dir, 'a')]);
  await t.rejects(dan.shares.get({ name: 'b' }, { out: dir }), { code: 'FILE_NOT_FOUND' });
});

t.test('one content comes from everybody who has it, whatever they call it', async (t) => {
  const { rooms, nodes } = await people(t, 'Ann', 'Bob', 'Cem');
  const [ann, bob, cem] = rooms as [Room, Room, Room];
  for (const { uploadCap } of nodes) uploadCap.set(16 * 1024 * 1024); // so that one alone is not done at once
  const dir = t.testdir({ ann: {}, bob: { other: {} }, to: {} });
  const content = randomBytes(64 * BLOCK + 3);
  writeFileSync(path.join(dir, 'ann/film'), content);
  writeFileSync(path.join(dir, 'bob/other/film'), content);
  await ann.shares.share([path.join(dir, 'ann/film')]);
  await bob.shares.share([path.join(dir, 'bob/other')]);
  await Promise.all([hashed(ann), hashed(bob)]);
  const given = (room: Room) => room.files.transfers.reduce((sum, each) => sum + each.given, 0);
  const [transfer] = await cem.shares.get({ name: 'film' }, { out: path.join(dir, 'to') });
  await untilTransfer(cem, (transfer as Transfer).id, 'done');
  t.ok(readFileSync(path.join(dir, 'to/film')).equals(content));
  t.ok(given(ann) > 0 && given(bob) > 0, `from both: ${given(ann)} and ${given(bob)}`);
  t.ok(given(ann) + given(bob) < 1.3 * content.length, 'and hardly anything twice');
});

t.test('contents that differ are told apart by hash and by owner', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob', 'Cem');
  const [ann, bob, cem] = rooms as [Room, Room, Room];
  const dir = t.testdir({ ann: { n: 'from Ann' }, bob: { n: 'from Bob' }, to: {} });
  await ann.shares.share([path.join(dir, 'ann/n')]);
  const [atBob] = await bob.shares.share([path.join(dir, 'bob/n')]);
  await Promise.all([hashed(ann), hashed(bob)]);
  const out = path.join(dir, 'to');
  await t.rejects(cem.shares.get({ name: 'n' }, { out }), { code: 'FILE_AMBIGUOUS' });
  const hash = Buffer.from(atBob?.tree.root?.hash as Uint8Array).toString('hex');
  const [transfer] = await cem.shares.get({ name: 'n', hash: hash.slice(0, 8) }, { out });
  await untilTransfer(cem, (transfer as Transfer).id, 'done');
  t.equal(readFileSync(path.join(out, 'n'), 'utf8'), 'from Bob');
});

t.test('changes are seen, what is unshared is given to nobody, and a restart shares it again', async (t) => {
  const network = new MemoryNetwork();
  const a = await MemoryNode.open(t, 'Ann', network);
  const b = await MemoryNode.open(t, 'Bob', network);
  const [first, bob] = [await a.join(roomNumber(1)), await b.join(roomNumber(1))];
  await next((fn) => bob.on('member-joined', fn));
  const dir = t.testdir({ box: { x: 'x' }, to: {} });
  await first.shares.share([path.join(dir, 'box')]);
  const names = async () => (await bob.shares.ask({ path: 'box' })).found.map(({ path: place }) => place);
  t.same(await names(), ['box/x']);
  const look = next(
    (fn) => first.shares.on('changed', fn),
    () => first.shares.shares[0]?.tree.find('box/y') !== null,
  );
  writeFileSync(path.join(dir, 'box/y'), 'y');
  await look;
  t.same(await names(), ['box/x', 'box/y']);
  await a.leave(roomNumber(1));
  const back = next((fn) => bob.on('member-joined', fn));
  const ann = await a.join(roomNumber(1));
  await back;
  await ann.shares.shares[0]?.look();
  t.same(await names(), ['box/x', 'box/y'], 'kept');
  await ann.shares.unshare('box');
  t.same(await names(), []);
  await t.rejects(bob.shares.get({ name: 'box/x' }, { out: path.join(dir, 'to') }), {
    code: 'FILE_NOT_FOUND',
  });
});

t.test('[A12] a link that took the place of a shared folder leads nowhere', async (t) => {
  const { rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ box: { in: { x: 'mine' } }, outside: { x: 'not shared' }, to: {} });
  const [share] = await ann.shares.share([path.join(dir, 'box')]);
  const entry = share?.tree.find('box/in/x');
  renameSync(path.join(dir, 'box/in'), path.join(dir, 'box/was'));
  symlinkSync(path.join(dir, 'outside'), path.join(dir, 'box/in'));
  if (entry) await t.rejects(share?.scan(entry) as Promise<unknown>, { code: 'FILE_NOT_FOUND' });
  await t.rejects(bob.shares.get({ name: 'box/in/x' }, { out: path.join(dir, 'to') }), {
    code: 'FILE_NOT_FOUND',
  });
  rmSync(path.join(dir, 'box'), { recursive: true });
  mkdirSync(path.join(dir, 'box'));
});
