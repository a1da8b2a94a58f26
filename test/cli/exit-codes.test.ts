import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Host, MAIN } from '../hosts/hosts.js';
import { each, enter, isFailure, objects, Person, people } from '../support/command.js';
import { has } from '../support/needs.js';

t.test('a data folder that cannot be used is told in one line, and ends with 7', async (t) => {
  const person = new Person(t);
  const at = (data: string, ...args: string[]) =>
    person.spawn(process.execPath, [MAIN, ...args, '--data', data]).end();
  const file = path.join(person.home, 'file');
  writeFileSync(file, '');
  const below = path.join(file, 'below');
  const unusable = [
    [file, 'whoami'],
    [below, 'whoami'],
    [below, 'daemon'],
  ] as const;
  for (const ran of await each(unusable, ([data, command]) => at(data, command)))
    isFailure(t, ran, 7, 'a file, or below one');
  t.equal((await at(file, 'status')).code, 3, 'no node runs there');
  const empty = await at('', 'whoami');
  isFailure(t, empty, 2, 'no path at all');
  t.equal(statSync(person.home).mode & 0o777, 0o755, 'the working folder is left as it was');

  await person.run(['whoami']);
  await person.stop();
  const database = path.join(person.data, 'chatter.db');
  writeFileSync(database, 'x'.repeat(5_000));
  t.match(await person.run(['whoami']), { code: 0 }, 'a damaged database is moved aside');
  await person.stop();
  rmSync(database);
  mkdirSync(database);
  const unusableFile = await person.run(['whoami']);
  isFailure(t, unusableFile, 7, 'a database that cannot be opened');
  t.match(unusableFile.err, /^chatter: STORAGE_FAILED: .*chatter\.db/);
  isFailure(t, await person.run(['daemon']), 7, 'the same, for the node itself');
  t.same(readdirSync(path.join(person.data, 'log')), ['node.log'], 'nothing else is left behind');

  if (!has(t, 'root', 'setpriv')) return;
  const nobody = (data: string) =>
    person
      .spawn('setpriv', [
        ...['--reuid', '65534', '--regid', '65534', '--clear-groups'],
        ...[process.execPath, MAIN, 'whoami', '--data', data],
      ])
      .end();
  const locked = path.join(person.home, 'locked');
  mkdirSync(locked);
  for (const data of [locked, path.join(locked, 'below')]) {
    const ran = await nobody(data);
    isFailure(t, ran, 7, 'not allowed to write');
    t.match(ran.err, /not allowed to write there/);
  }
});

if (has(t, 'root', 'ip')) {
  t.test(
    '[A6] a passphrase comes by file or standard input, and no other process sees it',

    async (t) => {
      const person = onMachine(t);
      const file = path.join(person.home, 'passphrase');
      writeFileSync(file, `${SECRET}\r\nsecond line\n`);
      const window = person.start([
        'join',
        'vault',
        '--json',
        '--passphrase-file',
        file,
        '--log-level',
        'debug',
      ]);
      await window.until(/"joined"/);
      const [joined] = objects(window.out);
      t.match(joined, { type: 'joined', room: 'vault' });
      const self = joined?.self as { name: string };
      const seen = await person.spawn('ps', ['axeww', '-o', 'args']).end();
      t.match(seen.out, /daemon --spawned/);
      t.notOk(seen.out.includes(SECRET), 'neither an argument nor in an environment');
      t.equal((await window.end('{quit}\n')).code, 0);
      const kept = readdirSync(person.data, { recursive: true, encoding: 'utf8' })
        .map((name) => path.join(person.data, name))
        .filter((name) => statSync(name).isFile() && readFileSync(name).includes(SECRET));
      t.same(kept, [], 'nor is it kept as it was typed');
      const log = person.read('log/node.log');
      t.match(log, / started /, 'there is a log');
      for (const word of ['vault', String(joined?.roomId), self.name])
        t.notOk(log.includes(word), `without the name of a room or person: ${word}`);

      const said = await person.run(
        ['say', 'vault', 'x', '--no-wait', '--passphrase-file', '-'],
        `${SECRET}\n`,
      );
      t.match(said, { code: 0 }, 'by standard input');
      const rooms = objects((await person.run(['rooms', '--json'])).out);
      t.match(rooms, [{ roomId: joined?.roomId, kind: 'protected' }], 'the first line alone: it is one room');
      const open = await person.run(['say', 'vault', 'x', '--no-wait', '--open']);
      isFailure(t, open, 2, 'the open room of that name is not entered unasked');
      t.match(open.err, /ROOM_NAME_TAKEN/);
      t.match(await person.run(['say', 'vault', 'x', '--no-wait', '--open', '--yes']), { code: 0 });
      const both = await person.run(['leave', 'vault']);
      isFailure(t, both, 2, 'now two rooms bear that name');
      const [, , tag] = /^chatter: ROOM_AMBIGUOUS: .*(vault#\w{6}), (vault#\w{6})\.\n$/.exec(both.err) ?? [];
      t.match(await person.ask('leave', tag ?? ''), { room: 'vault', kind: 'open', joined: false });
      for (const wrong of ['', 'tooshort', 'x'.repeat(129), 'with\u0007a bell']) {
        const refused = await person.run(['say', 'vault', 'x', '--no-wait', '--passphrase-file', '-'], wrong);
        isFailure(t, refused, 2, JSON.stringify(wrong.slice(0, 20)));
        t.match(refused.err, /PASSPHRASE_INVALID/);
      }
      const piped = person.start(['join', 'vault', '--passphrase-file', '-'], { timeout: 4_000 });
      t.match(
        await piped.end(`${SECRET}\n`),
        { code: 0, signal: null },
        'join ends with the input that the passphrase came from',
      );
    },
  );

  t.test('signals end a window in order, wherever it stands', async (t) => {
    const person = onMachine(t);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const window = person.start(['join', 'lab', '--json']);
      await window.until(/"joined"/);
      t.match(await window.kill(signal), { code: 0, signal: null }, signal);
    }
    const early = person.start(['join', 'lab', '--json']);
    const { code, signal, err } = await early.kill('SIGINT');
    t.ok(code === 130 || code === 0 || signal === 'SIGINT', 'before it is in the room');
    t.equal(err, '');
    t.match(await person.ask('status'), { leases: 0 }, 'no lease is left');

    const holding = person.start(['join', 'lab', '--json', '--timeout', '60']);
    await holding.until(/"joined"/);
    holding.write('nobody is here to get this\n');
    await holding.until(/"nobody is here to get this"/);
    const interrupted = await holding.kill('SIGINT');
    t.match(interrupted, { signal: null, out: /^(\{[^\n]+\n)+$/ });
    t.not(interrupted.code, 0, 'a line that nobody got is no success');
    t.ok(interrupted.ms < 20_000, `Ctrl-C does not wait for somebody: ${Math.round(interrupted.ms)} ms`);
    t.equal((await person.run(['stop'])).code, 0);
  });

  t.test('nobody there in time ends with 4, a taken port with 1', async (t) => {
    const person = onMachine(t);
    const said = await person.run(['say', 'lab', 'hello', '--timeout', '0.5', '--json']);
    isFailure(t, { ...said, err: said.err.split('\n').slice(-2).join('\n') }, 4, 'say');
    t.match(said.err, /chatter: NOBODY_THERE: /);
    const joined = await person.run(['join', 'lab', '--timeout', '0.5', '--quiet'], 'hello\nagain\n');
    t.match(joined, {
      code: 4,
      err: /^chatter: NOBODY_THERE: Nobody has 2 lines yet; what was said is kept, and [^\n]+\n$/,
    });
    t.match(await person.run(['join', 'lab', '--quiet'], ''), { code: 0, err: '' }, 'nothing to say');
    const far = person.start(['join', 'lab', '--timeout', '3000000', '--quiet']);
    far.child.stdin?.end('hello\n');
    const { err } = (await Promise.race([far.done, sleep(1_500)])) ?? { err: '' };
    t.equal(err, '', 'a timeout of weeks is waited for');
    far.child.kill('SIGKILL');
    await far.done;
    t.equal(
      (await person.run(['say', 'lab', 'x', '--no-wait', '--quiet'])).code,
      0,
      '--no-wait waits for none',
    );
    t.equal((await person.run(['stop'])).code, 0);

    const other = new Person(t, person.host, 'other');
    const first = other.start(['daemon', '--listen', '4711']);
    await first.until(/The node runs/);
    await other.run(['say', 'lab', 'x', '--no-wait']);
    const taken = await person.run(['join', 'den', '--listen', '4711', '--quiet'], '');
    isFailure(t, taken, 1, 'a port that somebody has');
    t.match(taken.err, /^chatter: PORT_TAKEN: Port 4711 /);
  });

  t.test('what everybody declines ends with 5', async (t) => {
    const [person, other] = people(t);
    const theirs = await enter(other, 'lab');
    writeFileSync(path.join(person.home, 'notes.txt'), 'notes');
    const sending = person.start(['send', 'lab', path.join(person.home, 'notes.txt'), '--quiet']);
    await theirs.until(/"file-offered"/);
    const [offer] = objects(theirs.out).filter(({ type }) => type === 'file-offered');
    t.match(await other.run(['decline', String(offer?.transfer).slice(0, 8)]), { code: 0 });
    t.match(await sending.done, { code: 5, signal: null });
    t.equal((await theirs.end('{quit}\n')).code, 0);
  });
}

const SECRET = 'correct horse battery staple';

/** A person on a machine of their own, without any network. */
function onMachine(t: Test): Person {
  const host = new Host();
  t.teardown(() => host.close());
  return new Person(t, host);
}
