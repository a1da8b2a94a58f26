import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Transfer } from '../../src/files/transfer.js';
import type { Room } from '../../src/room/room.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';
import { untilTransfer } from '../support/one-room.js';

const BLOCK = 256 * 1024;
const NAMES = ['Bob', 'Cem', 'Dan', 'Eve'];
/** One stream of everybody's is cut so often, at most so many times. */
const CUT_EVERY_MS = 40;
const CUTS = 24;

const offered = (room: Room) => next<Transfer>((fn) => room.files.on('offered', fn));

t.test('whoever has it is known to have it, though every stream was cut or replaced meanwhile', async (t) => {
  const networks = [new MemoryNetwork(), new MemoryNetwork()];
  const nodes: MemoryNode[] = [];
  const rooms: Room[] = [];
  for (const name of ['Ann', ...NAMES]) {
    const node = await MemoryNode.open(t, name, ...networks);
    nodes.push(node);
    rooms.push(await node.join(roomNumber(1)));
  }
  const [ann, ...others] = rooms as [Room, ...Room[]];
  while (ann.members.length < NAMES.length) await next((fn) => ann.on('member-joined', fn));
  const dir = t.testdir(Object.fromEntries(['from', ...NAMES].map((name) => [name, {}])));
  writeFileSync(path.join(dir, 'from', 'a'), randomBytes(24 * BLOCK));
  nodes[0]?.uploadCap.set(24 * BLOCK);
  const offers = others.map(offered);
  const { transfer } = await ann.files.offer({ paths: [path.join(dir, 'from', 'a')] });
  await Promise.all(offers);
  let cuts = 0;
  const cutting = setInterval(() => {
    if (++cuts === CUTS) clearInterval(cutting);
    for (const { network } of nodes) {
      const links = [...network.connections.values()];
      links[cuts % Math.max(1, links.length)]?.link.destroy();
    }
  }, CUT_EVERY_MS);
  t.teardown(() => clearInterval(cutting));
  const known = new Promise<void>((resolve) => {
    const look = () => {
      const done = [...transfer.receivers.values()].filter(({ answer }) => answer === 'done');
      if (done.length === NAMES.length) resolve();
    };
    ann.files.on('changed', look);
  });
  for (const [i, room] of others.entries())
    await room.files.accept(transfer.id, { out: path.join(dir, NAMES[i] as string) });
  await Promise.all(others.map((room) => untilTransfer(room, transfer.id, 'done')));
  await known;
  t.ok(cuts > 1, `${cuts} times a stream of each was cut`);
});
