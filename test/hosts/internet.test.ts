import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { has } from '../support/needs.js';
import { Dht } from './dht.js';
import { type Host, Lan } from './hosts.js';
import { Talker } from './talker.js';

interface Shown {
  self?: boolean;
  path: string;
  instances: { path: string; address: string; bytes: number }[];
}

/** The others in a room, as `chatter peers` shows them. */
async function others(host: Host, room: string): Promise<Shown[]> {
  const { out } = await host.chatter(['peers', room, '--json']);
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Shown)
    .filter(({ self }) => !self);
}

if (has(t, 'root', 'ip')) {
  t.test(
    'without the network around them two find each other by the DHT, even in the same instant',
    async (t) => {
      const lan = new Lan(3);
      t.teardown(() => lan.close());
      const [a, b, c] = lan.hosts as [Host, Host, Host];
      const { bootstrap } = await Dht.start(c);
      const options = ['--no-lan', '--bootstrap', bootstrap];
      const both = [a, b].map((host) => new Talker(host, 'far', ...options)) as [Talker, Talker];
      const times = await Promise.all(both.map((talker) => talker.sees(1)));
      t.comment(`${times.map(Math.round)} ms from the start of the commands`); // `npm run proof dht` bounds it
      both[0].say('hello');
      await both[1].until('message', ({ text }) => text === 'hello');
      t.match(await others(a, 'far'), [{ path: 'internet' }]);
      t.match(await others(b, 'far'), [{ path: 'internet' }]);
    },
  );

  t.test('[K2] with both ways open there is one connection a pair, the one of the network', async (t) => {
    const lan = new Lan(4);
    t.teardown(() => lan.close());
    const { bootstrap } = await Dht.start(lan.addHost());
    const hosts = lan.hosts.slice(0, 4);
    const talkers = hosts.map((host) => new Talker(host, 'both', '--bootstrap', bootstrap));
    await Promise.all(talkers.map((talker) => talker.sees(3)));
    for (const ends = performance.now() + 3_000, turn = [...hosts]; performance.now() < ends; ) {
      turn.push(turn.shift() as Host);
      const instances = (await others(turn[0] as Host, 'both')).map((person) => person.instances.length);
      t.same(instances, [1, 1, 1], 'everybody is there once while the second way is found and taken');
    }
    for (const host of hosts) {
      const people = await others(host, 'both');
      t.same(
        people.map(({ instances }) => instances.map((instance) => instance.path)),
        [['lan'], ['lan'], ['lan']],
      );
      t.equal((await host.streams()).length, 3, 'and no TCP stream beside');
    }
    for (const { events } of talkers) {
      const types = events.map(({ type }) => type);
      t.notOk(types.includes('peer-left'), `nobody goes while both ways cross: ${types.join()}`);
    }
  });

  t.test('a data folder copied to a second machine: both stay, and are shown as one person', async (t) => {
    const lan = new Lan(3);
    t.teardown(() => lan.close());
    const [a, b, c] = lan.hosts as [Host, Host, Host];
    await a.chatter(['whoami']);
    await a.chatter(['stop']);
    const folder = path.join(b.folder, 'data');
    rmSync(folder, { recursive: true, force: true });
    cpSync(path.join(a.folder, 'data'), folder, { recursive: true });
    const [first, second, watcher] = [a, b, c].map((host) => new Talker(host, 'twice', '--lan-only')) as [
      Talker,
      Talker,
      Talker,
    ];
    await Promise.all([first.sees(1), second.sees(1), watcher.sees(1)]);
    const ends = performance.now() + 10_000;
    let people = await others(c, 'twice');
    while (people[0]?.instances.length !== 2 && performance.now() < ends) {
      await sleep(200);
      people = await others(c, 'twice');
    }
    t.match(people, [{ instances: [{ path: 'lan' }, { path: 'lan' }] }], 'one person on two machines');
    const before = watcher.events.length;
    await sleep(5_000);
    t.same(watcher.events.slice(before), [], 'nobody comes and goes');
    watcher.say('to both');
    await Promise.all(
      [first, second].map((talker) => talker.until('message', ({ text }) => text === 'to both')),
    );
    second.say('from the second');
    await watcher.until('message', ({ text }) => text === 'from the second');
    await first.quit();
    await sleep(6_500);
    t.notOk(
      watcher.events.some(({ type }) => type === 'peer-left'),
      'who is still there on one machine has not left',
    );
  });
}
