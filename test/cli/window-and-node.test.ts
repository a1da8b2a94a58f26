import t from 'tap';
import { atTerminal, enter, hasTerminal, heard, objects, people } from '../support/command.js';
import { has } from '../support/needs.js';

if (has(t, 'root', 'ip')) {
  t.test('a window outlives its node, and says when none can be had', async (t) => {
    const [person, other] = people(t);
    const [mine, theirs] = await Promise.all([enter(person, 'lab'), enter(other, 'lab')]);
    await Promise.all([mine.until(/"peer-joined"/), theirs.until(/"peer-joined"/)]);
    await person.crash();
    await mine.until(/^The node ended; starting it again\.$/m);
    await mine.until(/"resync"/);
    theirs.write('are you back?\n');
    await mine.until(/"are you back\?"/, 20_000);
    mine.write('I am\n');
    await theirs.until(/"I am"/);
    t.same(heard(mine), ['are you back?']);

    const { pid } = JSON.parse(person.read('node.json')) as { pid: number };
    await person.spawn('sh', ['-c', `rm -r '${person.data}' && touch '${person.data}'`]).end();
    process.kill(pid, 'SIGKILL');
    const ended = await Promise.race([
      mine.done,
      mine.until(/DATA_FOLDER_UNUSABLE/, 3_000).then(
        () => mine.done,
        () => null,
      ),
    ]);
    t.match(ended, { code: 7 }, 'no node can be had any more');
    mine.child.kill('SIGKILL');
    t.equal((await theirs.end('{quit}\n')).code, 0);
  });

  t.test('rooms are joined again by the next node, but not in safe mode', async (t) => {
    const [person] = people(t);
    await person.run(['say', 'lab', 'x', '--no-wait', '--quiet']);
    await person.run(['say', 'lobby', 'x', '--no-wait', '--quiet']);
    const rooms = async () => {
      const known = objects((await person.run(['rooms', '--json'])).out);
      return known.filter(({ joined }) => joined).map(({ room }) => room);
    };
    t.same(await rooms(), ['lab', 'lobby']);
    await person.stop();
    t.same(await rooms(), ['lab'], 'the lobby belongs to the network that one was in');
    for (const expected of [['lab'], ['lab'], []]) {
      await person.crash();
      t.same(await rooms(), expected);
    }
    t.match(await person.ask('status'), { safeMode: true, lanPort: null, rooms: [] });
    t.match(await person.run(['peers', 'lab']), { code: 3, out: '' });
    const window = await enter(person, 'lab');
    t.same(await rooms(), ['lab'], 'when it is asked for');
    t.equal((await window.end('{quit}\n')).code, 0);
  });

  t.test(
    'at a terminal: a prompt, commands, a passphrase that is not shown, Ctrl-C twice',

    async (t) => {
      if (!hasTerminal(t)) return;
      const [person, other] = people(t);
      const window = await enter(other, 'lobby');
      const terminal = person.spawn('script', atTerminal(['join', '--plain', '--data', person.data]));
      await terminal.until(/Room name or invite link \[lobby, this network only\]: /);
      terminal.write('\r');
      await terminal.until(/You are [^\n]* in [^\n]*lobby/);
      await terminal.until(/\/help lists commands/);
      await window.until(/"peer-joined"/);
      await terminal.until(/> /);
      terminal.write('hello from a terminal\r');
      await window.until(/"hello from a terminal"/);
      window.write('\u001b[2Jhello back\n');
      await terminal.until(/: \[2Jhello back\r\n/);
      terminal.write('/who\r');
      await terminal.until(/ {2}you\r\n/);
      terminal.write('/dance\r');
      await terminal.until(/There is no \/dance/);
      terminal.write('\u0003');
      await terminal.until(/Press Ctrl-C again to leave\./);
      terminal.write('\u0003');
      t.match(await terminal.done, { code: 0, signal: null });

      const asked = person.spawn(
        'script',
        atTerminal(['join', 'vault', '--protected', '--data', person.data]),
      );
      await asked.until(/Passphrase: /);
      asked.write('correct horse battery\r');
      await asked.until(/protected {3}nobody else here yet/);
      t.notMatch(asked.out, /correct|horse|battery/, '[A6] it is not shown, however soon it is typed');
      asked.write('{quit}\r');
      t.match(await asked.done, { code: 0, signal: null });
      t.match(await person.ask('peers', 'vault'), { self: true });
      t.equal((await window.end('{quit}\n')).code, 0);
    },
  );
}
