import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import b4a from 'b4a';
import t from 'tap';
import { restore } from '../../src/daemon/backup.js';
import { seal, unseal } from '../../src/identity/sealed.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { atTerminal, hasTerminal, isFailure, OfflinePerson, objects } from '../support/command.js';

const SECRET = 'correct horse battery staple';
const STRANGER = 'b'.repeat(64);

t.test('a person moves to another data folder with rooms and trust, and nobody is overwritten', async (t) => {
  const person = new OfflinePerson(t);
  const file = path.join(person.home, 'backup');
  const phrase = ['--passphrase-file', '-'];
  const backUp = (...args: string[]) =>
    person.run(['whoami', '--backup', file, ...phrase, ...args], `${SECRET}\n`);
  await person.run(['whoami', '--name', 'Marmaduke']);
  await person.run(['invite', '--new', 'plans', '--quiet']);
  await person.run(['say', 'vault', 'x', '--no-wait', '--quiet', ...phrase], 'another long passphrase');
  await person.run(['say', 'lab', 'x', '--no-wait', '--quiet', '--name', 'Ffoulkes', '--reach', 'here']);
  await person.run(['block', STRANGER]);
  const self = await person.ask('whoami');
  const link = (await person.ask('invite', 'plans')).link as string;
  t.match(await backUp(), { code: 0, out: '', err: /^\S+backup holds your key, [^\n]+\n$/ });
  t.equal(statSync(file).mode & 0o777, 0o600);
  const content = readFileSync(file, 'utf8');
  t.match(content, /^chatter-backup-1 [\w+/=]+\n$/, 'one line of text');
  isFailure(t, await backUp(), 2, 'a file that exists is not written over');
  t.equal(readFileSync(file, 'utf8'), content);
  const nowhere = ['whoami', '--backup', '/nowhere/at/all', ...phrase];
  isFailure(t, await person.run(nowhere, SECRET), 7, 'a place that there is not');
  for (const [phrases, what] of [
    ['short', 'too short'],
    ['', 'none'],
  ] as const)
    isFailure(t, await person.run(['whoami', '--backup', `${file}2`, ...phrase], phrases), 2, what);
  isFailure(t, await person.run(['whoami', '--backup', `${file}2`]), 2, 'without a passphrase');
  t.notOk(existsSync(`${file}2`));

  const restoring = ['whoami', '--restore', file, ...phrase];
  const taken = await person.run(restoring, SECRET);
  isFailure(t, taken, 1, 'somebody lives here already');
  t.match(taken.err, /IDENTITY_EXISTS/);
  t.match(await person.ask('whoami'), self);
  await person.stop();
  isFailure(t, await person.run(restoring, SECRET), 1, 'also while no node runs');

  const other = new OfflinePerson(t);
  const wrong = await other.run(restoring, 'correct horse battery stapler');
  isFailure(t, wrong, 6, 'another passphrase');
  t.match(wrong.err, /BACKUP_WRONG/);
  t.notOk(existsSync(other.data), 'nothing was made for that');
  t.match(await other.run(restoring, `${SECRET}\n`), { code: 0, out: '', err: /^Restored\. / });
  t.match(await other.ask('whoami'), self, 'the same person');
  t.match(objects((await other.run(['rooms', '--json'])).out), [
    { room: 'plans', kind: 'private', joined: false },
    { room: 'vault', kind: 'protected', joined: false },
    { room: 'lab', kind: 'open', joined: false, reach: 'here' },
  ]);
  t.equal((await other.ask('invite', 'plans')).link, link, 'others can be let into a private room from here');
  t.equal((await other.run(['say', 'vault', 'x', '--no-wait', '--quiet'])).code, 0, 'without its passphrase');
  t.match(await other.ask('status'), { blocked: [{ id: STRANGER }], rooms: [{ name: 'vault' }] });
});

t.test('a passphrase that is asked for is asked twice', async (t) => {
  if (!hasTerminal(t)) return;
  const person = new OfflinePerson(t);
  const file = path.join(person.home, 'backup');
  await person.run(['whoami']);
  const ask = async (...answers: string[]) => {
    const args = atTerminal(['whoami', '--backup', file, '--data', person.data]);
    const asking = person.spawn('script', args);
    await asking.until(/Passphrase of the backup: /);
    asking.write(`${answers[0]}\n`);
    await asking.until(/Once more: /);
    asking.write(`${answers[1]}\n`);
    return asking.done;
  };
  const differ = await ask(SECRET, `${SECRET}!`);
  t.match(differ, { code: 2, out: /USAGE: The two passphrases differ\./ });
  t.notOk(existsSync(file));
  const same = await ask(SECRET, SECRET);
  t.match(same, { code: 0, out: /holds your key/ });
  t.notOk(same.out.includes(SECRET), 'and not shown');
  t.ok(existsSync(file));
});

t.test('[B3] whatever is not a whole backup is refused before anything is made', async (t) => {
  const home = t.testdir();
  const folder = new DataFolder({ data: path.join(home, 'data') });
  const whole = await seal(b4a.from('{}'), SECRET);
  t.equal(b4a.toString(await unseal(whole, SECRET)), '{}');
  const [format, text] = whole.trim().split(' ') as [string, string];
  const flipped = b4a.from(text, 'base64');
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1;
  const person = { id: STRANGER, names: [], firstSeen: 0, lastSeen: 0, marks: {} };
  const valid = { seed: b4a.toString(b4a.alloc(32, 1), 'base64'), name: 'Ann', rooms: [], people: [] };
  const bad = [
    '',
    'x',
    format,
    `${format} ${text.slice(0, 40)}`,
    `${format} ${text.slice(0, -8)}`,
    `${format} ${b4a.toString(flipped, 'base64')}`,
    `chatter-backup-2 ${text}`,
    whole,
    await seal(b4a.from('not JSON'), SECRET),
    await seal(b4a.from(JSON.stringify({ ...valid, name: '\x1b[2J' })), SECRET),
    await seal(b4a.from(JSON.stringify({ ...valid, people: [person] })), SECRET),
  ];
  for (const text of bad) await t.rejects(restore(folder, text, SECRET), { code: 'BACKUP_WRONG' });
  t.same(readdirSync(home), []);

  const good = await seal(b4a.from(JSON.stringify(valid)), SECRET);
  writeFileSync(path.join(home, 'file'), '');
  const blocked = new DataFolder({ data: path.join(home, 'file') });
  await t.rejects(restore(blocked, good, SECRET), { code: 'DATA_FOLDER_UNUSABLE' });
  const both = await Promise.allSettled([restore(folder, good, SECRET), restore(folder, good, SECRET)]);
  t.equal(both.filter(({ status }) => status === 'fulfilled').length, 1, 'two at once: one');
  rmSync(folder.identity);
  t.ok(await restore(folder, good, SECRET), 'a folder whose identity was lost gets it back');
});
