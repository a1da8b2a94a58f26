import NoiseSecretStream from '@hyperswarm/secret-stream';
import createTestnet from 'hyperdht/testnet.js';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import { Counters } from '../../src/counters.js';
import { InternetDiscovery } from '../../src/discovery/internet.js';
import { LIMITS } from '../../src/limits.js';
import { silentLog } from '../../src/log.js';
import { discoveryContract, type End, someRoom } from '../contract/discovery.js';

/** A DHT of its own on loopback, for the whole file. */
const testnet = await createTestnet(10, { host: '127.0.0.1' });
t.teardown(() => testnet.destroy());

const discoveryOf = (bootstrap = testnet.bootstrap, keyPair = NoiseSecretStream.keyPair()) =>
  new InternetDiscovery(
    { keyPair, clock: systemClock, log: silentLog, counters: new Counters() },
    { bootstrap },
  );

const ends = async (_t: Test, count: number): Promise<End[]> =>
  Array.from({ length: count }, () => {
    const keyPair = NoiseSecretStream.keyPair();
    const discovery = discoveryOf(testnet.bootstrap, keyPair);
    return { discovery, keyPair, close: () => discovery.close() };
  });

discoveryContract(t, 'internet', ends);

const opened = async (t: Test, discovery: InternetDiscovery) => {
  t.teardown(() => discovery.close());
  await discovery.open();
  return discovery;
};
const stream = (discovery: InternetDiscovery, proves = true) =>
  new Promise<NoiseSecretStream>((resolve) => {
    const off = discovery.on('stream', (found) => {
      off();
      if (proves) found.proven();
      resolve(found.noise);
    });
  });

t.test('a room of this network alone is not looked for, and opens nothing', async (t) => {
  const discovery = await opened(t, discoveryOf());
  discovery.join({ ...someRoom(), lanOnly: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(discovery.dht, null);
});

t.test(
  'two that join in the same instant find each other, long before the library would look again',
  async (t) => {
    const [a, b] = [await opened(t, discoveryOf()), await opened(t, discoveryOf())];
    const room = someRoom();
    const start = performance.now();
    const both = Promise.all([stream(a), stream(b)]);
    a.join(room);
    b.join(room);
    await both;
    t.ok(performance.now() - start < 30_000, `${Math.round(performance.now() - start)} ms`);
  },
);

t.test('[K2] who is held is not dialled again, and comes back when it is released', async (t) => {
  const [a, b] = [await opened(t, discoveryOf()), await opened(t, discoveryOf())];
  const room = someRoom();
  const both = Promise.all([stream(a), stream(b)]);
  a.join(room);
  b.join(room);
  const [noise] = await both;
  const instances = [a, b].map(({ instance }) => instance);
  a.hold(instances[1] as string);
  b.hold(instances[0] as string);
  let streams = 0;
  const offs = [a, b].map((end) => end.on('stream', () => streams++));
  noise.destroy();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  t.equal(streams, 0, 'not for three seconds');
  for (const off of offs) off();
  const again = Promise.all([stream(a), stream(b)]);
  a.release(instances[1] as string);
  b.release(instances[0] as string);
  await again;
});

t.test('[K2] the knock of who is held is told, and answered as soon as it is released', async (t) => {
  const [a, b] = [await opened(t, discoveryOf()), await opened(t, discoveryOf())];
  const room = someRoom();
  const both = Promise.all([stream(a), stream(b)]);
  a.join(room);
  b.join(room);
  const ends = await both;
  a.hold(b.instance);
  b.hold(a.instance);
  const closed = ends.map((noise) => new Promise<void>((resolve) => void noise.on('close', () => resolve())));
  ends[0].destroy();
  await Promise.all(closed);
  const knocked = new Promise<string>((resolve) => void b.on('sought', resolve));
  const start = performance.now();
  a.release(b.instance); // it alone has lost what they were connected by
  t.equal(await knocked, a.instance);
  const again = Promise.all([stream(a), stream(b)]);
  b.release(a.instance);
  await again;
  const ms = Math.round(performance.now() - start);
  t.ok(ms < 5_000, `${ms} ms, less than the library pauses after one dial that failed`);
});

t.test(
  'no bootstrap node in reach: joining and closing are as quick as ever, and nothing throws',
  async (t) => {
    const discovery = await opened(t, discoveryOf([{ host: '127.0.0.1', port: 9 }]));
    discovery.join(someRoom());
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { user, system } = process.cpuUsage(before);
    t.comment(
      `${((user + system) / 20_000).toFixed(1)} % of a processor, ten DHT nodes of this test among it`,
    );
    const start = performance.now(); // the library's own time-outs are six seconds
    await discovery.close();
    t.ok(performance.now() - start < 4_000, `closed in ${Math.round(performance.now() - start)} ms`);
  },
);

t.test('[B6] [C15] who proves nothing is gone at the deadline, and left alone for a while', async (t) => {
  const [a, mal] = [await opened(t, discoveryOf()), await opened(t, discoveryOf())];
  const room = someRoom();
  let streams = 0;
  a.on('stream', ({ noise }) => {
    streams++;
    noise.destroy(); // as a network does with a wrong proof
  });
  const first = new Promise<void>((resolve) => void a.on('stream', () => resolve()));
  a.join(room);
  mal.join(room);
  await first;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  t.ok(streams >= 1 && streams <= 4, `${streams} streams in four seconds`);
  t.ok(LIMITS.dialBackoffMaxMs >= 60_000);
});

t.end(); // the DHT's sockets would keep the process from ending by itself
