import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { lookAfterLoss } from '../../cli/look-again.js';
import { wanted } from '../../cli/share-slash.js';
import type { Client } from '../../src/daemon/client.js';
import { ChatterError } from '../../src/errors.js';
import { type Command, Person } from '../support/command.js';

const QUIET = ['--lan-only', '--no-lan'];
/** A busy machine takes its time with hundreds of megabytes. */
const LONG = { timeout: 60_000 };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Two people on this machine who reach each other by a typed address alone. */
async function two(t: Test) {
  const [ann, bob] = [new Person(t), new Person(t)];
  const port = await freePort();
  const out = path.join(bob.home, 'inbox');
  const receive = (...more: string[]) =>
    bob.start(
      [...QUIET, '--listen', `${port}`, 'receive', 'lab', '--open', '--out', out, '--json', ...more],
      LONG,
    );
  const send = (...args: string[]) =>
    ann.start([...QUIET, '--peer', `127.0.0.1:${port}`, 'send', 'lab', '--open', '--yes', ...args], LONG);
  return { ann, bob, out, receive, send };
}

const pidOf = ({ data }: Person): number =>
  (JSON.parse(readFileSync(path.join(data, 'node.json'), 'utf8')) as { pid: number }).pid;

const MIB = 1024 * 1024;

/** What a command said in JSON lines, of one type. */
const said = (command: Command, type: string) =>
  command.out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, never>)
    .filter((event) => event.type === type);

t.test('files and a folder are sent from one command to another', async (t) => {
  const { ann, out, receive, send } = await two(t);
  const folder = path.join(ann.home, 'album');
  mkdirSync(path.join(folder, 'empty'), { recursive: true });
  writeFileSync(path.join(folder, 'one.txt'), 'one');
  writeFileSync(path.join(ann.home, 'two.txt'), 'two');
  const receiver = receive('--yes', '--from', 'anyone', '--once');
  await receiver.until(/an open room|joined|Waiting/);
  const sender = send(folder, path.join(ann.home, 'two.txt'));
  const sent = await sender.done;
  t.equal(sent.code, 0, sent.err);
  t.match(sent.out, /#\w{6}: done/);
  t.equal((await receiver.done).code, 0);
  execFileSync('diff', ['-r', folder, path.join(out, 'album')]);
  t.equal(readFileSync(path.join(out, 'two.txt'), 'utf8'), 'two');
  t.match(said(receiver, 'file-offered'), [{ entries: [{ name: 'album' }, { name: 'two.txt', size: 3 }] }]);
  t.match(said(receiver, 'transfer-done'), [{ paths: [path.join(out, 'album'), path.join(out, 'two.txt')] }]);
});

t.test('what is shared is found and fetched by the words of the commands in a room', async (t) => {
  const [ann, bob] = [new Person(t), new Person(t)];
  const port = await freePort();
  const album = path.join(ann.home, 'My album');
  mkdirSync(album);
  writeFileSync(path.join(album, 'one song.txt'), 'la la');
  const talk = (person: Person, ...way: string[]) =>
    person.start([...QUIET, ...way, 'join', 'lab', '--open', '--yes', '--no-color', '--commands'], LONG);
  const listening = ['--listen', `${port}`];
  await bob.start([...QUIET, ...listening, 'set', 'downloads', path.join(bob.home, 'got')]).done;
  const theirs = talk(bob, ...listening);
  await theirs.until(/You are /);
  const mine = talk(ann, '--peer', `127.0.0.1:${port}`);
  await Promise.all([mine, theirs].map((window) => window.until(/Here: | joined, /)));
  mine.write('/share\n');
  await mine.until(/You share nothing here/);
  mine.write(`/share ${album}\n`);
  await mine.until(/My album\/ {2}1 file, 5 B[^\n]*\n[^\n]*until \/unshare/);
  theirs.write('/ls\n/ls My album/\n/ls nothing*\n/get\n/get nothing\n');
  await theirs.until(/^My album\/ {2}1 file/m);
  await theirs.until(/^My album\/one song\.txt {2}5 B/m);
  await theirs.until(/doesn't exist[\s\S]*needs a name[\s\S]*doesn't exist/);
  theirs.write('/get one song.txt\n');
  await theirs.until(/Fetching one song\.txt/);
  await theirs.until(/✓ one song\.txt, 5 B, every byte checked\n +[^\n]+one song\.txt/);
  mine.write('/unshare My album\n');
  await mine.until(/My album is not shared here any more/);
  theirs.write('/get one song.txt --from Nobody\n');
  await theirs.until(/PEER_UNKNOWN/);
  t.equal((await mine.end('{quit}\n')).code, 0);
  t.equal((await theirs.end('{quit}\n')).signal, null);
});

t.test('of what was got before only what changed comes, and the command says so', async (t) => {
  const [ann, bob] = [new Person(t), new Person(t)];
  const port = await freePort();
  const image = path.join(ann.home, 'image');
  writeFileSync(image, randomBytes(64 * MIB));
  const listening = [...QUIET, '--listen', `${port}`];
  await ann.start([...listening, 'share', 'lab', image, '--open', '--yes'], LONG).until(/image/);
  const get = () =>
    bob.start(
      [...QUIET, '--peer', `127.0.0.1:${port}`, 'get', 'lab', 'image', '--open', '--yes', '--out', bob.home],
      LONG,
    ).done;
  const first = await get();
  t.equal(first.code, 0, first.err);
  t.notMatch(first.err, /Already here/);
  const content = readFileSync(image);
  content.set(randomBytes(10), 40 * MIB);
  writeFileSync(image, content);
  const second = await get();
  t.match(second.err, /67\.1 MB.*, every byte checked\. Already here: 66\.8 MB\./);
  t.match(second.out, /image \(1\)$/m);
  t.ok(readFileSync(path.join(bob.home, 'image (1)')).equals(content));
});

t.test('the name that /get takes may have spaces, and says which of several', async (t) => {
  t.same(wanted('a b.txt'), { name: 'a b.txt' });
  t.same(wanted('a b --hash 0f12'), { name: 'a b', hash: '0f12' });
  t.same(wanted('a --from Green Otter#12ab34 --hash 0f12'), {
    name: 'a',
    from: 'Green Otter#12ab34',
    hash: '0f12',
  });
});

t.test('a node that is lost while it is asked how things stand is asked again', async (t) => {
  const client = new EventEmitter();
  let asked = 0;
  let answers: () => Promise<void>;
  const failures: string[] = [];
  const look = () => {
    asked++;
    return answers();
  };
  const watch = () => lookAfterLoss(client as unknown as Client, look, ({ code }) => failures.push(code));
  const lost = async () => Promise.reject(new ChatterError('NODE_LOST'));
  let stop = () => {};
  await new Promise<void>((answered) => {
    answers = async () => (asked < 3 ? lost() : answered());
    stop = watch();
    client.emit('resync');
  });
  stop();
  client.emit('resync');
  client.emit('failed', new ChatterError('NODE_LOST'));
  t.same([asked, failures], [3, []], 'not when nobody waits any more');

  answers = lost;
  const end = watch();
  client.emit('resync');
  end();
  await sleep(500);
  t.equal(asked, 4, 'nor goes on asking when what it waited for has come');

  answers = async () => Promise.reject(new ChatterError('TRANSFER_UNKNOWN'));
  watch();
  client.emit('resync');
  await new Promise(setImmediate);
  client.emit('failed', new ChatterError('NODE_LOST'));
  t.same(failures, ['TRANSFER_UNKNOWN'], 'the first cause is told, once');
});

t.test('what cannot be is said in one line and a number', async (t) => {
  const { ann, receive, send } = await two(t);
  const nowhere = await ann.start([...QUIET, '--timeout', '0', 'send', 'lab', '--open', 'x']).done;
  t.equal(nowhere.code, 4, nowhere.err);
  const unasked = await receive('--yes').done;
  t.equal(unasked.code, 2, 'off a terminal it is not taken from just anybody');
  t.match(unasked.err, /--from/);
  const receiver = receive('--yes', '--from', 'anyone');
  await receiver.until(/an open room|joined|Waiting/);
  const missing = await send(path.join(ann.home, 'missing')).done;
  t.equal(missing.code, 3);
  t.match(missing.err, /chatter: FILE_NOT_FOUND: .*missing doesn't exist/);
  const unknown = await ann.start([...QUIET, 'accept', 'ffff0000']).done;
  t.equal(unknown.code, 3);
  await receiver.kill('SIGTERM');
});

for (const victim of ['receiver', 'sender'] as const) {
  t.test(`a ${victim} whose node is killed goes on, and what is there is not sent again`, async (t) => {
    const { ann, bob, out, receive, send } = await two(t);
    const bytes = 288 * MIB;
    const file = path.join(ann.home, 'big');
    for (let done = 0; done < bytes; done += MIB) writeFileSync(file, randomBytes(MIB), { flag: 'a' });
    const receiver = receive('--yes', '--from', 'anyone', '--once');
    await receiver.until(/an open room|joined|Waiting/);
    const sender = send(file, '--json');
    await receiver.until(/"transfer-progress"/);
    t.equal(said(receiver, 'transfer-done').length, 0, 'in the middle');
    process.kill(pidOf(victim === 'receiver' ? bob : ann), 'SIGKILL');
    await receiver.until(/"transfer-done"/, 30_000);
    t.equal((await receiver.done).code, 0);
    execFileSync('cmp', [file, path.join(out, 'big')]);
    t.same(readdirSync(out), ['big'], 'nothing else is left');
    t.equal((await sender.done).code, 0);
    if (victim === 'receiver') {
      const list = await ann.start([...QUIET, 'transfers', '--json']).done;
      const { bytes: given } = JSON.parse(list.out) as { bytes: number };
      t.ok(given <= 1.02 * bytes + 8 * MIB, `${given} bytes given of ${bytes}`);
      t.comment(`given ${(given / bytes).toFixed(4)} of the file`);
    }
  });
}
