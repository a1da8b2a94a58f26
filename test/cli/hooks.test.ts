import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { enter, heard, isFailure, objects, people } from '../support/command.js';
import { has } from '../support/needs.js';

if (has(t, 'root', 'ip')) {
  t.test('[A5] a program is run on what others do, and nothing that they say is run', async (t) => {
    const [person, other] = people(t);
    const theirs = await enter(other, 'lab', '--name', '$(touch pwned)`id`');
    const on = (...args: string[]) => person.start(['on', 'lab', ...args], { timeout: 40_000 });
    const script = 'cat; echo "$CHATTER_EVENT by $CHATTER_NAME in $CHATTER_ROOM"';
    const hook = on('--', 'sh', '-c', script);
    const json = on('--json', '--event', 'message', '--event', 'leave', '--', 'cat');
    const trusting = on('--verified', '--', 'sh', '-c', 'echo ran');
    for (const each of [hook, json, trusting]) await each.until(/^Listening in lab/m);
    await theirs.until(/"peer-joined"/);

    const hostile = ['$(touch pwned)', '`touch pwned`', "'; touch pwned; '", '-rf /', 'two\nlines'];
    for (const text of hostile) theirs.write(`${JSON.stringify({ do: 'say', text })}\n`);
    theirs.write('the end\n');
    await json.until(/"the end"/);
    const told = objects(json.out).map(({ text }) => text);
    t.same(told, [...hostile, 'the end'], 'each, in order, whole');
    await hook.until(/the end\nmessage/);
    for (const text of hostile)
      t.ok(hook.out.includes(`${text}\nmessage by $(touch pwned)\`id\` in lab\n`), text);
    t.notOk(existsSync(path.join(person.home, 'pwned')), 'nothing was run');
    t.equal(trusting.out, '', 'nobody is verified');

    t.equal((await person.run(['say', 'lab', 'from myself', '--quiet'])).code, 0);
    t.equal((await person.run(['mute', String((await other.ask('whoami')).id)])).code, 0);
    theirs.write('muted\n');
    await theirs.until(/"message-delivered"[^\n]+\n$/);
    await theirs.end('{quit}\n');
    await other.stop();
    t.equal((await person.run(['unmute', String((await other.ask('whoami')).id)])).code, 0);
    const again = await enter(other, 'lab');
    again.write('last\n');
    await json.until(/"last"/);
    t.notMatch(json.out, /from myself|"muted"/, 'neither oneself nor who is muted');

    for (const [signal, running] of [
      ['SIGINT', hook],
      ['SIGTERM', json],
      ['SIGHUP', trusting],
    ] as const)
      t.match(await running.kill(signal), { code: 0, signal: null }, signal);
    await again.end('{quit}\n');
  });

  t.test(
    'what a program prints is said, and one that fails or hangs keeps nothing from ending',
    async (t) => {
      const [person, other] = people(t);
      const bot = person.start(
        ['on', 'lab', '--reply', '--', 'sh', '-c', 'read x; [ "$x" != no ] && echo "you said $x"'],
        {
          timeout: 40_000,
        },
      );
      await bot.until(/^Listening/m);
      const theirs = await enter(other, 'lab');
      await theirs.until(/"peer-joined"|"members":\[\{/);
      theirs.write('no\nhello\n');
      await theirs.until(/you said hello/);
      t.same(heard(theirs), ['you said hello'], 'and not what it says itself');
      t.match(bot.err, /^sh ended with 1\.$/m);
      t.match(await bot.kill('SIGINT'), { code: 0 });

      const hanging = person.start(['on', 'lab', '--', 'sleep', '1000'], { timeout: 40_000 });
      await hanging.until(/^Listening/m);
      theirs.write('wake up\n');
      await theirs.until(/"message-delivered"/);
      t.match(await hanging.kill('SIGTERM'), { code: 0, signal: null });
      const none = person.start(['on', 'lab', '--quiet', '--', '/nowhere/at/all'], { timeout: 40_000 });
      const said = setInterval(() => theirs.write('anybody?\n'), 200);
      const ran = await none.done;
      clearInterval(said);
      isFailure(t, ran, 2, 'a program that there is not');
      isFailure(
        t,
        await person.run(['on', 'lab', '--event', 'dance', '--', 'true']),
        2,
        'an event that there is not',
      );
      await theirs.end('{quit}\n');
    },
  );
}
