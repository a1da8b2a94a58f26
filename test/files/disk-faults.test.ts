import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { next, roomNumber } from '../support/memory-node.js';
import { has } from '../support/needs.js';
import { people, untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;
const MIB = 1024 * 1024;
/** A user who may do nothing here. */
const NOBODY = 65_534;

/** Ann sends to Bob, who puts it on a disk of its own with these options, or with null into a folder. */
async function ground(t: Test, options: string | null) {
  const { nodes, rooms } = await people(t, 'Ann', 'Bob');
  const [ann, bob] = rooms as [Room, Room];
  const dir = t.testdir({ from: {}, to: {} });
  const out = path.join(dir, 'to');
  if (options !== null) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', out]);
    t.teardown(() => execFileSync('umount', ['-l', out]));
  }
  /** Offers files of these sizes; resolves when Bob knows. */
  const offer = async (...sizes: number[]): Promise<Transfer> => {
    const paths = sizes.map((size, i) => {
      const place = path.join(dir, 'from', `${i}`);
      writeFileSync(place, randomBytes(size));
      return place;
    });
    const told = next<Transfer>((fn) => bob.files.on('offered', fn));
    await ann.files.offer({ paths });
    return told;
  };
  const isSame = () =>
    readdirSync(out).every((name) =>
      readFileSync(path.join(out, name)).equals(readFileSync(path.join(dir, 'from', name))),
    );
  const slow = (blocksPerSecond: number | null) =>
    nodes[0]?.uploadCap.set(blocksPerSecond === null ? null : blocksPerSecond * BLOCK);
  return { bob, node: nodes[1], dir, out, offer, isSame, slow };
}

const isRoot = (t: Test) => has(t, 'root');

t.test('[full space] it is said before, and in the middle it waits with what has arrived', async (t) => {
  if (!isRoot(t)) return;
  const { bob, out, offer, isSame, slow } = await ground(t, 'size=8m');
  const large = await offer(10 * MIB);
  await t.rejects(bob.files.accept(large.id, { out }), { code: 'DISK_FULL' }, 'seen before');
  slow(4);
  const { id } = await offer(16 * BLOCK);
  await bob.files.accept(id, { out });
  writeFileSync(path.join(out, 'filler'), new Uint8Array(7 * MIB));
  const waits = await untilTransfer(bob, id, 'paused');
  t.equal(waits.code, 'DISK_FULL');
  const { count } = waits.have;
  t.ok(count > 0, `${count} blocks are kept`);
  await t.rejects(bob.files.resume(id), { code: 'DISK_FULL' }, 'not before there is room');
  slow(null);
  rmSync(path.join(out, 'filler'));
  await bob.files.resume(id);
  await untilTransfer(bob, id, 'done');
  t.ok(isSame());
  t.same(readdirSync(out), ['0']);
});

t.test('[full inodes] where the disk has no more files it waits, and then nothing is lost', async (t) => {
  if (!isRoot(t)) return;
  const { bob, out, offer, isSame } = await ground(t, 'size=64m,nr_inodes=12');
  const { id } = await offer(...Array.from({ length: 20 }, (_, i) => 100 + i));
  await bob.files.accept(id, { out });
  t.equal((await untilTransfer(bob, id, 'paused')).code, 'DISK_FULL');
  t.ok(
    readdirSync(out).every((name) => name.startsWith('.chatter')),
    'of many files not some',
  );
  execFileSync('mount', ['-o', 'remount,nr_inodes=200', out]);
  await bob.files.resume(id);
  await untilTransfer(bob, id, 'done');
  t.equal(readdirSync(out).length, 20);
  t.ok(isSame());
});

t.test('[read-only] it is said before, and what had arrived on a disk that became so is kept', async (t) => {
  if (!isRoot(t)) return;
  const { bob, node, out, offer, isSame, slow } = await ground(t, 'size=64m');
  const remount = (how: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${how}`, out]);
  remount('ro');
  const refused = await offer(BLOCK);
  const readOnly = { code: 'DISK_FAILED', message: /read-only/ };
  await t.rejects(bob.files.accept(refused.id, { out }), readOnly);
  remount('rw');
  slow(16);
  const { id, have } = await offer(32 * BLOCK);
  await bob.files.accept(id, { out });
  while (have.count < 8) await next((fn) => bob.files.on('progress', fn));
  await node?.leave(roomNumber(1)); // the node ends
  remount('ro');
  const again = (await node?.join(roomNumber(1))) as Room;
  const waits = again.files.transfers.find((each) => each.id === id);
  t.match(waits, { state: 'paused', code: 'DISK_FAILED' });
  await t.rejects(again.files.resume(id), { code: 'DISK_FAILED' });
  remount('rw');
  slow(null);
  await again.files.resume(id);
  const { have: kept } = again.files.transfers.find((each) => each.id === id) as Transfer;
  t.ok(kept.count >= 8, `${kept.count} blocks were kept`);
  await untilTransfer(again, id, 'done');
  t.ok(isSame());
});

t.test('[permission] a folder that is not ours to write is told, before and in the middle', async (t) => {
  if (!isRoot(t)) return;
  const { bob, out, offer, isSame, slow } = await ground(t, null);
  const asNobody = async (fn: () => Promise<unknown>) => {
    process.seteuid?.(NOBODY);
    try {
      await fn();
    } finally {
      process.seteuid?.(0);
    }
  };
  const refused = await offer(1);
  await asNobody(() =>
    t.rejects(bob.files.accept(refused.id, { out }), { code: 'DISK_FAILED', message: /not allowed/ }),
  );
  t.same(readdirSync(out), []);
  slow(8);
  const { id } = await offer(6 * BLOCK, 6 * BLOCK);
  await bob.files.accept(id, { out });
  await asNobody(async () => {
    t.equal((await untilTransfer(bob, id, 'paused')).code, 'DISK_FAILED', 'it cannot be put there');
  });
  slow(null);
  await bob.files.resume(id);
  await untilTransfer(bob, id, 'done');
  t.ok(isSame());
});

t.test('[vanished folder] it is told, and nothing is written elsewhere', async (t) => {
  const { bob, dir, out, offer } = await ground(t, null);
  const inbox = path.join(out, 'inbox');
  mkdirSync(inbox);
  const { id } = await offer(1);
  await bob.files.accept(id, { out: inbox });
  rmSync(inbox, { recursive: true });
  t.equal((await untilTransfer(bob, id, 'paused')).code, 'DISK_FAILED');
  t.same(readdirSync(out), []);
  t.same(readdirSync(dir).sort(), ['from', 'to']);
});

t.test(
  '[vanished folder] what was on a disk that was taken out is not written under its place',
  async (t) => {
    if (!isRoot(t)) return;
    const { bob, out, offer, slow } = await ground(t, null);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', out]);
    slow(8);
    const { id } = await offer(6 * BLOCK, 6 * BLOCK);
    await bob.files.accept(id, { out });
    execFileSync('umount', ['-l', out]);
    t.equal((await untilTransfer(bob, id, 'paused')).code, 'DISK_FAILED');
    t.same(readdirSync(out), []);
  },
);
