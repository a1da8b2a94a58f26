import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { Guests } from '../../src/daemon/guest/guests.js';
import { boundaryOf, type Multipart, multipart } from '../../src/daemon/guest/multipart.js';
import type { GuestInfo } from '../../src/daemon/guest-api.js';
import type { Transfer } from '../../src/files/transfer.js';
import { LIMITS } from '../../src/limits.js';
import type { Room } from '../../src/room/room.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryNetwork } from '../support/memory-discovery.js';
import { MemoryNode, roomNumber } from '../support/memory-node.js';

const HOSTILE = `<img src=x onerror="window.__xss=1">'"><svg onload=x>{{constructor}}`;

async function setUp(t: Test) {
  const node = await MemoryNode.open(t, HOSTILE.slice(0, 60), new MemoryNetwork());
  const room: Room = await node.join(roomNumber(1));
  const dir = t.testdir({ guests: {}, own: { 'plan <b>.txt': 'the plan' } });
  const clock = new ManualClock();
  const told: (GuestInfo | null)[] = [];
  const kept = new Set<object>();
  const guests = new Guests({
    room: () => room,
    find: () => room.files.transfers[0] as never,
    folder: path.join(dir, 'guests'),
    addresses: () => ['127.0.0.1'],
    clock,
    keep: (page, isOpen) => void (isOpen ? kept.add(page) : kept.delete(page)),
    tell: ({ guest }) => told.push(guest),
  });
  t.teardown(() => guests.close());
  const { url } = await guests.open('room', { bound: null });
  return { room, dir, clock, told, kept, guests, url, page: guests.page('room') };
}

const form = (...files: [string, Buffer<ArrayBuffer> | string][]) => {
  const body = new FormData();
  for (const [name, content] of files) body.append('file', new File([content], name));
  return body;
};

const hand = (url: string, body: FormData, headers: Record<string, string> = { Accept: 'text/plain' }) =>
  fetch(`${url}files`, { method: 'POST', body, headers });

t.test('a guest downloads, writes and hands in; the room hears of it when its host says yes', async (t) => {
  const { room, dir, page, url, guests } = await setUp(t);
  await page.shelf.putPaths([path.join(dir, 'own', 'plan <b>.txt')]);
  const html = await (await fetch(url)).text();
  const [, file] = /href="(f\/[0-9a-f]{16})"/.exec(html) ?? [];
  const got = await fetch(url + file);
  t.equal(await got.text(), 'the plan');
  t.match(got.headers.get('content-disposition'), /^attachment/);
  t.equal(got.headers.get('content-security-policy'), "default-src 'none'; sandbox");
  t.equal(got.headers.get('content-type'), 'application/octet-stream');
  const part = await fetch(url + file, { headers: { Range: 'bytes=4-' } });
  t.equal(await part.text(), 'plan');

  const note = new URLSearchParams({ text: 'hello\r\nhost' });
  t.equal((await fetch(`${url}note`, { method: 'POST', body: note, redirect: 'manual' })).status, 303);
  t.match(page.info.notes, [{ from: 'guest', text: 'hello\nhost' }]);
  page.say('hello guest');
  t.match(await (await fetch(url)).text(), /hello guest/);

  const picture = randomBytes(700_000);
  const answer = await hand(url, form(['image.jpg', picture], ['image.jpg', 'two'], ['empty', '']));
  t.equal(answer.status, 200);
  const [upload] = page.info.uploads;
  t.match(upload, { names: ['image.jpg', 'image (1).jpg', 'empty'], bytes: 700_003, state: 'waiting' });
  t.same(room.files.transfers, [], 'nobody in the room has heard of it');
  await page.accept((upload as { upload: string }).upload);
  const [transfer] = room.files.transfers;
  t.match(transfer?.manifest.roots[0]?.name, /^Guest/, 'it says where it comes from');
  t.equal(transfer?.manifest.files.length, 3);
  await hand(url, form(['b.bin', 'x']));
  page.decline((page.info.uploads[1] as { upload: string }).upload);
  t.same(readdirSync(path.join(dir, 'guests', 'waiting')), []);
  await room.files.withdraw((transfer as Transfer).id);
  t.same(readdirSync(path.join(dir, 'guests', 'taken')), [], 'a copy goes with its offer');
  await guests.close();
});

t.test('[D8] [D9] [D16] nothing that anybody wrote is markup on the page', async (t) => {
  const { page, url, dir } = await setUp(t);
  const own = path.join(dir, 'own', HOSTILE.replaceAll('/', '_'));
  writeFileSync(own, HOSTILE);
  await page.shelf.putPaths([own]);
  page.note(HOSTILE);
  page.say(HOSTILE);
  await hand(url, form([HOSTILE.replaceAll('/', '_'), 'x']));
  const answer = await fetch(url);
  const html = await answer.text();
  const tags = [...html.matchAll(/<(\w+)/g)].map(([, tag]) => tag);
  t.notOk(tags.includes('img') || tags.includes('svg'));
  t.equal(html.match(/<script/g)?.length, 1);
  t.notMatch(html, /<[^>]*\son\w+=/);
  t.match(answer.headers.get('content-security-policy'), /default-src 'none'; script-src 'self'/);
  for (const none of ['access-control-allow-origin', 'set-cookie']) t.equal(answer.headers.get(none), null);
});

t.test('[D2] whoever does not know the secret, or comes under another name, is told nothing', async (t) => {
  const { url } = await setUp(t);
  const { origin, port } = new URL(url);
  const real = new URL(url).pathname;
  const other = `/${randomBytes(16).toString('base64url')}/`;
  for (const target of [
    '/',
    '/api/status',
    other,
    `${other}state`,
    real.slice(0, -2),
    `${real}../`,
    `${real}%2e%2e/x`,
    `${real}f/../../x`,
  ])
    t.equal((await fetch(origin + target)).status, 404, target);
  const ask = async (head: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', () => {});
    socket.end(`${head}\r\n\r\n`);
    await once(socket, 'close');
    return text;
  };
  t.match(await ask(`GET ${real} HTTP/1.1\r\nHost: evil.test:${port}`), /^HTTP\/1.1 404/);
  t.match(
    await ask(`GET ${real} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close`),
    /^HTTP\/1.1 200/,
  );
  t.match(await ask(`DELETE ${real} HTTP/1.1\r\nHost: 127.0.0.1:${port}`), /^HTTP\/1.1 404/);
});

t.test('[A1] [A5] [A15] [A17] [A18] hostile names and forms leave nothing behind', async (t) => {
  const { url, dir, page } = await setUp(t);
  const waiting = path.join(dir, 'guests', 'waiting');
  const left = () => (existsSync(waiting) ? readdirSync(waiting) : []);
  for (const name of [
    '../x',
    '/etc/x',
    'a/b',
    'C:x',
    'a\\b',
    '..',
    '%2e%2e',
    'a\u202egpj.exe',
    'a\u001b[2K',
    'x'.repeat(201),
  ]) {
    const answer = await hand(url, form(['ok.txt', 'fine'], [name, 'x']));
    t.equal(answer.status, 400, JSON.stringify(name).slice(0, 40));
    t.same(left(), []);
  }
  t.same(page.info.uploads, []);
  t.equal(
    (
      await hand(
        url,
        form(...Array.from({ length: LIMITS.guestUploadFiles + 1 }, (): [string, string] => ['a', 'x'])),
      )
    ).status,
    400,
  );
  t.same(left(), []);
  await hand(url, form(['.bashrc', 'x'], ['CON', 'x']));
  t.same(page.info.uploads[0]?.names, ['_bashrc', '_CON']);
  const cut = connect(Number(new URL(url).port), '127.0.0.1');
  cut.on('error', () => {});
  cut.write(
    `POST ${new URL(url).pathname}files HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="cut"\r\n\r\nhalf`,
  );
  while (left().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  cut.destroy();
  while (left().length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(page.info.uploads.length, 1, 'half a file is none');
});

t.test('many requests and connections from one address are refused; notes are bounded', async (t) => {
  const { url, page, clock } = await setUp(t);
  t.equal(
    (await fetch(`${url}note`, { method: 'POST', body: new URLSearchParams({ text: 'x'.repeat(2001) }) }))
      .status,
    400,
  );
  t.equal(
    (await fetch(`${url}note`, { method: 'POST', body: new URLSearchParams({ text: ' ' }) })).status,
    400,
  );
  for (let i = 0; i < LIMITS.guestNotes + 5; i++) page.note(`${i}`);
  t.equal(page.info.notes.length, LIMITS.guestNotes);
  let status = 200;
  for (let i = 0; i < LIMITS.guestRequestsBurst + 1 && status === 200; i++)
    ({ status } = await fetch(`${url}state`));
  t.equal(status, 429);
  clock.advance(1000);
  t.equal((await fetch(`${url}state`)).status, 200);
  const sockets = Array.from({ length: LIMITS.guestConnectionsPerAddress + 3 }, () =>
    connect(Number(new URL(url).port), '127.0.0.1'),
  );
  const closed = sockets.map(
    (socket) => new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {})),
  );
  await Promise.race(closed);
  t.pass('one too many is let go');
  for (const socket of sockets) socket.destroy();
});

t.test('it ends by itself, with everything that nobody took', async (t) => {
  const { url, dir, clock, told, kept } = await setUp(t);
  t.equal(kept.size, 1, 'it keeps the node');
  await hand(url, form(['a', 'x']));
  t.equal(readdirSync(path.join(dir, 'guests', 'waiting')).length, 1);
  const ended = new Promise<void>((resolve) => {
    const look = () => (told.at(-1) === null ? resolve() : setImmediate(look));
    look();
  });
  clock.advance(60 * 60_000);
  await ended;
  t.equal(kept.size, 0);
  t.notOk(existsSync(path.join(dir, 'guests', 'waiting')));
  await t.rejects(fetch(url), 'nothing listens any more');
});

t.test('a form is read however it is cut into pieces', async (t) => {
  const boundary = 'xYz';
  const content = Buffer.concat([randomBytes(50), Buffer.from('\r\n--xY\r\n--'), randomBytes(20)]);
  const body = Buffer.concat([
    Buffer.from(
      '--xYz\r\nContent-Disposition: form-data; name="a"; filename="q%22.txt"\r\nContent-Type: text/html\r\n\r\n',
    ),
    content,
    Buffer.from('\r\n--xYz\r\nContent-Disposition: form-data; name="b"\r\n\r\n\r\n--xYz--\r\n'),
  ]);
  for (const piece of [1, 2, 3, 7, 64, body.length]) {
    const parts: Multipart[] = [];
    async function* pieces() {
      for (let at = 0; at < body.length; at += piece) yield body.subarray(at, at + piece);
    }
    for await (const part of multipart(pieces(), boundary)) parts.push(part);
    const bytes = Buffer.concat(parts.flatMap((part) => (part.type === 'bytes' ? [part.bytes] : [])));
    t.ok(bytes.equals(content), `pieces of ${piece}`);
    t.same(
      parts.filter(({ type }) => type === 'part'),
      [
        { type: 'part', name: 'a', filename: 'q".txt' },
        { type: 'part', name: 'b', filename: null },
      ],
    );
  }
  const read = async (text: string) => {
    async function* once() {
      yield Buffer.from(text);
    }
    for await (const _ of multipart(once(), boundary)) void _;
  };
  for (const wrong of [
    '',
    'x',
    '--xYz',
    '--xYz\r\n',
    '--xYzz\r\n',
    `--xYz\r\n${'a'.repeat(5000)}`,
    '--xYz\r\nno: name\r\n\r\nx\r\n--xYz--',
  ])
    await t.rejects(read(wrong), { code: 'API_BAD_REQUEST' }, wrong.slice(0, 20));
  t.equal(boundaryOf('multipart/form-data; boundary=abc'), 'abc');
  for (const none of [
    undefined,
    'text/plain',
    `multipart/form-data; boundary=${'a'.repeat(71)}`,
    'multipart/form-data; boundary="',
  ])
    t.equal(boundaryOf(none), null);
});
