import t from 'tap';
import type { Room } from '../../src/room/room.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';

/** Resolves when so many others are here. */
async function here(room: Room, count: number): Promise<void> {
  while (room.members.length < count) await next((fn) => room.on('member-joined', fn));
}

/** Resolves when somebody has been turned away so often. */
async function turnedAway(node: MemoryNode, times: number): Promise<void> {
  while ((node.counters.snapshot().blocked ?? 0) < times) await new Promise((done) => setImmediate(done));
}

t.test(
  'a blocked person never gets as far as a channel, whoever dials; nobody else is touched',
  async (t) => {
    for (const annFirst of [true, false]) {
      const network = new MemoryNetwork();
      const [ann, bob, eve] = [
        await MemoryNode.open(t, 'Ann', network),
        await MemoryNode.open(t, 'Bob', network),
        await MemoryNode.open(t, 'Eve', network),
      ];
      ann.blocked.add(eve.id);
      const keys = roomNumber(1);
      // Who joins last dials those who are there.
      const order = annFirst ? [ann, eve, bob] : [eve, ann, bob];
      for (const node of order.slice(0, 2)) await node.join(keys);
      await turnedAway(ann, 3);
      t.equal(ann.sessions.length, 0, 'no session, so no channel');
      t.equal(ann.network.connections.size, 0);
      if (!annFirst) t.equal(eve.network.connections.size, 0, 'who is dialled does not even learn by whom');
      t.notOk(eve.rooms.get(keys.id)?.members.length, 'and she sees nobody');
      const atBob = await bob.join(keys);
      await here(atBob, 2);
      t.same(
        ann.rooms.get(keys.id)?.members.map(({ name }) => name),
        ['Bob'],
      );
    }
  },
);

t.test(
  'blocking ends what is open at once; to them it looks like leaving; unblocking lets them in again',
  async (t) => {
    const network = new MemoryNetwork();
    const [ann, eve] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Eve', network)];
    const rooms = [roomNumber(1), roomNumber(2)];
    const atAnn: Room[] = [];
    const atEve: Room[] = [];
    for (const keys of rooms) {
      atAnn.push(await ann.join(keys));
      const room = await eve.join(keys);
      atEve.push(room);
      await Promise.all([here(room, 1), here(atAnn.at(-1) as Room, 1)]);
    }
    const left = Promise.all(
      atEve.map((room) => next<{ reason: string }>((fn) => room.on('member-left', fn))),
    );
    let heard = 0;
    for (const room of atAnn) room.on('line', () => heard++);
    ann.blocked.add(eve.id);
    ann.network.refuse(eve.id as never);
    t.same(
      atAnn.map(({ members }) => members.length),
      [0, 0],
      'in all rooms, before another event',
    );
    await atEve[0]?.say('can you hear me?');
    t.match(await left, [{ reason: 'left' }, { reason: 'left' }]);
    await turnedAway(ann, 1);
    t.equal(heard, 0);
    t.equal(ann.network.connections.size, 0);

    const back = Promise.all([...atAnn, ...atEve].map((room) => here(room, 1)));
    ann.blocked.delete(eve.id);
    ann.network.readmit();
    await back;
    const line = next<{ text: string }>(
      (fn) => (atAnn[0] as Room).on('line', fn),
      ({ text }) => text === 'and now?', // what was said meanwhile is caught up
    );
    await atEve[0]?.say('and now?');
    t.match(await line, { text: 'and now?', author: { name: 'Eve' } });
  },
);
