import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import NoiseSecretStream from '@hyperswarm/secret-stream';
import { Bonjour } from 'bonjour-service';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.js';
import { Counters } from '../../src/counters.js';
import type { DiscoverableRoom } from '../../src/discovery/discovery.js';
import { instanceId } from '../../src/discovery/instance-id.js';
import { type NetworkLink, networkLinks } from '../../src/discovery/interfaces.js';
import { LanDiscovery } from '../../src/discovery/lan.js';
import { MdnsLink } from '../../src/discovery/mdns-link.js';
import { makeTags, newNonce, toTxt } from '../../src/discovery/room-tags.js';
import { TcpTransport } from '../../src/discovery/tcp-transport.js';
import { LIMITS } from '../../src/limits.js';
import { silentLog } from '../../src/log.js';
import { discoveryContract, type End, someRoom } from '../contract/discovery.js';
import { liveHeapBytes } from '../support/live-heap.js';
import { ManualClock } from '../support/manual-clock.js';
import { onOwnNetwork } from '../support/on-own-network.js';

/** In a node it is direct discovery that hands on who dials in. */
class Lan extends LanDiscovery {
  readonly #transport: TcpTransport;

  constructor(deps: ConstructorParameters<typeof LanDiscovery>[0]) {
    super(deps);
    this.#transport = deps.transport;
  }

  protected override async _open(): Promise<void> {
    await super._open();
    this.defer(this.#transport.on('incoming', (found) => this.emit('stream', found)));
  }
}

const ends = async (_t: Test, count: number): Promise<End[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const keyPair = NoiseSecretStream.keyPair();
      const deps = { clock: systemClock, log: silentLog };
      const transport = new TcpTransport({ ...deps, keyPair, counters: new Counters() });
      const discovery = new Lan({ ...deps, transport });
      await transport.open();
      const close = async () => {
        await discovery.close();
        await transport.close();
      };
      return { discovery, keyPair, close };
    }),
  );

interface Srv {
  instance: string;
  port: number;
  txt?: Record<string, string>;
  ttl?: number;
}

/** A neighbour that says what it likes by mDNS. */
class Liar {
  readonly #mdns;

  constructor(t: Test) {
    const { address } = networkLinks().find(({ loopback }) => !loopback) ?? {};
    const bonjour = new Bonjour({ interface: address, bind: '0.0.0.0' } as object, () => {});
    this.#mdns = (
      bonjour as unknown as {
        server: { mdns: { respond(packet: object, done: () => void): void; destroy(): void } };
      }
    ).server.mdns;
    t.teardown(() => this.#mdns.destroy());
  }

  async say(...services: Srv[]): Promise<void> {
    const answers = services.flatMap(({ instance, port, txt = {}, ttl = 120 }) => {
      const name = `${instance}._chatter._tcp.local`;
      const data = Object.entries(txt).map(([key, value]) => Buffer.from(`${key}=${value}`));
      return [
        { name: '_chatter._tcp.local', type: 'PTR', ttl, data: name },
        { name, type: 'SRV', ttl, data: { port, target: 'liar.local' } },
        { name, type: 'TXT', ttl, data },
        { name: 'liar.local', type: 'A', ttl, data: '169.254.169.254' },
      ];
    });
    await new Promise<void>((resolve) => this.#mdns.respond({ answers }, resolve));
  }
}

/** The parts of multicast-dns that somebody needs who asks. */
interface Asker {
  on(event: 'response', fn: (packet: { answers: { data: unknown }[] }) => void): void;
  query(packet: object, done: () => void): void;
  destroy(): void;
}

const tagsFor = (room: DiscoverableRoom) => toTxt(makeTags([room.mdnsKey], newNonce()));
const connected = (end: End) =>
  new Promise<NoiseSecretStream>((resolve) => {
    end.discovery.on('stream', (found) => {
      found.proven();
      resolve(found.noise);
    });
  });

/** A port on this machine, and how often somebody came there. */
async function watched(t: Test, port: number) {
  const server = createServer();
  let visits = 0;
  server.on('connection', (socket) => {
    visits++;
    socket.destroy();
  });
  server.listen(port);
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return { port: (server.address() as AddressInfo).port, visits: () => visits };
}

if (await onOwnNetwork(t, import.meta.url)) {
  discoveryContract(t, 'lan', ends);

  t.test('[C3] [D3] a spoofed goodbye or changed record touches no living stream', async (t) => {
    const [a, b] = (await ends(t, 2)) as [End, End];
    t.teardown(() => Promise.all([a.close(), b.close()]));
    await Promise.all([a.discovery.open(), b.discovery.open()]);
    const room = someRoom();
    const streams = Promise.all([connected(a), connected(b)]);
    for (const end of [a, b]) end.discovery.join(room);
    const [noise] = await streams;
    const liar = new Liar(t);
    const elsewhere = await watched(t, 0);
    for (const { discovery } of [a, b]) {
      discovery.on('stream', () => t.fail('nothing is dialled anew'));
    }
    for (const instance of [a, b].map(({ discovery }) => (discovery as LanDiscovery).instance)) {
      await liar.say({ instance, port: elsewhere.port, ttl: 0 });
      await liar.say({ instance, port: elsewhere.port, txt: tagsFor(room) });
      await liar.say({ instance, port: elsewhere.port, txt: tagsFor(someRoom()) });
    }
    await new Promise((resolve) => setTimeout(resolve, LIMITS.lanYieldMs + 1_000));
    t.notOk(noise.destroyed, 'it lives');
    t.equal(elsewhere.visits(), 0, 'nobody goes where the lie says');
  });

  t.test('[B1] [D3] a record leads to no low port and to no address but its sender’s', async (t) => {
    const [a] = (await ends(t, 1)) as [End];
    t.teardown(() => a.close());
    await a.discovery.open();
    const room = someRoom();
    a.discovery.join(room);
    const liar = new Liar(t);
    const low = await Promise.all([22, 80, 1023].map((port) => watched(t, port)));
    const high = await watched(t, 0);
    for (const [i, { port }] of [...low, high].entries()) {
      await liar.say({ instance: `00000000000000f${i}`, port, txt: tagsFor(room) });
    }
    while (high.visits() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    t.same(
      low.map(({ visits }) => visits()),
      [0, 0, 0],
    );
  });

  t.test(
    '[B1] [C7] 50,000 false records are forgotten, and an honest neighbour is found among them',
    async (t) => {
      const [a, b] = (await ends(t, 2)) as [End, End];
      t.teardown(() => Promise.all([a.close(), b.close()]));
      await Promise.all([a.discovery.open(), b.discovery.open()]);
      const room = someRoom();
      a.discovery.join(room);
      const liar = new Liar(t);
      const before = liveHeapBytes();
      const busy = process.cpuUsage();
      const txt = tagsFor(someRoom());
      const flood = (async () => {
        for (let i = 0; i < 50_000; i += 4) {
          const services = [0, 1, 2, 3].map((j) => ({
            instance: (i + j).toString(16).padStart(16, 'e'),
            port: 4711,
            txt,
          }));
          await liar.say(...services);
          if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const found = connected(a);
      b.discovery.join(room);
      await found;
      await flood;
      const { user, system } = process.cpuUsage(busy);
      const grown = (liveHeapBytes() - before) / 2 ** 20;
      t.comment(
        `${grown.toFixed(0)} MiB more; ${((user + system) / 1e6).toFixed(1)} s of processor, the liar’s too`,
      );
      t.ok((a.discovery as LanDiscovery).known <= LIMITS.mdnsInstances, 'what is remembered is bounded');
      t.ok(grown < 32, `${grown} MiB`);
    },
  );

  t.test('[C7] half a record, and somebody who says our own name, change nothing', async (t) => {
    const [a, b] = (await ends(t, 2)) as [End, End];
    t.teardown(() => Promise.all([a.close(), b.close()]));
    await Promise.all([a.discovery.open(), b.discovery.open()]);
    const room = someRoom();
    a.discovery.join(room);
    const liar = new Liar(t);
    const elsewhere = await watched(t, 0);
    const { instance } = a.discovery as LanDiscovery;
    for (let i = 0; i < 3; i++) {
      await liar.say({ instance: 'f'.repeat(16), port: elsewhere.port }); // without a word of its rooms
      await liar.say({ instance, port: elsewhere.port, txt: tagsFor(room) }); // as who answers the library's probe
    }
    const found = Promise.all([connected(a), connected(b)]);
    b.discovery.join(room);
    const [atA] = await found;
    t.equal(instanceId(atA.remotePublicKey as Uint8Array), instanceId(b.keyPair.publicKey));
    t.ok((a.discovery as LanDiscovery).known >= 1);
  });

  t.test('[C5] questions from off the link are not heard, and no flood of them is answered', async (t) => {
    const [here] = networkLinks().filter(({ family, loopback }) => family === 4 && !loopback);
    const clock = new ManualClock();
    const answers = new Map<string, number>();
    const asker = new Bonjour({ interface: here?.address, bind: '0.0.0.0' } as object, () => {});
    const { mdns } = (asker as unknown as { server: { mdns: Asker } }).server;
    t.teardown(() => mdns.destroy());
    const waiting = new Set<() => void>();
    mdns.on('response', ({ answers: records }) => {
      const instance = records.map(({ data }) => /^([0-9a-f]{16})\./.exec(String(data))?.[1]).find(Boolean);
      if (instance) answers.set(instance, (answers.get(instance) ?? 0) + 1);
      for (const look of waiting) look();
    });
    const answer = async (instance: string, more = 1) => {
      const before = answers.get(instance) ?? 0;
      await new Promise<void>((resolve) => {
        const look = () => {
          if ((answers.get(instance) ?? 0) < before + more) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    };
    /** A node that has said its record twice. */
    const node = async (instance: string, link: NetworkLink) => {
      const mdnsLink = new MdnsLink({ link, clock, log: silentLog });
      t.teardown(() => mdnsLink.close());
      await mdnsLink.open();
      const said = answer(instance);
      mdnsLink.announce({ instance, port: 4711, txt: {} });
      await said;
      const again = answer(instance);
      clock.advance(2_000);
      await again;
    };
    const question = { name: '_chatter._tcp.local', type: 'PTR' };
    const ask = (questions: object[]) => new Promise<void>((resolve) => mdns.query({ questions }, resolve));
    const [far, near, last] = ['a', 'b', 'c'].map((digit) => digit.repeat(16)) as [string, string, string];
    await node(far, { ...(here as NetworkLink), contains: () => false });
    await node(near, here as NetworkLink);
    const first = answer(near);
    await ask([question]);
    await first;
    t.equal(answers.get(near), 3, 'the first who asks hears it at once');
    for (let i = 0; i < 50; i++) await ask(Array.from({ length: i === 0 ? 600 : 1 }, () => question));
    const second = answer(near);
    await node(last, here as NetworkLink); // what was asked before has been dealt with, and time passes
    await second;
    const marker = answer(last);
    await ask([question]);
    await marker;
    t.ok((answers.get(near) ?? 0) <= 8, `${answers.get(near)} times said, for 650 questions in two seconds`);
    t.equal(answers.get(far), 2, 'who asks from elsewhere gets nothing but what is said to all');
  });

  t.test('nothing is bound before the first join, and nothing is left after the last leave', async (t) => {
    const sockets = () => readFileSync('/proc/net/udp', 'latin1').split(':14E9 ').length - 1;
    while (sockets() > 0) await new Promise((resolve) => setTimeout(resolve, 10)); // the liars' of before
    const [a] = (await ends(t, 1)) as [End];
    t.teardown(() => a.close());
    await a.discovery.open();
    t.equal(sockets(), 0);
    const room = someRoom();
    a.discovery.join(room);
    while (sockets() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    a.discovery.leave(room.id);
    while (sockets() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    t.equal(sockets(), 0);
  });
}
