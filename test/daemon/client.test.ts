import { type ChildProcess, spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { EventBody } from '../../src/daemon/api.js';
import { Client } from '../../src/daemon/client.js';
import { spawnNode } from '../../src/daemon/find-node.js';
import { LIMITS } from '../../src/limits.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { type Api, NODE_OPTIONS, startApi } from '../support/api-server.js';

const LEFT: EventBody = { type: 'left', room: 'lobby', roomId: 'c' };

/** A spawned "node" that finds its folder locked, as a second one would beside the one that runs. */
const LOCKED = {
  command: process.execPath,
  args: ['-e', 'console.log("chatter: DATA_FOLDER_LOCKED: Another node holds it."); process.exit(1)'],
};

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A folder in which a client finds the node of `api`. */
function folderOf(t: Test, api: Api): DataFolder {
  const folder = new DataFolder({ data: t.testdir() });
  folder.create();
  announce(folder, api);
  return folder;
}

function announce(folder: DataFolder, api: Api): void {
  folder.write(folder.tokenFile, api.token);
  folder.write(folder.nodeFile, JSON.stringify({ pid: process.pid, port: api.port, options: NODE_OPTIONS }));
}

async function find(t: Test, folder: DataFolder): Promise<Client> {
  const client = await Client.find({ folder });
  if (!client) throw new Error('The client was not let in.');
  t.teardown(() => client.close());
  return client;
}

/** Numbers below 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SEEDS = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3];

for (const seed of SEEDS) {
  t.test(`a client misses none of 10,000 events while its connection is cut (SEED=${seed})`, async (t) => {
    const api = await startApi(t);
    const client = await find(t, folderOf(t, api));
    const next = random(seed);
    const heard: number[] = [];
    const texts = new Set<string>();
    const news = signal();
    let lost = 0;
    client.on('event', (event) => {
      heard.push(event.seq);
      if ('text' in event) texts.add(event.text);
      news.emit();
    });
    client.on('lost', () => lost++);
    client.on('resync', () => news.fail(new Error('The client was told of a gap.')));
    client.on('failed', (err) => news.fail(err));

    const last = () => heard.at(-1) ?? 0;
    let [cuts, cutAt, nextCut] = [0, 0, 1];
    for (let i = 1; i <= 10_000; i++) {
      // Together they stay below what is told again at once.
      api.node.message(`${i} ${'x'.repeat(next() < 0.005 ? LIMITS.lineBytes - 6 : next() * 100)}`);
      if (next() < 0.1) await tick();
      if (i < nextCut) continue;
      while (last() <= cutAt) await news.wait(); // every connection brings something before it is cut
      api.cut();
      cuts++;
      [cutAt, nextCut] = [i, i + 1 + Math.floor(next() * 300)];
    }
    while (heard.length < 10_000) await news.wait();
    t.strictSame(heard, range(1, 10_000), 'each once, in order');
    t.equal(texts.size, 10_000);
    t.ok(cuts > 40, `cut ${cuts} times`);
    t.equal(lost, cuts, 'each cut is told');
  });
}

t.test('a client whose last event is gone from the ring is told how things stand', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  const heard: (number | 'resync')[] = [];
  client.on('event', ({ seq }) => heard.push(seq));
  const resynced = new Promise<unknown>((resolve) => {
    client.on('resync', (snapshot) => {
      heard.push('resync');
      resolve(snapshot);
    });
  });
  await client.request('whoami', {}); // the first event has a listener now
  api.node.emit(LEFT);
  await client.request('whoami', {});
  api.cut();
  for (let i = 0; i <= LIMITS.events; i++) api.node.emit(LEFT);
  t.strictSame(await resynced, api.node.snapshot());
  api.node.emit(LEFT);
  await client.request('whoami', {});
  t.strictSame(heard, [1, 'resync', LIMITS.events + 3], 'and then goes on from there');
});

t.test('a client whose gap just fits into the ring misses nothing', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  const heard: number[] = [];
  const news = signal();
  client.on('resync', () => news.fail(new Error('The client was told of a gap.')));
  client.on('failed', (err) => news.fail(err));
  client.on('event', ({ seq }) => {
    heard.push(seq);
    news.emit();
  });
  api.node.emit(LEFT);
  await client.request('whoami', {});
  api.cut();
  for (let i = 0; i < LIMITS.events; i++) api.node.emit(LEFT);
  while (heard.length < LIMITS.events + 1) await news.wait();
  t.strictSame(heard, range(1, LIMITS.events + 1));
});

t.test('a client goes over to the next run of the node', async (t) => {
  const first = await startApi(t, { epoch: 'run-1' });
  const folder = folderOf(t, first);
  const client = await find(t, folder);
  await client.request('join', { room: 'lobby', passphrase: 'a long secret', name: 'Ada', open: true });
  for (let i = 0; i < 5; i++) first.node.emit(LEFT);

  const second = await startApi(t, { epoch: 'run-2' });
  for (let i = 0; i < 5; i++) second.node.emit(LEFT);
  announce(folder, second);
  const resynced = new Promise<unknown>((resolve) => client.on('resync', resolve));
  const rejoined = new Promise<void>((resolve) => {
    second.node.before = () => resolve();
  });
  await first.close();
  t.strictSame(await resynced, second.node.snapshot(), 'the same number in another run is another event');
  await rejoined;
  t.strictSame(
    second.node.asked,
    [{ method: 'join', params: { room: 'c'.repeat(64), name: 'Ada' } }],
    'it joins again what it had joined, by id and without the passphrase',
  );
  await client.request('leave', { room: 'lobby' });
  t.equal(second.leases.count, 1, 'its lease goes on');
  const heard: string[] = [];
  const news = signal();
  client.on('event', ({ epoch, seq }) => {
    heard.push(`${epoch} ${seq}`);
    news.emit();
  });
  second.node.emit(LEFT);
  await news.wait();
  t.strictSame(heard, ['run-2 6']);
});

t.test('a request that was under way when the node was lost fails, and is not asked again', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  let asked = 0;
  const reached = new Promise<void>((resolve) => {
    api.node.before = () => {
      if (asked++ > 0) return undefined;
      resolve();
      return new Promise(() => {});
    };
  });
  const said = client.request('say', { room: 'lobby', text: 'hello' });
  await reached;
  const connected = once(api.wire, 'connection');
  api.cut();
  await t.rejects(said, { code: 'NODE_LOST' });
  await t.rejects(client.request('whoami', {}), { code: 'NODE_LOST' }, 'nor can anything be asked meanwhile');
  await connected;
  const back = signal();
  client.on('event', () => back.emit());
  api.node.emit(LEFT);
  await back.wait();
  t.equal((await client.request('whoami', {})).name, 'Ada', 'until it is back');
  t.strictSame(
    api.node.asked.map(({ method }) => method),
    ['say', 'whoami'],
  );
});

t.test('errors of the node reach who asked, by their code', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  await t.rejects(client.request('say', { room: 'lobby', text: 5 as never }), { code: 'API_BAD_REQUEST' });
  api.node.before = () => {
    throw new Error('broken');
  };
  await t.rejects(client.request('whoami', {}), { code: 'INTERNAL', name: 'ChatterError' });
});

t.test('a client that is cut again while it joins again does not say that it failed', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  await client.request('join', { room: 'lobby' });
  const failures: string[] = [];
  client.on('failed', ({ code }) => failures.push(code));
  let joins = 0;
  const back = new Promise<void>((resolve) => {
    api.node.before = (method) => {
      if (method !== 'join') return undefined;
      if (++joins > 1) {
        resolve();
        return undefined;
      }
      api.cut();
      return new Promise(() => {});
    };
  });
  api.cut();
  await back;
  t.equal((await client.request('whoami', {})).name, 'Ada', 'it is back');
  t.equal(joins, 2);
  t.strictSame(failures, [], 'not failed');
});

/** Waits as long as a client needs to come back, if it wants to: many times as long as one connection takes. */
async function whileItWouldReturn(api: Api): Promise<void> {
  for (let i = 0; i < 50; i++) await api.post('whoami');
}

t.test('a client that was closed while it was cut off does not come back', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  await client.request('join', { room: 'lobby' });
  const closed = new Promise<void>((resolve) => client.on('lost', () => resolve(client.close())));
  api.cut();
  await closed;
  api.node.asked.length = 0;
  await whileItWouldReturn(api);
  const joins = api.node.asked.filter(({ method }) => method === 'join').length;
  t.strictSame({ joins, leases: api.leases.count }, { joins: 0, leases: 0 }, 'no rejoin');
});

t.test('a node with other options than the wanted ones is refused, and left alone', async (t) => {
  const api = await startApi(t);
  const folder = folderOf(t, api);
  let connections = 0;
  api.wire.on('connection', () => connections++);
  const spawn = { command: '/nowhere/chatter', args: [] };
  const wanted = (options: object) => Client.connect({ folder, spawn, options });
  for (const options of [
    { lanOnly: true },
    { lan: false },
    { bootstrap: ['a:1'] },
    { listen: 5 },
    { port: 5 },
  ]) {
    await t.rejects(wanted(options), { code: 'NODE_OPTIONS_DIFFER' }, JSON.stringify(options));
  }
  const before = connections;
  await whileItWouldReturn(api);
  t.equal(connections - before, 50, 'they do not try again');
  const client = await wanted({ lanOnly: false, bootstrap: [], port: undefined });
  t.teardown(() => client.close());
  t.equal(client.spawned, false);
});

/** The next process that is started, and what its end makes this process throw. */
function nextChild(): Promise<{ ended: Promise<unknown>; thrown: unknown[] }> {
  return new Promise((resolve) => {
    const onChild = (message: unknown) => {
      unsubscribe('child_process', onChild);
      const { process: child } = message as { process: ChildProcess };
      const thrown: unknown[] = [];
      const emit = child.emit.bind(child) as (...args: unknown[]) => boolean;
      child.emit = ((...args: unknown[]) => {
        try {
          return emit(...args);
        } catch (err) {
          thrown.push(err);
          return true;
        }
      }) as ChildProcess['emit'];
      resolve({ ended: once(child, 'exit'), thrown });
    };
    subscribe('child_process', onChild);
  });
}

t.test('one cut connection on the way back is no reason to give up', async (t) => {
  const api = await startApi(t);
  const client = await Client.connect({ folder: folderOf(t, api), spawn: LOCKED });
  t.teardown(() => client.close());
  const news = signal();
  client.on('failed', (err) => news.fail(err));
  client.on('event', () => news.emit());
  const starting = nextChild();
  api.wire.once('connection', (socket: Socket) => socket.destroy());
  api.cut();
  api.node.emit(LEFT);
  await news.wait();
  t.equal((await client.request('whoami', {})).name, 'Ada');
  const child = await starting;
  await child.ended;
  t.strictSame(child.thrown, [], 'the end of the node that was not needed disturbs nobody');
});

t.test('no client is had where no node runs, or what is written about it is of no use', async (t) => {
  const api = await startApi(t);
  const folder = folderOf(t, api);
  for (const content of ['', '{', 'null', '{"pid":1,"port":1,"options":{}}']) {
    folder.write(folder.nodeFile, content);
    t.equal(await Client.find({ folder }), null, JSON.stringify(content));
  }
  for (const content of ['[]', '7', '{}', '{"port":"x"}', '{"port":99999}', '{"port":-1}', '{"port":null}']) {
    folder.write(folder.nodeFile, content);
    const found = await Client.find({ folder }).catch((err: Error) => err.name);
    t.equal(found, null, content);
  }
  announce(folder, api);
  folder.write(folder.tokenFile, 'wrong');
  t.equal(await Client.find({ folder }), null, 'a wrong token');
  folder.remove(folder.tokenFile);
  t.equal(await Client.find({ folder }), null, 'no token');
  folder.write(folder.tokenFile, api.token);
  folder.remove(folder.nodeFile);
  t.equal(await Client.find({ folder }), null, 'no node.json');
  announce(folder, api);
  const client = await find(t, folder);
  t.equal((await client.request('whoami', {})).name, 'Ada', 'and with both it is had');
});

t.test('a client that ends the node waits until it is gone', async (t) => {
  const api = await startApi(t);
  const client = await find(t, folderOf(t, api));
  let stopped = false;
  const stop = client.stop().then(() => {
    stopped = true;
  });
  while (api.stops === 0) await tick();
  await api.post('whoami');
  t.equal(stopped, false, 'not before');
  await api.close();
  await stop;
  t.equal(stopped, true);
});

/** Wakes whoever waits, or disappoints it. */
function signal(): { emit(): void; fail(err: Error): void; wait(): Promise<void> } {
  const emitter = new EventEmitter();
  let failure: Error | null = null;
  return {
    emit: () => void emitter.emit('change'),
    fail(err) {
      failure = err;
      emitter.emit('change');
    },
    async wait() {
      if (!failure) await once(emitter, 'change');
      if (failure) throw failure;
    },
  };
}

t.test('a node that is slow to let somebody in is asked again, a dead one is not', async (t) => {
  const folder = new DataFolder({ data: t.testdir() });
  folder.create();
  const announced = (pid: number) => {
    folder.write(folder.tokenFile, 'token');
    folder.write(folder.nodeFile, JSON.stringify({ pid, port: 40_000, options: NODE_OPTIONS }));
  };
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const asked: number[] = [];
  announced(gone);
  const found = await spawnNode(folder, LOCKED, async ({ pid }) => {
    asked.push(pid);
    if (pid === gone) setTimeout(() => announced(process.pid), 200); // ten looks later
    return asked.length > 3;
  });
  t.equal(found.address.pid, process.pid);
  t.same(asked, [gone, process.pid, process.pid, process.pid]);
});
