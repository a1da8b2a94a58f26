import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { BlockIndex } from '../../src/files/block-index.js';
import { EarlierVersion } from '../../src/files/earlier-version.js';
import { identify } from '../../src/files/file-content.js';
import { Layout } from '../../src/files/layout.js';
import type { Shelf } from '../../src/files/shelf.js';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { next } from '../support/memory-node.js';
import { hashed, people, untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;
const MIB = 1024 * 1024;

/** Two people, a folder each, and files that go from Ann to Bob. */
async function two(t: Test) {
  const { nodes, rooms } = await people(t, 'Ann', 'Bob', 'Cem');
  const [ann, bob, cem] = rooms as [Room, Room, Room];
  const dir = t.testdir({ from: {}, to: {}, else: {}, bob: {} });
  const out = path.join(dir, 'to');
  /** Ann offers what lies there; Bob takes it in that way. */
  const send = async (place: string, how: { out?: string; unasked?: boolean } = {}) => {
    const offer = next<Transfer>((fn) => bob.files.on('offered', fn));
    const { transfer } = await ann.files.offer({ paths: [place] });
    await offer;
    const taken = await bob.files.accept(transfer.id, { out, ...how });
    return { given: transfer, taken, done: () => untilTransfer(bob, transfer.id, 'done') };
  };
  return { nodes, ann, bob, cem, dir, out, send };
}

function changeBlock(file: string, block: number): void {
  const content = readFileSync(file);
  content.set(randomBytes(64), block * BLOCK + 1000);
  writeFileSync(file, content);
}

/** Bytes that went between two people, all their channels together. */
const moved = (room: Room, id: string): number =>
  room.members
    .filter((member) => member.id === id)
    .flatMap(({ peers }) => peers)
    .reduce((sum, { bytes }) => sum + bytes, 0);

t.test('of a file that is there in an earlier version only the block that differs comes', async (t) => {
  const { nodes, ann, bob, dir, out } = await two(t);
  const file = path.join(dir, 'from/disk.img');
  const size = 64 * MIB;
  writeFileSync(file, randomBytes(size));
  const [share] = await ann.shares.share([file]);
  const get = async () => {
    const [transfer] = await bob.shares.get({ name: 'disk.img' }, { out });
    return untilTransfer(bob, (transfer as Transfer).id, 'done');
  };
  const first = await get();
  t.equal(first.reused, 0);
  changeBlock(file, 100);
  await share?.look();
  const before = moved(bob, nodes[0]?.id as string);
  const second = await get();
  t.equal(second.reused, size - BLOCK);
  const cost = moved(bob, nodes[0]?.id as string) - before;
  t.ok(cost < BLOCK + 64 * 1024, `${cost} bytes went for a block of ${BLOCK} and two pages`);
  t.equal(ann.files.transfers.find(({ id }) => id === second.id)?.given, BLOCK);
  t.ok(readFileSync(second.paths[0] as string).equals(readFileSync(file)));
  t.equal(path.basename(second.paths[0] as string), 'disk (1).img');

  // Whatever is known of transfers: what lies in the folder under that name is enough.
  for (const transfer of bob.files.transfers) transfer.content = null;
  changeBlock(file, 7);
  await share?.look();
  const third = await get();
  t.equal(third.reused, size - BLOCK);
  t.ok(readFileSync(third.paths[0] as string).equals(readFileSync(file)));
});

t.test('a block is found by its hash, in what is shared here under another name', async (t) => {
  const { bob, dir, send } = await two(t);
  const content = randomBytes(20 * BLOCK + 5);
  writeFileSync(path.join(dir, 'bob/mine'), content);
  await bob.shares.share([path.join(dir, 'bob')]);
  await hashed(bob);
  const file = path.join(dir, 'from/theirs');
  writeFileSync(file, Buffer.concat([randomBytes(3 * BLOCK), content, randomBytes(9)]));
  const { given, done } = await send(file);
  const { reused, paths } = await done();
  t.equal(reused, 20 * BLOCK, 'all but what does not begin where a block begins');
  t.equal(given.given, 3 * BLOCK + 14);
  t.ok(readFileSync(paths[0] as string).equals(readFileSync(file)));
});

t.test('what is half received is used for another offer of it', async (t) => {
  const { nodes, bob, dir, send } = await two(t);
  const file = path.join(dir, 'from/film');
  writeFileSync(file, randomBytes(32 * BLOCK));
  nodes[0]?.uploadCap.set(16 * BLOCK);
  const half = await send(file);
  while (half.taken.have.count < 8) await next((fn) => bob.files.on('progress', fn));
  await bob.files.pause(half.taken.id);
  nodes[0]?.uploadCap.set(null);
  const had = half.taken.have.count;
  const again = await send(file, { out: path.join(dir, 'else') });
  const { reused, paths } = await again.done();
  t.ok(reused >= had * BLOCK, `${reused / BLOCK} of ${had} blocks`);
  t.equal(again.given.given, 32 * BLOCK - reused);
  t.ok(readFileSync(paths[0] as string).equals(readFileSync(file)));
});

t.test('small files that were packed otherwise are found by their names', async (t) => {
  const { dir, send } = await two(t);
  const tree = path.join(dir, 'from/tree');
  mkdirSync(path.join(tree, 'in'), { recursive: true });
  for (let i = 0; i < 400; i++) writeFileSync(path.join(tree, 'in', `${1000 + i}`), randomBytes(4096));
  await (await send(tree)).done();
  writeFileSync(path.join(tree, 'in/1000'), randomBytes(5000)); // the packs have other ends now
  const { given, done } = await send(tree);
  const { paths, reused } = await done();
  t.ok(given.given <= BLOCK, `${given.given} bytes: one pack`);
  t.equal(reused + given.given, given.layout.totalBytes);
  for (let i = 0; i < 400; i++) {
    const name = `in/${1000 + i}`;
    if (!readFileSync(path.join(paths[0] as string, name)).equals(readFileSync(path.join(tree, name))))
      t.fail(`${name} differs`);
  }
});

t.test('nobody learns by an offer what else lies on the disk', async (t) => {
  const { nodes, ann, bob, cem, dir, out, send } = await two(t);
  const secret = randomBytes(6 * BLOCK);
  // In the folder by another way: an offer that no person has looked at finds nothing of it, one that was said yes to does.
  writeFileSync(path.join(out, 'diary'), secret);
  const guess = path.join(dir, 'from/diary');
  writeFileSync(guess, secret);
  const unasked = await send(guess, { unasked: true });
  t.equal((await unasked.done()).reused, 0, 'taken by a rule');
  t.equal(unasked.given.given, secret.byteLength);
  await ann.files.withdraw(unasked.given.id);

  // From Cem to Bob alone: what Ann offers to all shows nothing of it.
  const alone = randomBytes(6 * BLOCK);
  const theirs = path.join(dir, 'else/plan');
  writeFileSync(theirs, alone);
  const offer = next<Transfer>((fn) => bob.files.on('offered', fn));
  const { transfer } = await cem.files.offer({ paths: [theirs], to: nodes[1]?.id });
  await offer;
  await bob.files.accept(transfer.id, { out: path.join(dir, 'bob') });
  await untilTransfer(bob, transfer.id, 'done');
  writeFileSync(path.join(dir, 'from/plan'), alone);
  t.equal((await (await send(path.join(dir, 'from/plan'))).done()).reused, 0, 'of what was for one alone');
});

t.test('what is another file by the time it is read is not taken for what it was', async (t) => {
  const dir = t.testdir({});
  const file = path.join(dir, 'a');
  writeFileSync(file, randomBytes(3 * BLOCK));
  const version = new EarlierVersion(new Layout([3 * BLOCK]), [identify(file)]);
  const target = Buffer.alloc(BLOCK);
  t.ok(version.read(0, target));
  t.ok(target.equals(readFileSync(file).subarray(0, BLOCK)));
  writeFileSync(path.join(dir, 'b'), randomBytes(3 * BLOCK));
  renameSync(path.join(dir, 'b'), file);
  t.notOk(version.read(1, target));
  t.notOk(version.read(0, target), 'nor any more');
  version.close();
});

t.test('of a file that is another one altogether little is read for nothing', (t) => {
  const file = path.join(t.testdir({ a: '' }), 'a');
  const blocks = 400;
  writeFileSync(file, new Uint8Array(blocks * BLOCK));
  const version = new EarlierVersion(new Layout([blocks * BLOCK]), [identify(file)]);
  const target = Buffer.alloc(BLOCK);
  let reads = 0;
  for (let block = 0; block < blocks; block++) {
    if (!version.read(block, target)) continue;
    reads++;
    version.judged(false);
  }
  t.ok(reads < 64 + blocks / 16, `${reads} of ${blocks}`);
  version.judged(true);
  t.ok(version.read(5, target) && version.read(6, target), 'one that is the same, and all are tried again');
  version.close();
  t.end();
});

t.test(
  'an index of more than it can hold knows every so many blocks, and the first of each file',
  async (t) => {
    const count = 100_000;
    const shelf = (blocks: number): Shelf => ({
      blockCount: blocks,
      async *hashes() {
        const hashes = randomBytes(blocks * 32);
        if (blocks > 1) known.push(hashes);
        yield { first: 0, hashes };
      },
      read: () => 0,
      close: () => {},
    });
    const known: Buffer[] = [];
    const shelves = [shelf(count), ...Array.from({ length: 100 }, () => shelf(1))];
    const index = await BlockIndex.of(shelves);
    t.equal(index.size, count / 2 + 100);
    const hash = (block: number) => (known[0] as Buffer).subarray(block * 32, block * 32 + 32);
    t.same(index.find(hash(4)), { shelf: shelves[0], block: 4 });
    t.equal(index.find(hash(5)), null);
  },
);
