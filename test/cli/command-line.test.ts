import { existsSync, readdirSync } from 'node:fs';
import t from 'tap';
import { buildProgram } from '../../cli/program.js';
import { MAIN } from '../hosts/hosts.js';
import { atTerminal, each, hasTerminal, isFailure, objects, Person, type Ran } from '../support/command.js';
import { has } from '../support/needs.js';

const COMMANDS = buildProgram(() => {}).commands.map((command) => command.name());

/** Joins nothing even if it should not fail: off the network, in a folder of its own. */
const OFF = ['--no-lan', '--lan-only'];

t.test(
  '--help of every command describes it on standard output, with two examples that name it',
  async (t) => {
    const person = new Person(t);
    const all = await person.run(['help']);
    const short = await person.run(['--help']);
    const [listed = ''] = short.out.split('\nOptions of every command:');
    const helps = await each(COMMANDS, (command) => person.run([command, '--help']));
    const others = await each(COMMANDS.slice(0, 4), (command) => person.run(['help', command]));
    for (const [i, { out }] of others.entries())
      t.equal(out, helps[i]?.out, 'help COMMAND is COMMAND --help');
    for (const [i, command] of COMMANDS.entries()) {
      const help = helps[i] as Ran;
      t.match(help, { code: 0, err: '', out: new RegExp(`^Usage: chatter ${command}`) }, command);
      const examples = help.out.split('\nExamples:\n')[1]?.trim().split('\n') ?? [];
      t.equal(examples.length, 2, `${command} has two examples`);
      for (const example of examples) t.match(example, new RegExp(`chatter ${command}( |$)`), example);
      t.match(all.out, new RegExp(`^ {2}${command}[ \\n]`, 'm'), `${command} is in the list of all`);
      t.match(listed, new RegExp(` ${command}(?: |\\n)`), `${command} is on the first screen`);
    }
    t.match(short, { code: 0, err: '', out: /\nExamples:\n {2}chatter join lab\n/ });
    for (const { out } of [short, ...helps]) {
      const lines = out.trimEnd().split('\n');
      t.ok(lines.length <= 24 && lines.every((line) => line.length <= 80), `a screen: ${lines[0]}`);
    }
    t.notMatch(short.out, /^ {2}More /m, 'every command is somewhere');
    isFailure(t, await person.run(['help', 'jion']), 2, 'help for what there is not');
    t.match(await person.run(['--version']), { code: 0, err: '', out: /^\d+\.\d+\.\d+\n$/ });
    for (const hidden of [/--passphrase </, /--spawned/, /--candidates/])
      t.notMatch(all.out + short.out, hidden);
    t.same(readdirSync(person.home), [], 'and nothing is made');
  },
);

t.test('an option that several commands take is told in the same words, up to what differs', async (t) => {
  const told = new Map<string, Set<string>>();
  for (const { options } of buildProgram(() => {}).commands)
    for (const { long, description, hidden } of options) {
      const [words = ''] = description.split(/[:;,(]/);
      if (long && !hidden) told.set(long, (told.get(long) ?? new Set()).add(words.trim()));
    }
  for (const [option, words] of told) t.equal(words.size, 1, `${option}: ${[...words].join(' | ')}`);
});

t.test('what is a command of its own is told before what many have', async (t) => {
  for (const command of buildProgram(() => {}).commands) {
    const told = [...command.helpInformation().matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(
      ([, long]) => long,
    );
    t.equal(told.at(-1), '--help', command.name());
    const room = told.indexOf('--protected');
    if (room >= 0) t.same(told.slice(room), [...ENTERING, '--help'], command.name());
  }
});

t.test('what is not understood is told in one line on standard error, and ends with 2', async (t) => {
  const person = new Person(t);
  const wrong: [string[], RegExp][] = [
    [['--bogus'], /--bogus/],
    [['whoami', '--bogus'], /--bogus/],
    [['whoami', 'extra'], /arguments/],
    [['say'], /ROOM/],
    [['say', 'lab'], /TEXT/],
    [['peers'], /ROOM/],
    [['leave'], /ROOM/],
    [['join'], /Which room/],
    [['invite'], /Which room/],
    [['whoami', '--port', '65536'], /65535/],
    [['whoami', '--listen', '-1'], /65535/],
    [['whoami', '--listen', '4711x'], /65535/],
    [['say', 'lab', 'x', '--timeout', 'soon'], /Seconds/],
    [['say', 'lab', 'x', '--timeout', '-1'], /Seconds/],
    [['whoami', '--profile', '../two'], /profile/],
    [['whoami', '--profile', ''], /profile/],
    [['whoami', '--bootstrap', 'nowhere'], /host:port/],
    [['daemon', '--log-level', 'loud'], /log level/],
    [['join', 'lab', '--passphrase-file', '/nowhere/at/all'], /\/nowhere\/at\/all/],
    [['join', '--invite-file', '/nowhere/at/all'], /\/nowhere\/at\/all/],
    [['join', 'lab', '--protected'], /--passphrase-file/],
  ];
  const all = await each(wrong, ([args]) => person.run([...OFF, ...args]));
  for (const [i, [args, says]] of wrong.entries()) {
    const ran = all[i] as Ran;
    isFailure(t, ran, 2, args.join(' '));
    t.match(ran.err, says);
  }
  t.match((await person.run([...OFF, 'bogus'])).err, /bogus/, 'a command that does not exist is named');
  t.notOk(existsSync(person.data), 'no node was started for that');
});

t.test('what the node refuses has the exit code of its cause', async (t) => {
  const person = new Person(t);
  const long = 'x'.repeat(65);
  const refused: [string[], number, string][] = [
    [['join', ' ', ...OFF], 2, 'ROOM_NAME_INVALID'],
    [['join', long, ...OFF], 2, 'ROOM_NAME_INVALID'],
    [['join', 'a\u0007b', ...OFF], 2, 'ROOM_NAME_INVALID'],
    [['join', 'lab', '--peer', 'nowhere', ...OFF], 2, 'ADDRESS_INVALID'],
    [['join', 'lab', '--name', ' ', ...OFF], 2, 'NAME_INVALID'],
    [['join', 'chatter://join/#abc/x', '--quiet', ...OFF], 2, 'INVITE_INVALID'],
    [['whoami', '--name', '\u200b', ...OFF], 2, 'NAME_INVALID'],
    [['peers', 'nowhere'], 3, 'ROOM_UNKNOWN'],
    [['leave', 'nowhere'], 3, 'ROOM_UNKNOWN'],
    [['invite', 'nowhere'], 3, 'ROOM_UNKNOWN'],
  ];
  await person.run(['whoami', ...OFF]);
  const all = await each(refused, ([args]) => person.run(args));
  for (const [i, [args, code, cause]] of refused.entries()) {
    const ran = all[i] as Ran;
    isFailure(t, ran, code, args.join(' '));
    t.ok(ran.err.startsWith(`chatter: ${cause}: `), cause);
  }
  const shapes: [string[], string][] = [
    [['join', '', ...OFF], 'ROOM_NAME_INVALID'],
    [['join', 'x'.repeat(3_000), ...OFF], 'ROOM_NAME_INVALID'],
    [['whoami', '--name', 'x'.repeat(300), ...OFF], 'NAME_INVALID'],
  ];
  for (const [args, cause] of shapes) {
    const { code, err } = await person.run(args);
    t.match({ code, err }, { code: 2, err: new RegExp(`^chatter: ${cause}: `) }, `${cause} by its shape`);
  }
  t.match(await person.run(['rooms', '--quiet']), { code: 0, out: '', err: '' }, 'no room was entered');
});

t.test(
  'results go to standard output and words to standard error; --json prints JSON alone',

  async (t) => {
    const person = new Person(t);
    const plain = await person.run(['whoami', '--name', 'Marmaduke']);
    t.match(plain, {
      code: 0,
      err: '',
      out: /^Marmaduke {2}#[a-z0-9]{6}\nkey {2,}[0-9a-f]{64}\nsafety number {2,}[\d ]+\n$/,
    });
    t.notOk(plain.out.includes('\u001b'), 'no colours where there is no terminal');
    t.ok((await person.run(['whoami', '--color'])).out.includes('\u001b[1m'), 'but for who asks for them');
    const self = await person.ask('whoami');
    t.match(self, { name: 'Marmaduke', id: /^[0-9a-f]{64}$/, safetyNumber: /^(\d{5} ){5}\d{5}$/ });
    t.match(await person.run(['rooms']), { code: 0, out: '', err: /^No rooms yet[^\n]+\n$/ });
    t.match(await person.run(['rooms', '--json']), { code: 0, out: '' });
    t.match(await person.run(['rooms', '--quiet']), { code: 0, out: '', err: '' });
    const made = await person.ask('invite', '--new', 'plans');
    t.match(made, { room: 'plans', kind: 'private', link: /^chatter:\/\/join\/#[\w-]{43}\/plans$/ });
    const rooms = objects((await person.run(['rooms', '--json'])).out);
    t.match(rooms, [{ room: 'plans', roomId: made.roomId, kind: 'private', joined: false, members: 0 }]);
    t.match(await person.ask('status'), {
      pid: Number,
      apiPort: Number,
      lanPort: null,
      version: /^\d/,
      rooms: [],
      dataFolder: person.data,
    });
    const failed = await person.run(['peers', 'nowhere', '--json']);
    t.match(failed, { code: 3, out: '', err: /^chatter: ROOM_UNKNOWN: / }, 'a failure is no result');
  },
);

t.test('a reader who has seen enough is no failure', async (t) => {
  const person = new Person(t);
  await person.run(['whoami']);
  /** Runs a command with one of its outputs closed before it prints. */
  const without = async (output: 'stdout' | 'stderr', ...args: string[]) => {
    const command = person.start(args);
    command.child[output]?.destroy();
    return command.end();
  };
  t.match(await without('stdout', 'whoami'), { code: 0, err: '' });
  t.match(await without('stdout', 'whoami', '--json'), { code: 0, err: '' });
  t.match(await without('stdout', '--help'), { code: 0, err: '' });
  t.match(await without('stderr', 'rooms'), { code: 0, out: '' }, 'words that nobody reads');
  t.match(await without('stderr', 'peers', 'nowhere'), { code: 3 }, 'a failure that nobody reads');
  const head = await person
    .spawn('sh', ['-c', '"$@" | head -1', 'sh', process.execPath, MAIN, '--help'])
    .end();
  t.match(head, { code: 0, err: '', out: /^Usage: [^\n]+\n$/ });
});

t.test('a result that cannot be written ends with 7', async (t) => {
  if (!has(t, '/dev/full')) return;
  const person = new Person(t);
  await person.run(['whoami', ...OFF]);
  for (const args of [
    ['whoami'],
    ['rooms', '--json'],
    ['set'],
    ['status', '--json'],
    ['completion', 'bash'],
  ]) {
    if (args[0] === 'rooms') await person.run(['invite', '--new', 'plans', '--quiet']);
    const line = ['-c', '"$@" > /dev/full', 'sh', process.execPath, MAIN, '--data', person.data, ...args];
    isFailure(t, await person.spawn('sh', line).end(), 7, args.join(' '));
  }
});

t.test('[A5] colours only where they are wanted, and never in JSON', async (t) => {
  const person = new Person(t);
  await person.run(['whoami', ...OFF]);
  const list = [['whoami'], ['set'], ['rooms'], ['status'], ['verify'], ['block'], ['mute']];
  const jsons = await each(list, (args) => person.run([...args, '--json', '--color']));
  for (const [i, json] of jsons.entries()) {
    t.equal(json.code, 0);
    t.ok(
      objects(json.out).every((object) => typeof object === 'object'),
      `${list[i]?.[0]}: one object a line`,
    );
  }
  for (const { out } of await each(list, (args) => person.run(args)))
    t.notMatch(out, '\x1b', 'nothing on a pipe');
  t.match((await person.run(['whoami', '--color'])).out, '\x1b[1m');
  if (!hasTerminal(t)) return;
  const shown = (env: Record<string, string>, ...args: string[]) =>
    person
      .spawn('script', atTerminal(['whoami', '--data', person.data, ...args]), {
        env: { NO_COLOR: '', TERM: 'xterm', ...env },
      })
      .end();
  t.match((await shown({})).out, '\x1b[1m', 'at a terminal');
  t.notMatch((await shown({ NO_COLOR: '1' })).out, '\x1b[1m');
  t.notMatch((await shown({}, '--no-color')).out, '\x1b[1m');
  t.match((await shown({ NO_COLOR: '1' }, '--color')).out, '\x1b[1m', 'an option says more than NO_COLOR');
});

t.test('[A6] a passphrase is refused as an argument, whatever the command', async (t) => {
  const person = new Person(t);
  const commands = [
    ['join', 'vault', '--passphrase', SECRET],
    ['join', 'vault', `--passphrase=${SECRET}`],
    ['--passphrase', SECRET, 'say', 'vault', 'hello'],
    ['whoami', '--passphrase', SECRET],
  ];
  for (const ran of await each(commands, (args) => person.run([...OFF, ...args]))) {
    isFailure(t, ran, 2, 'refused');
    t.match(ran.err, /--passphrase-file FILE/, 'it says what to do instead');
    t.notOk(ran.err.includes(SECRET), 'and does not repeat it');
  }
  t.notOk(existsSync(person.data), 'nothing was started');
});

t.test('at a terminal one is asked which room, and no answer joins none', async (t) => {
  if (!hasTerminal(t)) return;
  const person = new Person(t);
  for (const args of [['join']]) {
    const asked = person.spawn('script', atTerminal([...OFF, ...args, '--data', person.data]));
    await asked.until(/Room name or invite link/);
    asked.write('\u0004'); // Ctrl-D
    const { code, out } = await asked.done;
    t.equal(code, 2, `${args.join(' ') || 'no command'}: ${JSON.stringify(out)}`);
  }
  t.notOk(existsSync(person.data), 'no node was started');
});

const ENTERING = ['--protected', '--open', '--reach', '--invite-file', '--yes'];
const SECRET = 'correct horse battery staple';
