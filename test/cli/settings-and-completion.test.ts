import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { placeOf } from '../../cli/completion-place.js';
import { buildProgram } from '../../cli/program.js';
import { nearest } from '../../src/nearest.js';
import { MAIN } from '../hosts/hosts.js';
import { each, isFailure, OfflinePerson, objects, type Ran } from '../support/command.js';

t.test('set lists, sets, resets, and knows what was meant', async (t) => {
  const person = new OfflinePerson(t);
  await person.run(['whoami', '--name', 'Marmaduke']);
  const all = objects((await person.run(['set', '--json'])).out);
  t.match(all, [
    { key: 'name', value: 'Marmaduke', default: null },
    { key: 'reach', value: 'ask', default: 'ask', does: String, values: 'ask, here, anywhere' },
    { key: 'remember-people', value: 'on' },
  ]);
  const plain = await person.run(['set']);
  t.match(plain, { code: 0, err: '' });
  for (const { key, value } of all)
    t.match(plain.out, new RegExp(`^${key as string} +${value as string}$`, 'm'));
  t.match(await person.run(['set', 'reach', 'HERE']), { code: 0, out: '', err: 'reach is here now.\n' });
  t.match(await person.run(['set', 'reach']), { code: 0, out: /^reach +here\n/, err: '' });
  t.match(await person.run(['set', 'name', 'Blue Heron', '--quiet']), { code: 0, out: '', err: '' });
  t.match(await person.ask('whoami'), { name: 'Blue Heron' }, 'one name, however it is set');

  const wrong = [
    [['set', 'raech', 'here'], 'SETTING_UNKNOWN', /did you mean "reach"\?/],
    [['set', 'raech'], 'SETTING_UNKNOWN', /did you mean "reach"\?/],
    [['set', 'colour-of-the-sky', 'blue'], 'SETTING_UNKNOWN', /no such setting\.$/m],
    [['set', 'constructor', 'x'], 'SETTING_UNKNOWN', /./],
    [['set', 'reach', 'everywhere'], 'SETTING_INVALID', /ask, here, anywhere/],
    [['set', 'upload-limit', '3'], 'SETTING_INVALID', /like 5MB/],
    [['set', 'download-limit', '1kB'], 'SETTING_INVALID', /like 5MB/],
    [['set', 'downloads', 'here'], 'SETTING_INVALID', /absolute/],
    [['set', 'name', '\u200b'], 'SETTING_INVALID', /64 bytes/],
    [['set', '--reset'], 'USAGE', /KEY/],
    [['set', 'reach', 'here', '--reset'], 'USAGE', /KEY/],
  ] as const;
  const refusals = await each(wrong, ([args]) => person.run(args));
  for (const [i, [args, cause, says]] of wrong.entries()) {
    const refused = refusals[i] as Ran;
    isFailure(t, refused, 2, args.join(' '));
    t.match(refused.err, says);
    t.ok(refused.err.startsWith(`chatter: ${cause}: `), cause);
  }

  t.match(await person.ask('set', 'upload-limit', '2.50 mb/s'), { value: '2.5MB', default: 'off' });

  await person.run(['say', 'lab', 'x', '--no-wait', '--quiet']);
  const rooms = () => person.run(['rooms', '--json']).then(({ out }) => objects(out));
  t.match(await rooms(), [{ room: 'lab', reach: 'here' }], 'a new room is looked for on this network alone');
  await person.stop();
  t.match(await person.ask('set', 'reach'), { value: 'here' }, 'kept over a restart');
  t.match(await person.ask('set', 'reach', '--reset'), { value: 'ask' });
  await person.run(['say', 'den', 'x', '--no-wait', '--quiet']);
  t.match(await rooms(), [
    { room: 'lab', reach: 'here' },
    { room: 'den', reach: 'anywhere' },
  ]);

  t.equal((await person.run(['mute', 'b'.repeat(64)])).code, 0);
  t.match(await person.ask('set', 'remember-people', 'off'), { value: 'off' });
  t.match((await person.run(['mute'])).out, /^#\w{6} /, 'who is marked stays');
});

t.test('a slip of the fingers is told what was meant', async (t) => {
  const person = new OfflinePerson(t);
  for (const [wrong, right] of [
    ['jion', 'join'],
    ['statsu', 'status'],
    ['Peers', 'peers'],
    ['verfy', 'verify'],
  ]) {
    const ran = await person.run([wrong as string]);
    isFailure(t, ran, 2, wrong as string);
    t.match(ran.err, `did you mean "${right}"?`);
  }
  t.match((await person.run(['--jsno', 'whoami'])).err, /Did you mean --json\?/);
  t.match((await person.run(['photograph'])).err, /--help lists/);
  t.equal(nearest('ls', ['say']), null, 'a short word is not turned into another');
  t.notOk(existsSync(person.data));
});

t.test('what can stand at the cursor', async (t) => {
  const program = buildProgram(() => {});
  const at = (line: string) => placeOf(program, line.split(' '));
  const words = (line: string) => {
    const place = at(line);
    return place.type === 'words' ? place.words : [];
  };
  t.ok(words('').includes('join'));
  t.ok(words('--json ').includes('join'), 'after an option');
  t.ok(words('--data x ').includes('join'), 'after an option with a value');
  t.ok(words('--data=x ').includes('join'));
  t.ok(words('say --').includes('--no-wait') && words('say --').includes('--json'));
  t.notOk(words('say --').some((word) => word === '--passphrase' || word === ''));
  t.same(words('join --reach '), ['here', 'anywhere']);
  for (const [line, type] of [
    ['join ', 'rooms'],
    ['join --yes ', 'rooms'],
    ['join --reach here ', 'rooms'],
    ['say lab he', 'nothing'],
    ['say -- ', 'rooms'],
    ['say -- -', 'rooms'],
    ['verify ', 'people'],
    ['block A', 'people'],
    ['set ', 'settings'],
    ['set reach ', 'nothing'],
    ['--data ', 'files'],
    ['join lab --passphrase-file ', 'files'],
    ['--name ', 'nothing'],
    ['nonsense ', 'nothing'],
    ['status ', 'nothing'],
  ] as const)
    t.equal(at(line).type, type, line);
});

const HOSTILE = `$(touch pwned)'"; \`touch pwned\``;

/** A person whose rooms and people have names that a shell could take for more, and \`chatter\` on the path. */
async function withHostileNames(
  t: Test,
): Promise<{ person: OfflinePerson; shell: (name: string, script: string) => string }> {
  const person = new OfflinePerson(t);
  await person.run(['invite', '--new', HOSTILE, '--quiet']);
  await person.run(['invite', '--new', 'plans', '--quiet']);
  await person.run(['invite', '--new', 'plans', '--quiet']);
  await person.run(['invite', '--new', 'places', '--quiet']);
  const bin = path.join(person.home, 'bin');
  mkdirSync(bin);
  const command = path.join(bin, 'chatter');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' --data '${person.data}' "$@"\n`);
  chmodSync(command, 0o755);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const shell = (name: string, script: string) => {
    const args =
      name === 'zsh' ? ['-f', '-c', script] : name === 'fish' ? ['-N', '-c', script] : ['-c', script];
    const ran = spawnSync(name, args, {
      cwd: person.home,
      encoding: 'utf8',
      env: { ...env, PATH: `${bin}:${env.PATH}`, HOME: person.home },
    });
    t.equal(ran.stderr, '', `${name} has no complaint`);
    return ran.stdout;
  };
  return { person, shell };
}

const installed = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  t.test(
    `[A5] ${shell} completes commands, options, rooms and files, and runs nothing that a name says`,
    { skip: installed(shell) ? false : `${shell} is not installed` },
    async (t) => {
      const { person, shell: run } = await withHostileNames(t);
      writeFileSync(path.join(person.home, 'script'), (await person.run(['completion', shell])).out);
      const complete = (...words: string[]): string[] => {
        const quoted = words
          .map((word) => `'${word.replaceAll("'", shell === 'fish' ? "\\'" : "'\\''")}'`)
          .join(' ');
        const line = ['chatter', ...words].join(' ').replaceAll("'", "\\'");
        const script = {
          bash: `source ./script; COMP_WORDS=(chatter ${quoted}); COMP_CWORD=${words.length}
            _chatter; for word in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $word"; done`,
          zsh: `compdef() { :; }; _files() { print -r -- FILES; }; compadd() { shift; print -rl -- "$@"; }
            source ./script; words=(chatter ${quoted}); CURRENT=${words.length + 1}; _chatter`,
          fish: `source ./script; complete -C '${line}'`,
        }[shell];
        return run(shell, script).split('\n').filter(Boolean);
      };
      /** On a slow machine a key may come before the node's answer; then it is pressed again. */
      const completeAgain = (...words: string[]): string[] => {
        for (let tries = 0; tries < 10; tries++) {
          const said = complete(...words);
          if (said.length > 0) return said;
        }
        return [];
      };
      t.ok(complete('jo').includes('join'));
      t.ok(complete('say', '--no').includes('--no-wait'));
      t.same(complete('join', '--reach', '').toSorted(), ['anywhere', 'here']);
      const rooms = completeAgain('join', '');
      t.ok(rooms.includes('places'), 'a room');
      t.ok(rooms.includes(HOSTILE), 'a name is one word, whatever is in it');
      t.equal(
        rooms.filter((room) => /^plans#[0-9a-f]{6}$/.test(room)).length,
        2,
        'two of one name have tags',
      );
      t.same(
        completeAgain('set', 'rea').filter((word) => word.startsWith('rea')),
        ['reach'],
      );
      if (shell === 'bash') {
        t.same(completeAgain('join', 'pl').length, 3);
        t.same(completeAgain('join', '"pl').length, 3);
        t.same(complete('join', '"$'), [], 'within double quotes no name that they would not hold');
      }
      await person.stop();
      t.same(complete('join', ''), [], 'no node is started to ask');
      t.notOk(existsSync(path.join(person.home, 'pwned')), 'nothing was run');
      t.same(person.nodes(), []);
    },
  );
}

t.test('a shell that is not known is told which are', async (t) => {
  const person = new OfflinePerson(t);
  for (const args of [['tcsh'], ['bash', 'zsh'], ['constructor']]) {
    const ran = await person.run(['completion', ...args]);
    isFailure(t, ran, 2, args.join(' '));
    t.match(ran.err, /bash, zsh, fish/);
  }
});
