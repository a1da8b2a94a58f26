import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import t, { type Test } from 'tap';
import { byteRange } from '../../src/daemon/file-range.js';
import { TransferBodies } from '../../src/daemon/transfer-bodies.js';
import type { Transfer } from '../../src/files/transfer.js';
import type { UploadEntry } from '../../src/files/upload.js';
import type { Room } from '../../src/room/room.js';
import { type Api, startApi } from '../support/api-server.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, next, roomNumber } from '../support/memory-node.js';

const BLOCK = 256 * 1024;

interface Setting {
  api: Api;
  ann: Room;
  bob: Room;
  dir: string;
}

/** Two people in a room; the API is that of the first one. */
async function setUp(t: Test): Promise<Setting> {
  const network = new MemoryNetwork();
  const [one, two] = [await MemoryNode.open(t, 'Ann', network), await MemoryNode.open(t, 'Bob', network)];
  const [ann, bob] = [await one.join(roomNumber(1)), await two.join(roomNumber(1))];
  while (bob.members.length === 0) await next((fn) => bob.on('member-joined', fn));
  while (ann.members.length === 0) await next((fn) => ann.on('member-joined', fn));
  const api = await startApi(t);
  api.node.bodies = new TransferBodies(
    (id) => ({ room: ann, transfer: ann.files.transfers.find((each) => each.id === id) ?? never() }),
    (_room, { id, state }) => ({ transfer: id, state }),
  );
  return { api, ann, bob, dir: t.testdir({ uploads: {}, inbox: {}, own: {} }) };
}

const never = (): never => {
  throw new Error('no such transfer');
};

const file = (name: string, size: number): UploadEntry => ({
  path: name,
  size,
  mtimeMs: 1e12,
  folder: false,
});

/** Sends a body and resolves with what is answered. */
async function post(api: Api, url: string, body: Uint8Array, headers: Record<string, string> = api.bearer) {
  const request = httpRequest({ port: api.port, host: '127.0.0.1', path: url, method: 'POST', headers });
  request.on('error', () => {}); // an answer may come before all was sent
  request.end(body);
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

async function get(api: Api, url: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://${api.host}${url}`, { headers });
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

t.test('what a program hands over is offered at once, written once, and arrives whole', async (t) => {
  const { api, ann, bob, dir } = await setUp(t);
  const [small, big, empty, mid] = [
    randomBytes(100),
    randomBytes(3 * BLOCK + 5),
    Buffer.alloc(0),
    randomBytes(BLOCK - 1),
  ];
  const offered = next<{ id: string }>((fn) => bob.files.on('offered', fn as never));
  const transfer = await ann.files.offerUpload({
    entries: [
      file('trip/a.txt', small.length),
      file('trip/big.bin', big.length),
      file('trip/empty', 0),
      file('trip/sub/mid.bin', mid.length),
      { path: 'trip/nothing here', size: 0, mtimeMs: 1e12, folder: true },
    ],
    folder: path.join(dir, 'uploads'),
  });
  t.same(
    transfer.manifest.entries.map(({ path: name, folder }) => `${name}${folder ? '/' : ''}`),
    [
      'trip/',
      'trip/a.txt',
      'trip/big.bin',
      'trip/empty',
      'trip/sub/',
      'trip/sub/mid.bin',
      'trip/nothing here/',
    ],
  );
  await offered;
  await bob.files.accept(transfer.id, { out: path.join(dir, 'inbox') });
  const done = next<Transfer>(
    (fn) => bob.files.on('changed', fn),
    ({ state }) => state === 'done',
  );
  const body = Buffer.concat([big, small, empty, mid]);
  const half = 2 * BLOCK + 77;
  const first = await post(api, `/api/upload/${transfer.id}/0`, body.subarray(0, half));
  t.equal(first.status, 200);
  t.equal(transfer.upload?.received, half);
  const again = await post(api, `/api/upload/${transfer.id}/0`, body);
  t.match(again, { status: 409, body: /UPLOAD_OFFSET/ }, 'what is here is not taken again');
  t.equal((await post(api, `/api/upload/${transfer.id}/${half}`, body.subarray(half))).status, 200);
  await done;
  const inbox = path.join(dir, 'inbox', 'trip');
  t.same(readdirSync(inbox).sort(), ['a.txt', 'big.bin', 'empty', 'nothing here', 'sub']);
  t.ok(readFileSync(path.join(inbox, 'big.bin')).equals(big));
  t.ok(readFileSync(path.join(inbox, 'a.txt')).equals(small));
  t.ok(readFileSync(path.join(inbox, 'sub', 'mid.bin')).equals(mid));
  t.equal(readdirSync(path.join(dir, 'uploads')).length, 1, 'one folder of ours');
  await ann.files.withdraw(transfer.id);
  t.same(readdirSync(path.join(dir, 'uploads')), [], 'and none when it is withdrawn');
});

t.test('pages are given while the rest is still being handed over', async (t) => {
  const { api, ann, bob, dir } = await setUp(t);
  const [page, rest] = [256 * 1024 * 1024, 10];
  const transfer = await ann.files.offerUpload({
    entries: [file('disk.img', page + rest)],
    folder: path.join(dir, 'uploads'),
  });
  while (bob.files.transfers.length === 0) await next((fn) => bob.files.on('offered', fn));
  await bob.files.accept(transfer.id, { out: path.join(dir, 'inbox') });
  const theirs = bob.files.transfers[0] as { bytes: number };
  await post(api, `/api/upload/${transfer.id}/0`, Buffer.alloc(page));
  while (theirs.bytes < page) await next((fn) => bob.files.on('progress', fn));
  t.equal(transfer.upload?.files, null, 'ten bytes are missing');
  const done = next<Transfer>(
    (fn) => bob.files.on('changed', fn),
    ({ state }) => state === 'done',
  );
  await post(api, `/api/upload/${transfer.id}/${page}`, Buffer.alloc(rest));
  await done;
});

t.test(
  '[A1] [A16] [A17] [A18] [A19] no name that leaves its folder, and no size that is none, is offered',
  async (t) => {
    const { ann, dir } = await setUp(t);
    const folder = path.join(dir, 'uploads');
    const names = [
      '../x',
      '..',
      '/etc/x',
      'a/../../x',
      'C:x',
      'a\\b',
      'a//b',
      '%2e%2e/x',
      'a\u202egpj.exe',
      'a\u0000b',
      '\ud800',
    ];
    for (const name of names)
      await t.rejects(
        ann.files.offerUpload({ entries: [file(name, 1)], folder }),
        { code: 'FILE_NAME_UNSAFE' },
        JSON.stringify(name),
      );
    const twice = [file('a.txt', 1), file('A.TXT', 1)];
    await t.rejects(
      ann.files.offerUpload({ entries: twice, folder }),
      { code: 'FILE_NAME_UNSAFE' },
      'two that are one',
    );
    await t.rejects(
      ann.files.offerUpload({ entries: [file('a', 1), file('a/b', 1)], folder }),
      { code: 'FILE_NAME_UNSAFE' },
      'a file that is a folder',
    );
    await t.rejects(ann.files.offerUpload({ entries: [file('a', 2 ** 41)], folder }), {
      code: 'FILES_LIMIT',
    });
    await t.rejects(ann.files.offerUpload({ entries: [file('a', 2 ** 40)], folder }), { code: 'DISK_FULL' });
    t.same(readdirSync(folder), [], 'nothing was made');
    t.same(ann.files.transfers, []);
  },
);

t.test('a body that is too long, of nobody or cut short does no harm', async (t) => {
  const { api, ann, dir } = await setUp(t);
  const folder = path.join(dir, 'uploads');
  const transfer = await ann.files.offerUpload({ entries: [file('a.bin', 1000)], folder });
  const url = `/api/upload/${transfer.id}`;
  t.match(await post(api, `${url}/0`, randomBytes(1001)), { status: 413 }, 'announced too long');
  const chunked = { ...api.bearer, 'Transfer-Encoding': 'chunked' };
  t.match(await post(api, `${url}/0`, randomBytes(1001), chunked), { status: 409 }, 'turns out too long');
  t.equal(
    readFileSync(path.join(folder, readdirSync(folder)[0] as string, '0')).length,
    1000,
    'no byte more',
  );
  t.equal((await post(api, `/api/upload/${'0'.repeat(32)}/0`, randomBytes(1))).status, 500, 'an unknown one');
  for (const wrong of [url, `${url}/`, `${url}/-1`, `${url}/1e3`, `${url}/99999999999999999`, `${url}/0/0`])
    t.match(String((await post(api, wrong, randomBytes(1))).status), /^40[04]$/, wrong);

  const second = await ann.files.offerUpload({ entries: [file('b.bin', 1000)], folder });
  const request = httpRequest({
    port: api.port,
    host: '127.0.0.1',
    path: `/api/upload/${second.id}/0`,
    method: 'POST',
    headers: { ...api.bearer, 'Content-Length': '1000' },
  });
  request.on('error', () => {});
  request.write(randomBytes(300));
  while ((api.leases.count as number) === 0) await new Promise((resolve) => setImmediate(resolve));
  request.destroy();
  while ((api.leases.count as number) > 0) await new Promise((resolve) => setImmediate(resolve));
  const received = second.upload?.received ?? 0;
  t.ok(received <= 300);
  t.equal(
    (await post(api, `/api/upload/${second.id}/${received}`, randomBytes(1000 - received))).status,
    200,
    'it goes on',
  );
  t.ok(second.upload?.files);
});

t.test('[D5] [D6] a pass opens bodies alone, and dies with its WebSocket', async (t) => {
  const { api, ann, dir } = await setUp(t);
  const own = path.join(dir, 'own', 'note.txt');
  writeFileSync(own, 'hello');
  const { transfer } = await ann.files.offer({ paths: [own] });
  const url = `/api/content/${transfer.id}/0`;
  t.equal((await get(api, url)).status, 401);
  t.equal((await get(api, url, { Authorization: 'Bearer no' })).status, 401);
  const socket = await api.attach();
  socket.send({ id: 1, do: 'pass' });
  const { ok } = (await socket.next()) as unknown as { ok: { pass: string } };
  const bearer = { Authorization: `Bearer ${ok.pass}` };
  t.equal((await get(api, url, bearer)).body.toString(), 'hello');
  t.equal((await api.post('whoami', {}, bearer)).status, 401, 'it opens nothing else');
  t.equal((await api.upgrade(bearer)).status, 401);
  t.equal((await get(api, url, { ...bearer, Origin: 'http://evil.test' })).status, 403);
  t.equal((await get(api, url, { ...bearer, 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  t.equal((await get(api, url, { ...bearer, Origin: 'null' })).status, 403);
  await socket.end();
  await api.connections(0);
  t.equal((await get(api, url, bearer)).status, 401);
  t.notMatch(api.lines.join('\n'), ok.pass);
});

t.test('[D6] a ticket is good once, for a minute, and for one file', async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  const ticket = async () => {
    const { body } = await api.post('ticket', { transfer: '01234567', file: 0 });
    return (JSON.parse(body) as { ok: { url: string } }).ok.url;
  };
  const url = await ticket();
  t.match(url, /^\/api\/save\/[\w-]{22}$/);
  t.equal((await api.ask('POST', url, api.bearer, 'x')).status, 403);
  t.equal((await get(api, url)).status, 200);
  t.equal((await get(api, url)).status, 404, 'once');
  const second = await ticket();
  t.equal((await api.ask('GET', second, { 'Sec-Fetch-Site': 'cross-site' })).status, 403, 'no other page');
  t.equal((await api.ask('GET', second, { Host: 'evil.test' })).status, 403);
  t.equal((await get(api, second)).status, 200);
  t.equal((await get(api, second)).status, 404, 'once');
  const third = await ticket();
  clock.advance(60_000);
  t.equal((await get(api, third)).status, 404, 'too late');
  t.equal((await get(api, '/api/save/AAAAAAAAAAAAAAAAAAAAAA')).status, 404);
});

t.test(
  '[D8] [D15] [D17] a file is never a document of the page, whatever it is called and holds',
  async (t) => {
    const { api, ann, dir } = await setUp(t);
    const names = ['x.html', 'evil.svg', 'a"; filename="b.html', 'ü.txt', "it's (1).txt", 'photo.png'];
    for (const name of names) {
      const own = path.join(dir, 'own', name);
      writeFileSync(own, '<script>window.__xss=1</script>');
      const { transfer } = await ann.files.offer({ paths: [own] });
      const { status, headers } = await get(api, `/api/content/${transfer.id}/0`, api.bearer);
      t.equal(status, 200, name);
      t.match(headers.get('content-security-policy'), /default-src 'none'.*sandbox/);
      t.equal(headers.get('content-type'), 'application/octet-stream');
      t.equal(headers.get('x-content-type-options'), 'nosniff');
      t.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
      t.match(
        headers.get('content-disposition'),
        /^attachment; filename="[^"\\]*"; filename\*=UTF-8''[\w.%~-]+$/,
      );
      for (const none of ['access-control-allow-origin', 'set-cookie'])
        t.equal(headers.get(none), null, none);
    }
  },
);

t.test('a stretch of a file is given as asked for', async (t) => {
  const { api, ann, dir } = await setUp(t);
  const own = path.join(dir, 'own', 'film.bin');
  const content = randomBytes(2 * BLOCK + 9);
  writeFileSync(own, content);
  const { transfer } = await ann.files.offer({ paths: [own] });
  const url = `/api/content/${transfer.id}/0`;
  const stretches = [
    [0, 1],
    [5, BLOCK + 3],
    [BLOCK, 2 * BLOCK],
    [BLOCK - 1, content.length],
  ] as const;
  for (const [start, end] of stretches) {
    const part = await get(api, url, { ...api.bearer, Range: `bytes=${start}-${end - 1}` });
    t.equal(part.status, 206);
    t.equal(part.headers.get('content-range'), `bytes ${start}-${end - 1}/${content.length}`);
    t.ok(part.body.equals(content.subarray(start, end)), `${start}-${end}`);
  }
  t.ok((await get(api, url, { ...api.bearer, Range: 'bytes=-9' })).body.equals(content.subarray(-9)));
  t.equal((await get(api, url, { ...api.bearer, Range: `bytes=${content.length}-` })).status, 416);
  t.same(byteRange('bytes=0-0,5-6', 10), null, 'several are all');
  t.same(byteRange('bytes=9-3', 10), null);
  t.same(byteRange('bytes=-0', 10), 'none');
  t.same(byteRange('lines=1-2', 10), null);
  t.equal((await get(api, `/api/content/${transfer.id}/1`, api.bearer)).status, 404, 'no such file');
  writeFileSync(own, 'other');
  t.equal((await get(api, url, api.bearer)).status, 409, 'it was changed');
});
