import { once } from 'node:events';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { Challenge, ServerFrame } from '../../src/daemon/api.js';
import { PageKeys, pageProof } from '../../src/daemon/page-keys.js';
import { LIMITS } from '../../src/limits.js';
import { type Api, startApi } from '../support/api-server.js';
import { ManualClock } from '../support/manual-clock.js';

const NONCE = 'n'.repeat(22);

/** A tab at the node's own origin: what it says, and the frames, or the close code, that come back. */
class Tab {
  readonly #socket: WebSocket;
  readonly #frames: ServerFrame[] = [];
  readonly #closed: Promise<number>;

  constructor(t: Test, api: Api) {
    this.#socket = new WebSocket(`ws://${api.host}/api/socket`, { origin: `http://${api.host}` });
    this.#socket.on('message', (data) =>
      this.#frames.push(JSON.parse((data as Buffer).toString()) as ServerFrame),
    );
    this.#closed = once(this.#socket, 'close').then(([code]) => code as number);
    t.teardown(() => this.#socket.terminate());
  }

  async says(frame: object): Promise<ServerFrame | number> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await once(this.#socket, 'open');
    const answer = once(this.#socket, 'message');
    this.#socket.send(JSON.stringify(frame));
    return Promise.race([answer.then(() => this.#frames.shift() as ServerFrame), this.#closed]);
  }
}

async function enter(t: Test, api: Api) {
  const welcome = await new Tab(t, api).says({ hello: 1, code: api.pages.code() });
  if (typeof welcome === 'number' || !('welcome' in welcome) || !welcome.page) throw new Error('not let in');
  return welcome.page;
}

function challengeOf(answer: ServerFrame | number): Challenge {
  if (typeof answer === 'number' || !('challenge' in answer)) throw new Error('no challenge');
  return answer;
}

t.test('a code is traded for a key, once', async (t) => {
  const api = await startApi(t);
  const code = api.pages.code();
  const welcome = await new Tab(t, api).says({ hello: 1, code });
  t.match(welcome, { welcome: 1, page: { id: /^[\w-]{12}$/, key: /^[\w-]{43}$/ } });
  t.equal(await new Tab(t, api).says({ hello: 1, code }), 1008, 'an old address opens nothing');
  t.equal(await new Tab(t, api).says({ hello: 1, code: 'x'.repeat(22) }), 1008, 'a guess opens nothing');
  t.notOk(
    api.lines.some((line) => line.includes(code)),
    '[D6] the log has no code',
  );
});

t.test('a code is good for a minute, and few are good at once', async (t) => {
  const clock = new ManualClock();
  const pages = new PageKeys({ clock, saved: null, save: async () => {} });
  const late = pages.code();
  clock.advance(LIMITS.pageCodeMs);
  t.equal(await pages.redeem(late), null);
  const codes = Array.from({ length: LIMITS.pageCodes + 1 }, () => pages.code());
  t.equal(await pages.redeem(codes[0] as string), null, 'the oldest made room');
  t.ok(await pages.redeem(codes[1] as string));
});

t.test('keys outlive the node, are bounded, and end when they are not used', async (t) => {
  const clock = new ManualClock();
  let saved: string | null = null;
  const open = () =>
    new PageKeys({
      clock,
      saved,
      save: async (next) => {
        saved = next;
      },
    });
  const pages = open();
  const keys = [];
  for (let i = 0; i < LIMITS.pageKeys; i++) keys.push(await pages.redeem(pages.code()));
  t.ok(pages.find(keys[0]?.id as string), 'the first one is used');
  await pages.redeem(pages.code());
  t.ok(pages.find(keys[0]?.id as string), 'so it stays');
  t.equal(pages.find(keys[1]?.id as string), null, 'and the one that was not used longest goes');
  t.equal(open().find(keys[2]?.id as string)?.key, keys[2]?.key, 'the next node knows it');
  clock.advance(LIMITS.pageKeyMs);
  t.equal(open().find(keys[2]?.id as string), null);
});

t.test('a tab with a key proves it, and the node proves itself first', async (t) => {
  const api = await startApi(t);
  const { id, key } = await enter(t, api);
  const tab = new Tab(t, api);
  const answer = challengeOf(await tab.says({ hello: 1, page: { id, nonce: NONCE } }));
  const nonces: [string, string] = [NONCE, answer.challenge];
  t.equal(answer.proof, pageProof(key, 'node', api.port, nonces));
  t.notOk(JSON.stringify(answer).includes(key), 'the key is not sent again');
  t.match(await tab.says({ proof: pageProof(key, 'page', api.port, nonces) }), {
    welcome: 1,
    page: undefined,
  });
});

t.test('[D18] wrong, reflected, carried and replayed proofs, and unknown keys, open nothing', async (t) => {
  const api = await startApi(t);
  const { id, key } = await enter(t, api);
  t.equal(await new Tab(t, api).says({ hello: 1, page: { id: 'nobody', nonce: NONCE } }), 1008);
  const attempts: [string, (nonces: [string, string], theirs: string) => unknown][] = [
    ['wrong', () => 'x'.repeat(43)],
    ['reflected', (_, theirs) => theirs],
    ['as the node', (nonces) => pageProof(key, 'node', api.port, nonces)],
    ['for another port', (nonces) => pageProof(key, 'page', api.port + 1, nonces)],
    ['for another challenge', ([mine]) => pageProof(key, 'page', api.port, [mine, 'another'])],
    ['under another key', (nonces) => pageProof('A'.repeat(43), 'page', api.port, nonces)],
    ['no text', () => 7],
  ];
  for (const [name, proof] of attempts) {
    const tab = new Tab(t, api);
    const answer = challengeOf(await tab.says({ hello: 1, page: { id, nonce: NONCE } }));
    t.equal(await tab.says({ proof: proof([NONCE, answer.challenge], answer.proof) }), 1008, name);
  }
});

t.test(
  'the files of the page: GET and HEAD, the exact Host, nobody else’s page, no way out of the folder',
  async (t) => {
    const api = await startApi(t);
    const get = (path: string, headers: Record<string, string> = {}) =>
      api.raw(
        `GET ${path} HTTP/1.1\r\nHost: ${headers.Host ?? api.host}\r\n${Object.entries(headers)
          .filter(([name]) => name !== 'Host')
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')}Connection: close\r\n\r\n`,
      );
    const page = await get('/');
    t.equal(page.status, 200);
    t.match(
      page.head,
      /content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-/i,
    );
    t.notMatch(page.head, /access-control/i, '[D15] no CORS');
    t.notMatch(page.body, /__CSP_NONCE__/, 'the nonce is filled in');
    const other = await get('/');
    t.not(/nonce-([^']+)/.exec(page.head)?.[1], /nonce-([^']+)/.exec(other.head)?.[1], 'and new each time');
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page.body) ?? [];
    t.equal((await get(script)).status, 200);
    t.equal((await get('/', { Host: 'evil.test' })).status, 403, '[D2]');
    t.equal((await get(script, { 'Sec-Fetch-Site': 'cross-site' })).status, 401, 'not for another page');
    for (const path of [
      '/../package.json',
      '/assets/../../package.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/index.html',
      '/token',
      '//etc/passwd',
    ]) {
      const { status, body } = await get(path);
      t.ok(status >= 400, `${path}: ${status}`);
      t.notMatch(body, /"chatter"/, path);
    }
  },
);
