import t from 'tap';
import { has } from '../support/needs.js';
import { type Host, Lan } from './hosts.js';
import { Talker } from './talker.js';

if (has(t, 'root', 'ip')) {
  t.test('the lobby of one network is not carried to another', async (t) => {
    const [left, right] = [new Lan(1), new Lan(1)];
    t.teardown(() => {
      left.close();
      right.close();
    });
    const between = left.addHost();
    right.connect(between);
    const [a, c] = [left.hosts[0] as Host, right.hosts[0] as Host];
    const [inLeft, inBoth, inRight] = [a, between, c].map((host) => new Talker(host, 'lobby')) as [
      Talker,
      Talker,
      Talker,
    ];
    await Promise.all([inLeft.sees(1), inBoth.sees(2), inRight.sees(1)]);
    inLeft.say('for the left');
    await inBoth.until('message', ({ text }) => text === 'for the left');
    inBoth.say('for both');
    await Promise.all(
      [inLeft, inRight].map((talker) => talker.until('message', ({ text }) => text === 'for both')),
    );
    t.same(inRight.heard, ['for both']);
    t.equal(
      inRight.events.filter(({ type }) => type === 'peer-joined').length,
      1,
      'they do not see each other',
    );
    for (const talker of [inLeft, inBoth, inRight]) t.equal(await talker.quit(), 0);

    // The next node on this folder is asked what it joined by itself.
    const rooms = await a.chatter(['rooms', '--json']);
    t.match(JSON.parse(rooms.out), { room: 'lobby' });
  });

  t.test('another passphrase under the same name is told as such, and opens nothing', async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    const [a, b] = lan.hosts as [Host, Host];
    const right = new Talker(a, 'vault', '--passphrase-file', await secret(a, 'correct horse battery'));
    await right.until('joined');
    const wrong = new Talker(b, 'vault', '--passphrase-file', await secret(b, 'correct horse bakery'));
    const told = await Promise.all([right, wrong].map((talker) => talker.until('error')));
    t.match(told, [{ code: 'PASSPHRASE_WRONG' }, { code: 'PASSPHRASE_WRONG' }]);
    t.notOk(right.events.some(({ type }) => type === 'peer-joined'));
    t.equal(await wrong.quit(), 0);
    const member = new Talker(b, 'vault', '--passphrase-file', await secret(b, 'correct horse battery'));
    await Promise.all([member.sees(1), right.until('peer-joined')]);
  });

  t.test('an invite brings its holder into the private room, and nobody else', async (t) => {
    const lan = new Lan(3);
    t.teardown(() => lan.close());
    const [a, b, c] = lan.hosts as [Host, Host, Host];
    const { out } = await a.chatter(['invite', '--new', 'plans', '--json']);
    const { sentence } = JSON.parse(out) as { sentence: string };
    const host = new Talker(a, 'plans');
    const stranger = new Talker(c, 'plans');
    await Promise.all([host.until('joined'), stranger.until('joined')]);
    await b.run('sh', ['-c', `cat > ${b.folder}/invite`], `Hi,\n> ${sentence}\nbye`);
    const guest = new Talker(b, '', '--invite-file', `${b.folder}/invite`);
    await Promise.all([host.sees(1), guest.sees(1)]);
    t.notOk(
      stranger.events.some(({ type }) => type === 'peer-joined'),
      'the open room of that name is another room',
    );
  });

  t.test('several rooms share one stream', async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    const [a] = lan.hosts as [Host, Host];
    const one = lan.hosts.map((host) => new Talker(host, 'one'));
    await Promise.all(one.map((talker) => talker.sees(1)));
    const two = lan.hosts.map((host) => new Talker(host, 'two'));
    await Promise.all(two.map((talker) => talker.sees(1)));
    t.equal((await a.streams()).length, 1);
    two[0]?.say('in two');
    await two[1]?.until('message', ({ text, room }) => text === 'in two' && room === 'two');
    t.same(one[1]?.heard, []);
    t.match(await a.chatter(['leave', 'two']), { code: 0 });
    await two[1]?.until('peer-left', ({ room, reason }) => room === 'two' && reason === 'left');
    one[0]?.say('still in one');
    await one[1]?.until('message', ({ text }) => text === 'still in one');
  });
}

async function secret(host: Host, passphrase: string): Promise<string> {
  const file = `${host.folder}/passphrase`;
  await host.run('sh', ['-c', `cat > ${file}`], passphrase);
  return file;
}
