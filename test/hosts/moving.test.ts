import t from 'tap';
import { has } from '../support/needs.js';
import { type Host, Lan } from './hosts.js';
import { Talker } from './talker.js';

/** `npm run proof` has the bounds that people were promised; a busy machine takes longer. */
const LIMIT_MS = 40_000;

if (has(t, 'root', 'ip')) {
  t.jobs = 4; // they mostly wait
  t.test(
    'people are found again while networks come, go and change under them',
    { buffered: true },
    async (t) => {
      const [lan, other] = [new Lan(2), new Lan()];
      t.teardown(() => {
        lan.close();
        other.close();
      });
      const [a, b] = lan.hosts as [Host, Host];
      const first = new Talker(a, 'lab');
      await first.until('joined');
      /** A newcomer on `host` is seen by who was there before; the time counts from the change. */
      const found = async (t: { comment(text: string): void }, what: string, host: Host) => {
        const before = performance.now();
        const newcomer = new Talker(host, 'lab');
        await newcomer.sees(1, LIMIT_MS);
        const seconds = (performance.now() - before) / 1_000;
        t.comment(`${what}: ${seconds.toFixed(1)} s`);
        await newcomer.quit();
        await first.until('peer-left', ({ at }) => (at as number) > before);
      };
      await found(t, 'at first', b);

      // A tunnel without multicast comes up and takes the default route.
      a.tunnel(true);
      await found(t, 'with a tunnel up', b);
      a.tunnel(false);

      // The same name, address and hardware address; another interface.
      lan.replug(a);
      await found(t, 'interface made anew', b);

      lan.readdress(a, 99);
      await found(t, 'another address', b);

      const c = other.addHost();
      other.connect(a);
      await found(t, 'a second network', c);
      t.equal(await first.quit(), 0);
    },
  );

  t.test('on a network with IPv6 alone people find each other', { buffered: true }, async (t) => {
    const lan = new Lan(2, { family: 6 });
    t.teardown(() => lan.close());
    const talkers = lan.hosts.map((host) => new Talker(host, 'six', '--lan-only'));
    const times = await Promise.all(talkers.map((talker) => talker.sees(1)));
    t.comment(`IPv6 alone: ${(Math.max(...times) / 1_000).toFixed(1)} s from the start of the commands`);
    talkers[0]?.say('over six');
    await talkers[1]?.until('message', ({ text }) => text === 'over six');
    const { out } = await (lan.hosts[0] as Host).chatter(['peers', 'six', '--json']);
    t.match(out, /"address":"\[fe80:/);
  });

  t.test('a machine that slept is back at once', { buffered: true }, async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    const [a, b] = lan.hosts as [Host, Host];
    const [awake, sleeper] = [new Talker(a, 'nap', '--lan-only'), new Talker(b, 'nap', '--lan-only')];
    await Promise.all([awake.sees(1), sleeper.sees(1)]);
    b.signal('SIGSTOP');
    const left = await awake.until('peer-left', () => true, 25_000);
    b.signal('SIGCONT');
    const wokeAt = performance.now();
    const back = await awake.until('peer-joined', ({ at }) => (at as number) > (left.at as number), LIMIT_MS);
    const seconds = ((back.at as number) - wokeAt) / 1_000;
    t.comment(`back ${seconds.toFixed(1)} s after it woke`);
    awake.say('good morning');
    await sleeper.until('message', ({ text }) => text === 'good morning');
  });

  t.test(
    'where multicast is blocked, who was met before is found again without an address',
    { buffered: true },
    async (t) => {
      const lan = new Lan(2);
      t.teardown(() => lan.close());
      lan.multicast(false);
      const [a, b] = lan.hosts as [Host, Host];
      const listen = ['--lan-only', '--listen', '4711'];
      const first = [
        new Talker(a, 'lab', ...listen),
        new Talker(b, 'lab', '--lan-only', '--peer', `${a.address}:4711`),
      ];
      await Promise.all(first.map((talker) => talker.sees(1)));
      for (const host of [a, b]) t.equal((await host.chatter(['stop'])).code, 0);
      await Promise.all(first.map((talker) => talker.exited()));
      const again = [new Talker(a, 'lab', ...listen), new Talker(b, 'lab', '--lan-only')];
      const times = await Promise.all(again.map((talker) => talker.sees(1)));
      t.comment(`found again by the remembered address: ${(Math.max(...times) / 1_000).toFixed(1)} s`);
      again[1]?.say('you again');
      await again[0]?.until('message', ({ text }) => text === 'you again');
    },
  );
}
