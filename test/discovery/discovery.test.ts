import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import b4a from 'b4a';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import { Counters } from '../../src/counters.js';
import { formatAddress, parseAddress } from '../../src/discovery/address.js';
import { backoffMs } from '../../src/discovery/backoff.js';
import { DirectDiscovery } from '../../src/discovery/direct.js';
import type { FoundStream } from '../../src/discovery/discovery.js';
import { fromTxt, makeTags, matchTags, newNonce, roomTag, toTxt } from '../../src/discovery/room-tags.js';
import { TcpTransport } from '../../src/discovery/tcp-transport.js';
import { LIMITS } from '../../src/limits.js';
import { silentLog } from '../../src/log.js';
import { discoveryContract, type End, someRoom } from '../contract/discovery.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';

const transportOf = (keyPair = NoiseSecretStream.keyPair(), clock = systemClock, counters = new Counters()) =>
  new TcpTransport({ keyPair, clock, log: silentLog, counters });

discoveryContract(t, 'memory', async (_t, count) => {
  const network = new MemoryNetwork();
  return Array.from({ length: count }, (): End => {
    const discovery = network.discovery();
    return { discovery, keyPair: discovery.keyPair, close: () => discovery.close() };
  });
});

discoveryContract(t, 'direct', async (_t, count) => {
  const ends = Array.from({ length: count }, () => {
    const keyPair = NoiseSecretStream.keyPair();
    const transport = transportOf(keyPair);
    const discovery = new DirectDiscovery({ transport, clock: systemClock });
    return { discovery, keyPair, transport };
  });
  await Promise.all(ends.map(({ transport }) => transport.open()));
  return ends.map(({ discovery, keyPair, transport }) => ({
    discovery,
    keyPair,
    address: `127.0.0.1:${transport.port}`,
    meet: (other: End, roomId: string) => discovery.add(parseAddress(other.address as string), roomId),
    close: async () => {
      await discovery.close();
      await transport.close();
    },
  }));
});

t.test('addresses are read strictly and written back the same', async (t) => {
  for (const good of ['10.0.0.1:80', 'otter.local:4711', '[::1]:9', '[fe80::1%eth0]:4711']) {
    t.equal(formatAddress(parseAddress(good)), good);
  }
  t.equal(formatAddress({ host: '::ffff:10.1.2.3', port: 5 }), '10.1.2.3:5');
  for (const bad of [
    '',
    ':',
    'host',
    'host:',
    'host:0',
    'host:65536',
    '::1:80',
    '[host]:80',
    '[::1]',
    'a b:1',
    'a:1:2',
    'host:-1',
  ]) {
    t.throws(() => parseAddress(bad), { code: 'ADDRESS_INVALID' }, bad);
  }
});

t.test('pauses between attempts double up to the longest, never below half', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const ms = backoffMs(attempt, LIMITS.dialBackoffMaxMs, () => random);
        return ms >= LIMITS.dialBackoffMinMs / 2 && ms <= LIMITS.dialBackoffMaxMs;
      },
    ),
  );
});

t.test('[D2] tags of rooms', async (t) => {
  const vectors = JSON.parse(readFileSync('test/vectors/discovery.json', 'utf8')) as Record<string, string>;
  const hex = (name: string) => Buffer.from(vectors[name] as string, 'hex');
  t.same(b4a.toString(roomTag(hex('mdnsKey'), hex('nonce')), 'hex'), vectors.tag, 'the known answer');

  const strings = (txt: Record<string, string>) =>
    Object.entries(txt).map(([k, v]) => Buffer.from(`${k}=${v}`));
  for (const count of [0, 1, 4, 5, 17, 64]) {
    const rooms = Array.from({ length: count }, () => someRoom());
    const txt = toTxt(
      makeTags(
        rooms.map(({ mdnsKey }) => mdnsKey),
        newNonce(),
      ),
    );
    t.ok(
      Object.entries(txt).every(([key, value]) => key.length + value.length < 255),
      'no string is too long',
    );
    const record = fromTxt(strings(txt));
    t.same(
      record && matchTags(record, rooms),
      rooms.map(({ id }) => id),
      `${count} rooms are all found`,
    );
    t.same(record && matchTags(record, [someRoom(), someRoom()]), [], 'others are not');
    t.ok([4, 8, 16, 32, 64].includes(record?.tags.length ?? 0), 'their number is hidden');
  }
  const records: Record<string, string>[] = [
    {},
    { v: '2', n: '00'.repeat(16) },
    { v: '1', n: '00' },
    { v: '1', n: '00'.repeat(16), t0: 'A'.repeat(200) },
  ];
  for (const bad of records) {
    t.equal(fromTxt(strings(bad)), null, JSON.stringify(bad));
  }
  t.equal(fromTxt([Buffer.alloc(LIMITS.mdnsTxtBytes)]), null, 'too long');
  t.ok(
    fromTxt(strings({ v: '1', n: '00'.repeat(16), __proto__x: 'y', constructor: 'z' })),
    'unknown keys are passed over',
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 8 }), (any) => {
      fromTxt(any);
      return true;
    }),
  );
});

/** A transport on loopback that counts what comes in, and a way to be a stranger to it. */
async function besieged(t: Test, clock = systemClock) {
  const counters = new Counters();
  const transport = transportOf(NoiseSecretStream.keyPair(), clock, counters);
  await transport.open();
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await transport.close();
  });
  const stranger = (from = '127.0.0.1') => {
    const socket = connect({ host: '127.0.0.1', port: transport.port as number, localAddress: from });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  return { transport, counters, stranger };
}

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => void socket.on('close', () => resolve()).resume());

t.test(
  '[B1] [B10] a first frame of no length, or of more than 1 KiB, ends the stream before anything is allocated',
  async (t) => {
    const { transport, stranger } = await besieged(t);
    for (const header of ['ffffff', '000000', '010400']) {
      const socket = stranger();
      const gone = closed(socket);
      socket.write(Buffer.from(header, 'hex'));
      await gone;
    }
    const slow = stranger();
    const gone = closed(slow);
    for (const byte of [0xff, 0xff, 0xff]) slow.write(Buffer.from([byte]));
    await gone;
    t.equal(transport.pending, 0);
    const before = process.memoryUsage().rss;
    const flood = stranger();
    const over = closed(flood);
    flood.write(Buffer.alloc(8 * 1024 * 1024, 0xff));
    await over;
    t.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024, 'a large first packet is not kept');
  },
);

t.test(
  '[B1] [B10] silence, half a frame or a byte now and then end at the deadline, which bytes do not move',
  async (t) => {
    const clock = new ManualClock();
    const { transport, stranger } = await besieged(t, clock);
    const trickling = stranger();
    trickling.write(Buffer.from([0x20, 0, 0, 1]));
    await until(() => transport.pending === 1);
    const gone = closed(trickling);
    for (let ms = 0; ms < LIMITS.noiseDeadlineMs; ms += 1_000) {
      trickling.write(Buffer.from([1]));
      clock.advance(1_000);
    }
    await gone;
    t.equal(transport.pending, 0);
  },
);

t.test('[B1] who finishes the handshake and proves nothing is gone at the deadline', async (t) => {
  const clock = new ManualClock();
  const { transport, stranger } = await besieged(t, clock);
  const handed = new Promise<string>(
    (resolve) => void transport.on('incoming', ({ instance }) => resolve(instance)),
  );
  const socket = stranger();
  const noise = new NoiseSecretStream(true, socket);
  noise.on('error', () => {});
  await noise.opened;
  const instance = await handed;
  t.ok(transport.has(instance));
  const gone = new Promise<void>((resolve) => void transport.on('gone', () => resolve()));
  clock.advance(LIMITS.proofDeadlineMs);
  await gone;
  t.notOk(transport.has(instance));
});

t.test('[B1] [B6] 500 idle connections hold few places, and an honest one still gets in', async (t) => {
  const { transport, counters, stranger } = await besieged(t);
  const idle = Array.from({ length: 500 }, () => stranger('127.0.0.9'));
  await Promise.all(
    idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  t.ok(transport.pending <= LIMITS.pendingStreams, `${transport.pending} pending`);
  const incoming = new Promise((resolve) => void transport.on('incoming', resolve));
  const start = performance.now();
  const honest = new NoiseSecretStream(true, stranger('127.0.0.10'));
  honest.on('error', () => {});
  t.equal(await honest.opened, true);
  await incoming;
  t.ok(performance.now() - start < 15_000, 'it does not wait for the deadlines of the idle ones');
  const { 'streams refused': refused = 0 } = counters.snapshot();
  t.ok(refused > 400, `${refused} refused`);
});

t.test('[B3] garbage of any kind ends that stream alone', async (t) => {
  const { transport, stranger } = await besieged(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
      const socket = stranger(
        `127.0.1.${1 + ((createHash('sha256').update(bytes).digest()[0] as number) % 200)}`,
      );
      const gone = closed(socket);
      socket.write(
        Buffer.concat([Buffer.from([bytes.length, 0, 0]), bytes, Buffer.from([32, 0, 0]), Buffer.alloc(32)]),
      );
      socket.end();
      await gone;
    }),
    { numRuns: 50 },
  );
  t.equal(transport.pending, 0);
});

t.test('[C1] another instance than the one announced there is not talked to', async (t) => {
  const { transport } = await besieged(t);
  const caller = transportOf();
  t.teardown(() => caller.close());
  const target = { host: '127.0.0.1', port: transport.port as number, rooms: [] };
  t.equal(
    await caller.dial({ ...target, instance: '0011223344556677' }, () => t.fail('talked to')),
    'failed',
  );
  t.equal(
    await caller.dial({ ...target, instance: transport.instance }, ({ noise }) => noise.destroy()),
    'opened',
  );
  t.equal(await transport.dial(target, () => t.fail('talked to itself')), 'self');
});

t.test('a silent address is given up at the deadline, a closed port at once', async (t) => {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as AddressInfo;
  const clock = new ManualClock();
  const caller = transportOf(NoiseSecretStream.keyPair(), clock);
  t.teardown(() => caller.close());
  const accepted = new Promise<Socket>((resolve) => void silent.once('connection', resolve));
  const outcome = caller.dial({ host: '127.0.0.1', port, rooms: [] }, () => t.fail());
  (await accepted).on('error', () => {}).resume();
  await until(() => caller.pending === 1);
  clock.advance(LIMITS.noiseDeadlineMs);
  t.equal(await outcome, 'failed');
  await new Promise((resolve) => void silent.close(resolve));
  t.equal(await caller.dial({ host: '127.0.0.1', port, rooms: [] }, () => t.fail()), 'failed');
});

t.test('an address from which nothing comes back at all is given up at the deadline', async (t) => {
  const clock = new ManualClock();
  const caller = transportOf(NoiseSecretStream.keyPair(), clock);
  t.teardown(() => caller.close());
  const outcome = caller.dial({ host: '127.0.0.1', port: 9, rooms: [] }, () => t.fail());
  clock.advance(LIMITS.dialDeadlineMs); // before the system had time to tell that nobody listens there
  t.equal(await outcome, 'failed');
  t.equal(clock.pending, 0);
});

t.test('[C1] [D3] of several addresses the one with the instance that was meant is taken', async (t) => {
  const [{ transport }, other] = [await besieged(t), await besieged(t)];
  const caller = transportOf();
  t.teardown(() => caller.close());
  const at = (port: number | null) => ({ host: '127.0.0.1', port: port as number });
  const found: string[] = [];
  const others = [at(9), at(transport.port)];
  const target = { ...at(other.transport.port), others, rooms: [], instance: transport.instance };
  t.equal(await caller.dial(target, ({ instance }) => found.push(instance)), 'opened');
  t.same(found, [transport.instance]);
});

t.test('a stream in doubt keeps nobody from dialling, until something comes on it again', async (t) => {
  const { transport } = await besieged(t);
  const caller = transportOf();
  t.teardown(() => caller.close());
  const gone: string[] = [];
  caller.on('gone', (instance) => gone.push(instance));
  const found = await new Promise<FoundStream>(
    (resolve) => void caller.dial({ host: '127.0.0.1', port: transport.port as number, rooms: [] }, resolve),
  );
  const { instance } = transport;
  t.ok(caller.has(instance));
  found.doubted(true);
  t.notOk(caller.has(instance));
  t.same(gone, [instance]);
  found.doubted(false);
  t.ok(caller.has(instance));
  found.doubted(true);
  const closed = new Promise<void>((resolve) => void found.noise.on('close', () => resolve()));
  found.noise.destroy();
  await closed;
  found.doubted(false);
  t.notOk(caller.has(instance), 'what is gone does not come back');
  t.same(gone, [instance, instance], 'and is told once each time');
});

t.test('a port that was asked for and is taken is told', async (t) => {
  const { transport } = await besieged(t);
  const other = new TcpTransport(
    { keyPair: NoiseSecretStream.keyPair(), clock: systemClock, log: silentLog, counters: new Counters() },
    { port: transport.port as number },
  );
  await t.rejects(other.open(), { code: 'PORT_TAKEN' });
  await other.close();
});

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve));
}

t.test('no file descriptor is left behind', async (t) => {
  const count = () => Number(spawnSync('sh', ['-c', `ls /proc/${process.pid}/fd | wc -l`]).stdout.toString());
  const before = count();
  const { transport, stranger } = await besieged(t);
  for (let round = 0; round < 5; round++) {
    const sockets = Array.from({ length: 15 }, () => stranger(`127.0.2.${round + 1}`));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const gone = sockets.map(closed);
    for (const socket of sockets) socket.write(Buffer.from('ffffff', 'hex'));
    await Promise.all(gone);
  }
  await until(() => transport.pending === 0);
  await transport.close();
  while (count() > before + 3) await new Promise((resolve) => setTimeout(resolve, 50)); // a socket's may end a little later
  t.equal(transport.pending, 0, `${before} before, ${count()} after`);
});
