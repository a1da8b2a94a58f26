import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { API_VERSION, REQUESTS, type ServerFrame } from '../../src/daemon/api.js';
import { LIMITS } from '../../src/limits.js';
import { type Api, answers, requestHead, startApi } from '../support/api-server.js';

const JOIN = { room: 'lobby' };

/** Parameters with which each request would be done. */
const GOOD: Record<keyof typeof REQUESTS, object> = {
  status: {},
  whoami: {},
  rename: { name: 'Eve' },
  rooms: {},
  join: JOIN,
  leave: JOIN,
  hold: {},
  release: {},
  peers: JOIN,
  invite: JOIN,
  create: {},
  say: { room: 'lobby', text: 'hello' },
  sayAll: { room: 'lobby', texts: ['hello'] },
  dm: { room: 'lobby', person: 'Bob', text: 'hello' },
  edit: { room: 'lobby', id: '01234567', text: 'hello' },
  delete: { room: 'lobby', id: '01234567' },
  react: { room: 'lobby', id: '01234567', emoji: '👍' },
  history: JOIN,
  message: { room: 'lobby', id: '01234567' },
  read: JOIN,
  unread: {},
  mentions: {},
  typing: { room: 'lobby', on: true },
  draft: JOIN,
  retention: JOIN,
  requests: {},
  dmAnswer: { room: 'lobby', person: 'Bob', accept: true },
  members: JOIN,
  export: { out: '/tmp/a' },
  forget: JOIN,
  people: {},
  person: { person: 'Bob' },
  mark: { person: 'Bob', muted: true },
  settings: {},
  set: { key: 'reach', value: 'here' },
  backup: { passphrase: 'correct horse' },
  send: { room: 'lobby', paths: ['/tmp/a'] },
  upload: { room: 'lobby', entries: [{ path: 'a', size: 1 }] },
  ticket: { transfer: '01234567', file: 0 },
  pass: {},
  transfers: {},
  accept: { transfer: '01234567' },
  decline: { transfer: '01234567' },
  pause: { transfer: '01234567' },
  resume: { transfer: '01234567' },
  cancel: { transfer: '01234567' },
  calls: {},
  'call-tracks': { room: 'lab' },
  'call-ring': { room: 'lobby', to: 'Bob' },
  'call-decline': { room: 'lobby', call: 'x' },
  'media-ticket': {},
  withdraw: { transfer: '01234567' },
  doctor: { host: '192.168.1.20' },
  guest: JOIN,
  guestOpen: { ...JOIN, consent: true },
  guestClose: JOIN,
  guestSay: { ...JOIN, text: 'hello' },
  guestPut: JOIN,
  guestTake: { ...JOIN, id: '0' },
  guestAnswer: { ...JOIN, upload: '0', accept: true },
  share: { room: 'lobby', paths: ['/tmp/a'] },
  unshare: { room: 'lobby', share: 'a' },
  shares: {},
  ls: JOIN,
  folders: {},
  get: { room: 'lobby', name: 'a' },
  page: {},
  pin: { pinned: false },
  stop: {},
  wipe: { confirm: 'wipe' },
};

/** Nothing that was asked so far has had an effect. */
function untouched(t: Test, { node, stops, leases }: Api, message = 'nothing was done'): void {
  t.strictSame(
    { calls: node.asked, stops, pinned: leases.pinned },
    { calls: [], stops: 0, pinned: true },
    message,
  );
}

const errorOf = (frame: ServerFrame) => ('error' in frame ? frame.error.code : frame);

t.test('[D5] every request is answered for who has the token', async (t) => {
  const api = await startApi(t);
  for (const [method, params] of Object.entries(GOOD)) {
    const { status, body } = await api.post(method, params);
    if (method === 'pass') {
      t.equal(status, 400, 'it is for a WebSocket, with which it ends');
      continue;
    }
    t.equal(status, 200, method);
    t.hasProp(JSON.parse(body) as object, 'ok');
  }
  t.equal(api.stops, 1);
  t.equal(api.leases.pinned, false);
  t.strictSame(
    api.node.asked.map(({ method }) => method),
    Object.keys(GOOD).filter(
      (method) =>
        !method.startsWith('guest') &&
        ![
          'status',
          'hold',
          'release',
          'ticket',
          'pass',
          'media-ticket',
          'folders',
          'page',
          'pin',
          'stop',
          'wipe',
        ].includes(method),
    ),
  );
});

t.test('[D2] [D3] no Host is believed but the three exact ones', async (t) => {
  const api = await startApi(t);
  const { port } = api;
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    t.equal((await api.post('whoami', {}, { Host: host })).status, 200, host);
    t.equal((await api.upgrade({ ...api.bearer, Host: host })).status, 101, `WebSocket ${host}`);
  }
  api.node.asked.length = 0;
  const hosts = [
    `evil.test:${port}`,
    'evil.test',
    `127.0.0.1.nip.io:${port}`,
    `127.0.0.1:${port}@evil`,
    `evil@127.0.0.1:${port}`,
    `127.0.0.1:${port}.evil.test`,
    `evil.test, 127.0.0.1:${port}`,
    `10.0.2.555:${port}`,
    `0.0.0.0:${port}`,
    `0x7f.1:${port}`,
    `127.1:${port}`,
    `2130706433:${port}`,
    `0177.0.0.1:${port}`,
    `127.0.0.2:${port}`,
    `[::ffff:127.0.0.1]:${port}`,
    `[::]:${port}`,
    `::1:${port}`,
    `[0:0:0:0:0:0:0:1]:${port}`,
    `localhost.:${port}`,
    `LOCALHOST:${port}`,
    `Localhost:${port}`,
    `127.0.0.1:${port + 1}`,
    `127.0.0.1:0${port}`,
    '127.0.0.1',
    'localhost',
    '[::1]',
    '',
  ];
  for (const host of hosts) {
    t.equal((await api.post('join', JOIN, { Host: host })).status, 403, `Host: ${host}`);
    t.equal((await api.upgrade({ ...api.bearer, Host: host })).status, 403, `WebSocket, Host: ${host}`);
  }
  untouched(t, api);
});

t.test('[D2] a missing Host, two of them and an absolute request line are refused', async (t) => {
  const api = await startApi(t);
  const own = { ...api.bearer, 'Content-Type': 'application/json', 'Content-Length': '16' };
  const body = JSON.stringify(JOIN);
  const send = (path: string, headers: Parameters<typeof requestHead>[2]) =>
    api.raw(`${requestHead('POST', path, { ...own, ...headers })}${body}`);
  t.equal(body.length, 16);
  t.equal((await send('/api/join', { Host: api.host })).status, 200, 'the same request as it should be');
  api.node.asked.length = 0;

  t.equal((await send('/api/join', {})).status, 403, 'no Host');
  t.equal((await send('/api/join', { Host: [api.host, api.host] })).status, 403, 'the right Host twice');
  t.equal((await send('/api/join', { Host: [api.host, 'evil.test'] })).status, 403, 'the right Host first');
  t.equal((await send('/api/join', { Host: ['evil.test', api.host] })).status, 403, 'the right Host last');
  t.equal((await send('/api/join', { Host: api.host, hOST: 'evil.test' })).status, 403, 'two spellings');
  for (const target of [
    `http://evil.test/api/join`,
    `http://${api.host}/api/join`,
    'evil.test/api/join',
    '*',
  ]) {
    const { status } = await send(target, { Host: api.host });
    t.ok(status === 403 || status === 400, `${target}: ${status}`);
  }
  for (const path of [
    '//evil.test/api/join',
    '/evil/api/join',
    '/api//join',
    '/api/../api/join',
    '/API/join',
  ]) {
    t.equal((await send(path, { Host: api.host })).status, 404, path);
  }
  t.equal((await api.raw('POST /api/join HTTP/1.0\r\n\r\n')).status, 403, 'HTTP/1.0 without a Host');
  t.equal(
    (await api.upgrade(api.bearer, `http://${api.host}/api/socket`)).status,
    403,
    'WebSocket, absolute',
  );
  t.equal((await api.upgrade({ ...api.bearer, Host: [api.host, api.host] })).status, 403, 'WebSocket, two');
  const { status } = await api.ask('CONNECT', api.host, api.bearer);
  t.not(status, 200, 'no tunnel');
  untouched(t, api);
});

const foreign = (port: number) => [
  'http://evil.test',
  'null',
  '',
  'http://192.168.1.5',
  `http://192.168.1.5:${port}`,
  `http://127.0.0.1:${port + 1}`,
  'http://127.0.0.1',
  'http://localhost',
  `https://127.0.0.1:${port}`,
  `http://127.0.0.1:${port}/`,
  `http://127.0.0.1:${port}.evil.test`,
  `http://evil@127.0.0.1:${port}`,
  `HTTP://127.0.0.1:${port}`,
  `http://LOCALHOST:${port}`,
  `http://127.1:${port}`,
  `127.0.0.1:${port}`,
  `ws://127.0.0.1:${port}`,
  'file://',
  'chrome-extension://abcdefghijklmnop',
];

t.test('[D4] a WebSocket of another origin is refused, with the token or without', async (t) => {
  const api = await startApi(t);
  for (const origin of foreign(api.port)) {
    t.equal((await api.upgrade({ Origin: origin })).status, 403, `Origin: ${origin}`);
    t.equal((await api.upgrade({ ...api.bearer, Origin: origin })).status, 403, `token, Origin: ${origin}`);
  }
  const ours = `http://${api.host}`;
  t.equal((await api.upgrade({ Origin: [ours, 'http://evil.test'] })).status, 403, 'two origins');
  t.equal((await api.upgrade({ Origin: [ours, ours] })).status, 403, 'the right one twice');
  t.equal((await api.upgrade()).status, 401, 'no origin, no token');
  t.equal((await api.upgrade({ Authorization: 'Bearer wrong' })).status, 401, 'no origin, a wrong token');
  t.equal((await api.upgrade({ Origin: ours, Authorization: 'Bearer wrong' })).status, 401, 'a wrong token');
  t.equal((await api.upgrade(api.bearer, '/api/stop')).status, 404, 'another path');
  t.equal((await api.upgrade(api.bearer, '/')).status, 404, 'the root');
  t.equal((await api.upgrade(api.bearer, '/api/socket?x')).status, 404, 'a query');
  t.not((await api.upgrade(api.bearer, '/api/socket', 'POST')).status, 101, 'by POST');
  for (const origin of [ours, `http://localhost:${api.port}`, `http://[::1]:${api.port}`]) {
    t.equal((await api.upgrade({ Origin: origin })).status, 101, `Origin: ${origin}`);
  }
  t.equal((await api.upgrade(api.bearer)).status, 101, 'a program with the token');
  untouched(t, api);
});

t.test('[D4] [D5] an own origin is told nothing until it has shown the token', async (t) => {
  const api = await startApi(t);
  const own = { Origin: `http://${api.host}` };
  const hellos = [
    { hello: API_VERSION },
    { hello: API_VERSION, token: '' },
    { hello: API_VERSION, token: 'wrong' },
    { hello: API_VERSION, token: api.token.slice(1) },
    { hello: API_VERSION, token: `${api.token} ` },
    { hello: API_VERSION, token: api.token.toLowerCase() },
    { hello: API_VERSION, token: null },
    { hello: API_VERSION, token: [api.token] },
    { hello: API_VERSION + 1, token: api.token },
    { id: 0, do: 'join', room: 'lobby', token: api.token },
    null,
    [],
    'hello',
    '{',
  ];
  for (const hello of hellos) {
    const socket = await api.socket(own);
    api.node.message('for members only');
    socket.send(hello);
    t.equal(await socket.closed, 1008, JSON.stringify(hello));
    t.strictSame(socket.frames, [], 'nothing was told');
  }
  untouched(t, api);
  const socket = await api.socket(own);
  socket.send({ hello: API_VERSION, token: api.token });
  t.match(await socket.next(), { welcome: API_VERSION, epoch: 'run-1', seq: hellos.length });
});

t.test('[D5] without the token nothing is answered, whatever the path', async (t) => {
  const api = await startApi(t);
  const wrong: Record<string, Record<string, string | string[]>> = {
    none: {},
    empty: { Authorization: '' },
    'no word': { Authorization: api.token },
    'another scheme': { Authorization: `Basic ${api.token}` },
    'lower case': { Authorization: `bearer ${api.token}` },
    'a wrong one': { Authorization: 'Bearer wrong' },
    'one character less': { Authorization: `Bearer ${api.token.slice(0, -1)}` },
    'one more': { Authorization: `Bearer ${api.token}a` },
    'after another': { Authorization: ['Bearer wrong', `Bearer ${api.token}`] },
    'in a list': { Authorization: `Bearer wrong, Bearer ${api.token}` },
    '[D17] as a cookie': { Cookie: `token=${api.token}; Authorization=Bearer ${api.token}` },
    'in another header': { 'X-Token': api.token, 'Proxy-Authorization': `Bearer ${api.token}` },
  };
  for (const [name, headers] of Object.entries(wrong)) {
    for (const origin of [{}, { Origin: `http://${api.host}` }] as Record<string, string>[]) {
      const all = { ...headers, ...origin, 'Content-Type': 'application/json' };
      for (const path of [...Object.keys(REQUESTS).map((method) => `/api/${method}`), '/', '/api/', '/x']) {
        const { status } = await api.ask('POST', path, all, JSON.stringify(GOOD.say));
        if (status !== 401) t.equal(status, 401, `${name}: POST ${path}`);
      }
      t.equal((await api.ask('GET', '/api/status', all)).status, 401, `${name}: GET`);
    }
  }
  for (const path of [
    `/api/join?token=${api.token}`,
    `/api/join?access_token=${api.token}`,
    `/${api.token}/api/join`,
  ]) {
    t.equal(
      (await api.ask('POST', path, { 'Content-Type': 'application/json' }, '{}')).status,
      401,
      'in the path',
    );
  }
  untouched(t, api);
});

t.test('[D5] the API is at 127.0.0.1 and nowhere else', { skip: process.platform !== 'linux' }, async (t) => {
  const api = await startApi(t);
  for (const host of ['127.0.0.2', '::1']) {
    const socket = connect(api.port, host);
    const [err] = (await Promise.race([once(socket, 'error'), once(socket, 'connect')])) as [
      Error | undefined,
    ];
    socket.destroy();
    t.ok(err, `${host} is not listened on`);
  }
});

t.test('[D1] [D7] nothing is done by anything but POST', async (t) => {
  const api = await startApi(t);
  for (const verb of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
    for (const [method, params] of Object.entries(GOOD)) {
      const query = new URLSearchParams(params as Record<string, string>);
      for (const path of [`/api/${method}`, `/api/${method}?${query}`]) {
        const json = { ...api.bearer, 'Content-Type': 'application/json' };
        for (const body of verb === 'HEAD' ? [''] : ['', JSON.stringify(params)]) {
          const { status } = await api.ask(verb, path, json, body);
          if (status !== 404) t.equal(status, 404, `${verb} ${path} ${body}`);
        }
      }
    }
    untouched(t, api, `${verb} does nothing`);
  }
  t.equal(
    (await api.ask('GET', '/api/socket', api.bearer)).status,
    404,
    'GET of the WebSocket without upgrade',
  );
  const override = { 'X-HTTP-Method-Override': 'POST', 'Content-Type': 'application/json' };
  t.equal(
    (await api.ask('GET', '/api/stop', { ...api.bearer, ...override })).status,
    404,
    'an override header',
  );
  untouched(t, api);
});

t.test('[D1] a page elsewhere can neither post a form nor fetch', async (t) => {
  const api = await startApi(t);
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json',
  ];
  for (const origin of foreign(api.port)) {
    for (const type of types) {
      for (const token of [{}, api.bearer]) {
        const headers = { Origin: origin, 'Content-Type': type, ...token };
        const { status } = await api.ask('POST', '/api/join', headers, JSON.stringify(JOIN));
        if (status !== 403) t.equal(status, 403, `Origin: ${origin}, ${type}`);
      }
    }
    const preflight = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
    t.equal((await api.ask('OPTIONS', '/api/join', preflight)).status, 403, `preflight of ${origin}`);
  }
  for (const site of ['cross-site', 'same-site', 'Same-Origin', 'x', '']) {
    t.equal(
      (await api.post('join', JOIN, { 'Sec-Fetch-Site': site })).status,
      403,
      `Sec-Fetch-Site: ${site}`,
    );
    const upgrade = { ...api.bearer, 'Sec-Fetch-Site': site };
    t.equal((await api.upgrade(upgrade)).status, 403, `WebSocket, Sec-Fetch-Site: ${site}`);
  }
  untouched(t, api);
  for (const site of ['same-origin', 'none']) {
    t.equal(
      (await api.post('join', JOIN, { 'Sec-Fetch-Site': site })).status,
      200,
      `Sec-Fetch-Site: ${site}`,
    );
  }
});

t.test('a body is JSON of the right type, or nothing is done', async (t) => {
  const api = await startApi(t);
  for (const type of [
    'text/plain',
    'application/json5',
    'text/json',
    'application/x-www-form-urlencoded',
    '',
  ]) {
    t.equal((await api.post('join', JOIN, { 'Content-Type': type })).status, 400, `Content-Type: ${type}`);
  }
  const bare = await api.ask('POST', '/api/join', api.bearer, JSON.stringify(JOIN));
  t.equal(bare.status, 400, 'no Content-Type');
  const broken = [
    '{',
    '{"room":"lobby"',
    '{"room":"lobby"}}',
    "{'room':'lobby'}",
    'room=lobby',
    '\0',
    '\ufeff{}',
  ];
  for (const body of [...broken, '['.repeat(60_000)]) {
    const { status, body: text } = await api.post('join', body);
    t.equal(status, 400, JSON.stringify(body.slice(0, 20)));
    t.match(text, /API_BAD_REQUEST/);
  }
  for (const params of ['null', '[]', '1', '"lobby"', 'true', '[{"room":"lobby"}]']) {
    t.equal((await api.post('join', params)).status, 400, `${params} is no object`);
    t.equal((await api.post('pin', params)).status, 400, `${params} is no object`);
  }
  untouched(t, api);
});

t.test('parameters are checked before anything is done', async (t) => {
  const api = await startApi(t);
  const bad: [string, unknown][] = [
    ['join', {}],
    ['join', { room: 5 }],
    ['join', { room: ['lobby'] }],
    ['join', { room: 'lobby', passphrase: 7 }],
    ['join', { room: 'lobby', open: 'yes' }],
    ['join', { room: 'lobby', peers: 'a:1' }],
    ['join', { room: 'lobby', peers: new Array(65).fill('a:1') }],
    ['join', '{"__proto__":{"room":"lobby"}}'],
    ['say', { room: 'lobby', text: ['hello'] }],
    ['say', { text: 'hello' }],
    ['rename', { name: null }],
    ['create', { label: {} }],
    ['pin', {}],
    ['pin', { pinned: 'false' }],
    ['pin', { pinned: 0 }],
  ];
  const socket = await api.attach();
  for (const [i, [method, params]] of bad.entries()) {
    const { status, body } = await api.post(method, params);
    t.equal(status, 400, `${method} ${JSON.stringify(params).slice(0, 50)}`);
    t.match(body, `"${method}: `, 'it says what was wrong');
    if (typeof params === 'string') continue;
    socket.send({ ...(params as object), id: i, do: method });
    t.equal(errorOf(await socket.next()), 'API_BAD_REQUEST', 'the same over a WebSocket');
  }
  untouched(t, api);
});

t.test('no request is known but those of the list', async (t) => {
  const api = await startApi(t);
  const socket = await api.attach();
  const names = [
    'toString',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'socket',
    'STATUS',
    'status/',
    'x',
    '',
  ];
  for (const method of [
    ...names,
    '%73tatus',
    'status%00',
    'status?x=1',
    'status#x',
    '../api/status',
    '/status',
  ]) {
    const { status, body } = await api.post(method, { pinned: false });
    t.equal(status, 404, JSON.stringify(method));
    t.match(body, /API_NOT_FOUND/);
    socket.send({ id: 1, do: method });
    t.equal(errorOf(await socket.next()), 'API_NOT_FOUND', 'the same over a WebSocket');
  }
  untouched(t, api);
});

t.test('a body over the limit is refused, however it comes', async (t) => {
  const api = await startApi(t);
  const padded = (bytes: number) => JSON.stringify(JOIN).padEnd(bytes, ' ');
  t.equal((await api.post('join', padded(LIMITS.apiBodyBytes))).status, 200, 'exactly the limit');
  api.node.asked.length = 0;
  const chunked = (body: string) =>
    api.post('join', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, {
      'Transfer-Encoding': 'chunked',
    });
  t.equal((await chunked(padded(LIMITS.apiBodyBytes))).status, 200, 'exactly the limit, chunked');
  api.node.asked.length = 0;

  for (const bytes of [LIMITS.apiBodyBytes + 1, LIMITS.apiBodyBytes * 2, 1_000_000]) {
    const plain = await api.post('join', padded(bytes));
    t.equal(plain.status, 413, `${bytes} bytes`);
    const parts = await chunked(padded(bytes));
    t.equal(parts.status, 413, `${bytes} bytes, chunked`);
  }
  const promised = requestHead('POST', '/api/join', {
    Host: api.host,
    ...api.bearer,
    'Content-Type': 'application/json',
    'Content-Length': '99999999999',
  });
  t.equal(
    (await api.raw(`${promised}${padded(LIMITS.apiBodyBytes + 1)}`)).status,
    413,
    'a promise of 100 GB',
  );
  untouched(t, api);
});

t.test('[B13] headers over the limit are refused', async (t) => {
  const api = await startApi(t);
  // More than Node keeps: what makes it an upgrade is not among those that are left.
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`X${i}`, '']));
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
  t.not((await api.ask('GET', '/api/socket', { ...many, ...upgrade, ...api.bearer })).status, 101);
  t.equal((await api.post('whoami', {})).status, 200, 'it goes on');
  api.node.asked.length = 0;
  const { status } = await api.post('join', JOIN, { 'X-Long': 'x'.repeat(LIMITS.apiHeaderBytes) });
  t.equal(status, 431);
  t.equal((await api.ask('POST', `/api/${'x'.repeat(LIMITS.apiHeaderBytes)}`, api.bearer)).status, 431);
  untouched(t, api);
});

t.test('[B13] a message that never ends, in pieces of a byte, ends the connection', async (t) => {
  const api = await startApi(t);
  const endless = await api.attach();
  endless.ws.send('{', { fin: false });
  for (let i = 0; i < LIMITS.apiFragments; i++) endless.ws.send(' ', { fin: false });
  t.equal(await endless.closed, 1008);
  const good = await api.attach();
  const words = JSON.stringify({ id: 1, do: 'whoami' });
  for (let i = 0; i < words.length; i++) good.ws.send(words[i] as string, { fin: i === words.length - 1 });
  t.hasProp(await good.next(), 'ok', 'in few pieces it is heard');
});

t.test('[B13] a frame over the limit ends the connection', async (t) => {
  const api = await startApi(t);
  const frame = (bytes: number) => JSON.stringify({ id: 1, do: 'whoami' }).padEnd(bytes, ' ');
  const good = await api.attach();
  good.send(frame(LIMITS.apiFrameBytes));
  t.hasProp(await good.next(), 'ok', 'exactly the limit');
  api.node.asked.length = 0;

  const whole = await api.attach();
  whole.send(frame(LIMITS.apiFrameBytes + 1));
  await whole.closed;
  t.strictSame(whole.frames, [], 'one byte more');

  const parts = await api.attach();
  const half = frame(LIMITS.apiFrameBytes + 2).slice(0, LIMITS.apiFrameBytes / 2 + 1);
  parts.ws.send(half, { fin: false });
  parts.ws.send(half, { fin: true });
  await parts.closed;
  t.strictSame(parts.frames, [], 'one byte more in two parts');

  const early = await api.socket();
  early.send(JSON.stringify({ hello: API_VERSION }).padEnd(LIMITS.apiFrameBytes + 1, ' '));
  await early.closed;
  t.strictSame(early.frames, [], 'a hello over the limit');
  untouched(t, api);
  good.send(frame(50));
  t.hasProp(await good.next(), 'ok', 'the others are served as before');
});

t.test('a frame that is no request ends the connection', async (t) => {
  const api = await startApi(t);
  const bad = ['{', 'null', '[]', '{}', '{"id":1}', '{"do":"join","room":"lobby"}', '{"id":-1,"do":"join"}'];
  for (const frame of [
    ...bad,
    '{"id":1.5,"do":"join"}',
    `{"id":1,"do":"${'x'.repeat(65)}"}`,
    '{"hello":1}',
  ]) {
    const socket = await api.attach();
    socket.send(frame);
    t.equal(await socket.closed, 1002, frame.slice(0, 40));
  }
  const socket = await api.attach();
  socket.ws.send(Buffer.from('{"id":1,"do":"join","room":"lobby"}'), { binary: true });
  t.equal(await socket.closed, 1002, 'binary');
  untouched(t, api);
});

t.test('a client may have 64 requests under way, and is refused more', async (t) => {
  const api = await startApi(t);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  api.node.before = () => gate;
  const socket = await api.attach();
  for (let id = 0; id < 70; id++) socket.send({ id, do: 'whoami' });
  for (let id = 64; id < 70; id++) {
    t.match(await socket.next(), { id, error: { code: 'API_BAD_REQUEST' } }, `request ${id}`);
  }
  go();
  for (let id = 0; id < 64; id++) t.match(await socket.next(), { id, ok: {} });
  t.equal(api.node.asked.length, 64);
  socket.send({ id: 99, do: 'whoami' });
  t.match(await socket.next(), { id: 99, ok: {} }, 'then it may ask again');
});

t.test('connections over the limit are dropped, and served again when there is room', async (t) => {
  const api = await startApi(t);
  const idle = Array.from({ length: LIMITS.apiConnections }, () => {
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  await api.connections(LIMITS.apiConnections);
  for (let i = 0; i < 10; i++) t.equal((await api.post('join', JOIN)).status, 0, 'dropped without an answer');
  untouched(t, api);
  idle.pop()?.destroy();
  await api.connections(LIMITS.apiConnections - 1);
  t.equal((await api.post('join', JOIN)).status, 200, 'one is gone');
  for (const socket of idle) socket.destroy();
});

t.test('WebSockets over the limit are refused, and let in again when there is room', async (t) => {
  const api = await startApi(t);
  const sockets = [];
  for (let i = 0; i < LIMITS.apiClients; i++) sockets.push(await api.attach());
  t.equal((await api.upgrade(api.bearer)).status, 503);
  t.equal((await api.post('whoami')).status, 200, 'a single request is answered');
  const gone = once(api.wire, 'change');
  await sockets.pop()?.end();
  await gone;
  const again = await api.attach();
  again.send({ id: 1, do: 'whoami' });
  t.hasProp(await again.next(), 'ok');
});

t.test('[D6] the token is in no answer and in no log line, whatever fails', async (t) => {
  const api = await startApi(t);
  api.node.before = () => {
    throw new Error(`failed with ${api.token}`);
  };
  for (const [method, params] of Object.entries(GOOD)) {
    const { status, body } = await api.post(method, params);
    const expected = method === 'pass' ? status === 400 : status === 500 && body.includes('INTERNAL');
    t.ok(status === 200 || expected, `${method}: ${status}`);
  }
  const socket = await api.attach();
  for (const [method, params] of Object.entries(GOOD)) {
    socket.send({ ...params, id: 1, do: method });
    t.notMatch(JSON.stringify(await socket.next()), api.token);
  }
  const { token } = api;
  await api.post(token);
  await api.post('join', { room: token, passphrase: [token] });
  await api.post('join', token);
  await api.post('join', JOIN, { 'Content-Type': token });
  await api.ask('GET', `/${token}`, api.bearer);
  await api.ask('POST', `/api/join?token=${token}`, { Host: token });
  await api.upgrade({ ...api.bearer, Origin: `http://${token}` });
  await api.upgrade({ ...api.bearer, 'Sec-WebSocket-Protocol': token, 'Sec-WebSocket-Version': '1' });
  await api.raw(`${token}\r\n\r\n`);
  t.ok(api.lines.length > 0, 'failures are logged');
  t.notMatch(api.lines.join('\n'), token);
});

t.test('[D6] [D15] [D17] what all of these answers had in them', async (t) => {
  t.ok(answers.length > 1000, `${answers.length} answers`);
  const told = (name: string, pattern: (token: string) => RegExp) => {
    const found = answers.find(({ text, token }) => pattern(token).test(text));
    t.equal(found?.text, undefined, name);
  };
  told('no CORS header', () => /^access-control-/im);
  told('no cookie', () => /^set-cookie/im);
  told('no token', (token) => new RegExp(token));
  told('no word about what serves it', () => /^(server|x-powered-by):/im);
  const json = answers.filter(({ text }) => /^content-type: application\/json/im.test(text));
  t.ok(json.length > 500);
  for (const header of ['X-Content-Type-Options: nosniff', 'Cache-Control: no-store', "default-src 'none'"]) {
    t.equal(json.find(({ text }) => !text.includes(header))?.text, undefined, header);
  }
});
