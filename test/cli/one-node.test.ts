import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { MAIN } from '../hosts/hosts.js';
import { Person, type Status } from '../support/command.js';
import { has } from '../support/needs.js';

/** One line, by which a failure is told. */
const FAILURE = /^chatter: [A-Z_]+: [^\n]+\n$/;

t.test('ten commands at once on an empty data folder start one node and all are answered', async (t) => {
  const person = new Person(t);
  const ran = await Promise.all(Array.from({ length: 10 }, () => person.run(['whoami', '--json'])));
  t.same(
    ran.map(({ code, err }) => ({ code, err })),
    Array.from({ length: 10 }, () => ({ code: 0, err: '' })),
  );
  const ids = new Set(ran.map(({ out }) => (JSON.parse(out) as { id: string }).id));
  t.equal(ids.size, 1, 'one person');
  const { pid } = await person.ask<Status>('status');
  t.same(await person.settled(1), [pid], 'one node');
  t.match(JSON.parse(person.read('node.json')), { pid });
  t.same(readdirSync(path.join(person.data, 'log')), ['node.log'], 'what the others printed is gone');
});

t.test(
  'a node that was killed is replaced, and after the third time nothing goes on by itself',
  async (t) => {
    const person = new Person(t);
    const self = await person.ask('whoami');
    const times: number[] = [];
    const kill = async () => {
      const { pid } = await person.status();
      process.kill(pid, 'SIGKILL');
      await person.settled(0);
      const next = await person.run(['whoami', '--json']);
      times.push(next.ms);
      t.match(next, { code: 0, err: '' });
      t.same(JSON.parse(next.out), self, 'the same person');
      const status = await person.status();
      t.not(status.pid, pid);
      return status.safeMode;
    };
    t.equal(await kill(), false);
    t.equal(await kill(), false);
    t.equal((await person.run(['stop'])).code, 0);
    await person.run(['whoami']);
    t.equal((await person.status()).safeMode, false, 'one that was stopped does not count');
    t.equal(await kill(), true, 'safe mode');
    t.match((await person.run(['status'])).out, /^safe mode: /m);
    t.ok(Math.min(...times) < 2_000, `answered after ${times.map(Math.round).join(', ')} ms`);

    process.kill((await person.status()).pid, 'SIGKILL');
    await person.settled(0);
    t.match(
      await person.run(['status']),
      { code: 3, out: '', err: FAILURE },
      'what is left of it is no node',
    );
    t.match(await person.run(['stop']), { code: 0, out: '' });
  },
);

t.test('a second node on a held data folder says so in one line', async (t) => {
  const person = new Person(t);
  const daemon = person.start(['daemon']);
  await daemon.until(/The node runs/);
  t.match(await person.run(['daemon']), {
    code: 1,
    out: '',
    err: /^chatter: DATA_FOLDER_LOCKED: [^\n]+\n$/,
  });
  const { pid, pinned } = await person.status();
  t.same({ pid, pinned }, { pid: daemon.child.pid, pinned: true }, 'the first one is left in peace');
  const options = [['--lan-only'], ['--no-lan'], ['--listen', '4711'], ['--port', '4711']];
  await Promise.all(
    options.map(async (option) => {
      const differs = await person.run(['whoami', ...option]);
      t.match(differs, { code: 2, out: '', err: /^chatter: NODE_OPTIONS_DIFFER: .*npx chatter stop\n$/ });
      t.ok(differs.err.includes(option[0] as string), `${option[0]} is named`);
    }),
  );
  t.equal((await person.run(['whoami', '--log-level', 'debug'])).code, 2, '--log-level is not ignored');
  const ended = await daemon.kill('SIGINT');
  t.match(ended, { code: 0, signal: null, out: '' }, 'Ctrl-C ends it well');
  t.notOk(existsSync(path.join(person.data, 'node.json')), 'and it says so');
});

t.test(
  '[D5] [D6] another user of the machine can neither read the folder nor use the node',

  async (t) => {
    if (!has(t, 'root', 'setpriv')) return;
    const person = new Person(t);
    await person.run(['whoami']);
    const { pid, apiPort, tokenFile } = await person.status();
    const token = readFileSync(tokenFile, 'utf8');
    const nobody = (command: string, ...args: string[]) => {
      const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups', command, ...args];
      return person.spawn('setpriv', as).end();
    };
    t.equal((await nobody('cat', MAIN)).code, 0, 'the other user can run programs');

    const files = readdirSync(person.data, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(person.data, name))
      .filter((file) => statSync(file).isFile());
    t.ok(
      ['node.json', 'token', 'identity', 'chatter.db'].every((name) =>
        files.includes(path.join(person.data, name)),
      ),
    );
    t.equal(mode(person.data), 0o700);
    for (const file of files) {
      t.equal(mode(file), 0o600, file);
      t.not((await nobody('cat', file)).code, 0, file);
    }
    t.not((await nobody('ls', person.data)).code, 0);
    t.not((await nobody('cat', `/proc/${pid}/environ`)).code, 0);
    const cmdline = (await nobody('cat', `/proc/${pid}/cmdline`)).out;
    t.ok(cmdline.includes('daemon'), 'the command line of the node can be read');
    t.notOk(cmdline.includes(token), 'and the token is not in it');
    t.notOk(person.read('log/node.log').includes(token), 'nor in the log');

    for (const command of ['status', 'whoami', 'stop']) {
      const refused = await nobody(process.execPath, MAIN, command, '--data', person.data);
      t.match(refused, { code: 7, out: '', err: FAILURE }, command);
    }
    const refused = await nobody(process.execPath, '-e', ASK, String(apiPort));
    t.equal(refused.err, '');
    t.same(JSON.parse(refused.out), {
      'POST /api/whoami': 401,
      'POST /api/stop': 401,
      'GET /api/status': 401,
      'a wrong token': 401,
      'a WebSocket': 401,
      'the address 0.0.0.0': 403,
    });
    const listening = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === LISTEN && local?.endsWith(`:${hex(apiPort)}`))
      .map(([, local]) => local);
    t.same(listening, [`0100007F:${hex(apiPort)}`], 'it listens on 127.0.0.1 and nowhere else');
    t.equal((await person.status()).pid, pid, 'the node runs on');

    const theirs = path.join(person.home, 'theirs');
    mkdirSync(theirs);
    chownSync(theirs, 65534, 65534);
    t.match(await person.spawn(process.execPath, [MAIN, 'whoami', '--data', theirs]).end(), {
      code: 7,
      out: '',
      err: /^chatter: DATA_FOLDER_UNUSABLE: .* belongs to another user\.\n$/,
    });
  },
);

/** State of a listening socket in `/proc/net/tcp`. */
const LISTEN = '0A';

/** Asks a node on a port what somebody without its token can ask, and prints the answers' status. */
const ASK = `
  const { request } = require('node:http');
  const port = process.argv[1];
  const ask = (options) => new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method: 'POST', ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('upgrade', (response) => resolve(response.statusCode));
    asked.on('error', reject).end();
  });
  const upgrade = {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
  };
  (async () => console.log(JSON.stringify({
    'POST /api/whoami': await ask({ path: '/api/whoami' }),
    'POST /api/stop': await ask({ path: '/api/stop', headers: { 'Content-Type': 'application/json' } }),
    'GET /api/status': await ask({ path: '/api/status', method: 'GET' }),
    'a wrong token': await ask({ path: '/api/whoami', headers: { Authorization: 'Bearer ' + 'x'.repeat(43) } }),
    'a WebSocket': await ask({ path: '/api/socket', method: 'GET', headers: upgrade }),
    'the address 0.0.0.0': await ask({ path: '/api/whoami', host: '0.0.0.0' }),
  })))();
`;

const mode = (file: string) => statSync(file).mode & 0o777;
const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
