import { randomBytes } from 'node:crypto';
import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Test } from 'tap';
import type { DiscoverableRoom, Discovery, FoundStream } from '../../src/discovery/discovery.js';
import { instanceId } from '../../src/discovery/instance-id.js';

/** One end of a discovery under test. */
export interface End {
  discovery: Discovery;
  /** Called after `join` on one end of each pair, where an implementation has to be told an address. */
  meet?: (other: End, roomId: string) => void;
  address?: string;
  keyPair: NoiseSecretStream.KeyPair;
  close(): Promise<void>;
}

/** Makes ends that could find each other, not opened yet. */
export type MakeEnds = (t: Test, count: number) => Promise<End[]>;

export const someRoom = (id = randomBytes(4).toString('hex')): DiscoverableRoom => ({
  id,
  topic: randomBytes(32),
  mdnsKey: randomBytes(32),
  lanOnly: false,
});

/** What every implementation of `Discovery` must do; the numbers are those of its own comment. */
export function discoveryContract(t: Test, name: string, make: MakeEnds): void {
  const open = async (t: Test, count: number) => {
    const ends = await make(t, count);
    t.teardown(() => Promise.all(ends.map((end) => end.close())));
    await Promise.all(ends.map(({ discovery }) => discovery.open()));
    return ends as [End, End, ...End[]];
  };
  const join = (room: DiscoverableRoom, ...ends: End[]) => {
    for (const end of ends) end.discovery.join(room);
    for (const [i, end] of ends.entries()) for (const other of ends.slice(i + 1)) end.meet?.(other, room.id);
  };
  const stream = ({ discovery }: End) =>
    new Promise<FoundStream>((resolve) => {
      discovery.on('stream', (found) => {
        found.proven();
        resolve(found);
      });
    });

  t.test(`${name}: [2] two that joined one room get a stream, with each other's keys`, async (t) => {
    const [a, b] = await open(t, 2);
    const room = someRoom();
    const found = Promise.all([stream(a), stream(b)]);
    join(room, a, b);
    const [atA, atB] = await found;
    t.equal(atA.instance, instanceId(b.keyPair.publicKey));
    t.equal(atB.instance, instanceId(a.keyPair.publicKey));
    t.not(atA.noise.isInitiator, atB.noise.isInitiator);
    t.same(atA.noise.handshakeHash, atB.noise.handshakeHash);
    const [dialled, came] = atA.noise.isInitiator ? [atA, atB] : [atB, atA];
    t.same(dialled.rooms, [room.id], 'who dialled knows what for');
    t.same(came.rooms, []);
    const heard = new Promise((resolve) => came.noise.on('data', (data) => resolve(data.toString())));
    dialled.noise.write('through');
    t.equal(await heard, 'through');
  });

  t.test(`${name}: [2] [C17] without a common room there is no stream`, async (t) => {
    const [a, b, c] = await open(t, 3);
    for (const end of [a, c as End])
      end.discovery.on('stream', ({ instance }) => {
        if (instance === instanceId(b.keyPair.publicKey)) t.fail('a stream to who is in another room');
      });
    join(someRoom(), b);
    const found = Promise.all([stream(a), stream(c as End)]);
    join(someRoom(), a, c as End);
    await found;
  });

  t.test(`${name}: [4] a stream that ended is made again`, async (t) => {
    const [a, b] = await open(t, 2);
    const found = Promise.all([stream(a), stream(b)]);
    join(someRoom(), a, b);
    const [first] = await found;
    const again = stream(a);
    first.noise.destroy();
    t.not((await again).noise, first.noise);
  });

  t.test(`${name}: joining, leaving and closing may come in any order and twice`, async (t) => {
    const [a, b] = await open(t, 2);
    const room = someRoom();
    a.discovery.join(room);
    a.discovery.join(room);
    a.discovery.leave(room.id);
    a.discovery.leave(room.id);
    b.discovery.leave('never joined');
    b.discovery.hold('0000000000000000');
    b.discovery.release('0000000000000000');
    b.discovery.refresh();
    t.equal(a.discovery.close(), a.discovery.close(), 'one promise');
    await Promise.all([a.discovery.close(), b.discovery.close()]);
    a.discovery.join(room);
  });
}
