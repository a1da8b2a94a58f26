import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Person } from '../support/command.js';

/** One line, by which a failure is told. */
const FAILURE = /^chatter: [A-Z_]+: [^\n]+\n$/;

t.test('[D1] stop ends the node, and nothing goes on listening', async (t) => {
  const person = new Person(t);
  t.match(await person.run(['stop']), { code: 0, out: '', err: /^No node is running[^\n]+\n$/ }, 'none runs');
  t.match(await person.run(['status']), { code: 3, out: '', err: FAILURE });
  t.notOk(existsSync(person.data), 'neither makes a data folder');

  await person.run(['whoami']);
  const { apiPort } = await person.status();
  t.equal(await answers(apiPort), true);
  t.match(await person.run(['stop']), { code: 0, out: '', err: 'The node has ended.\n' });
  t.equal(await answers(apiPort), false);
  t.same(await person.settled(0, 1_000), [], 'its process is gone');
  t.match(await person.run(['stop', '--quiet']), { code: 0, out: '', err: '' });

  await person.run(['whoami']);
  t.equal((await person.status()).apiPort, apiPort, 'the next node has the same port');
  const both = await Promise.all([person.run(['stop']), person.run(['stop'])]);
  t.same(
    both.map(({ code }) => code),
    [0, 0],
    'two who stop it at once both have what they wanted',
  );

  const other = createServer();
  await new Promise<void>((resolve) => other.listen(apiPort, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const wanted = await person.run(['whoami', '--port', String(apiPort)]);
  t.match(wanted, { code: 1, out: '', err: /^chatter: PORT_TAKEN: [^\n]+\n$/ });
  t.match(await person.run(['whoami']), { code: 0, err: '' });
  t.not((await person.status()).apiPort, apiPort, 'another one is drawn where it is taken');
});

t.test(
  'wipe is asked for in words, leaves nothing of the data folder, and the next command is somebody new',
  async (t) => {
    const person = new Person(t);
    const { id } = await person.ask<{ id: string }>('whoami');
    const { apiPort, tokenFile } = await person.status();
    const token = readFileSync(tokenFile, 'utf8');
    const ask = (body: object) =>
      fetch(`http://127.0.0.1:${apiPort}/api/wipe`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    t.equal((await ask({})).status, 400, 'not by accident');
    t.ok(existsSync(path.join(person.data, 'identity')));
    t.equal((await ask({ confirm: 'wipe' })).status, 200);
    t.same(await person.settled(0, 10_000), [], 'the node has ended');
    t.notOk(existsSync(person.data));
    t.not((await person.ask<{ id: string }>('whoami')).id, id);
  },
);

t.test('a node that nobody needs ends by itself', async (t) => {
  const person = new Person(t);
  mkdirSync(person.data, { mode: 0o700 });
  writeFileSync(path.join(person.data, 'crashes.json'), '[1,'); // a damaged record is none
  t.match(await person.run(['whoami']), { code: 0, err: '' });
  const { apiPort } = await person.status();
  const end = performance.now() + 10_000;
  while ((await answers(apiPort)) && performance.now() < end) await sleep(100);
  t.equal(await answers(apiPort), false);
  t.notOk(existsSync(path.join(person.data, 'node.json')));
  t.match(await person.run(['status']), { code: 3 });
});

/** True if something listens on this port of 127.0.0.1. */
const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
