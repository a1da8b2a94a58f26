import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { has } from '../support/needs.js';
import { Host, Lan } from './hosts.js';
import { type Said, Talker } from './talker.js';

const NAMES = ['ann', 'ben', 'cat', 'dan'] as const;

/** A busy machine takes longer; what it was is printed. */
const LIMIT_MS = 15_000;

/** Four hosts: one network a half, and one that joins them all. Nothing is plugged in yet. */
function halves(t: Test): { hosts: Host[]; lans: [Lan, Lan, Lan] } {
  const lans: [Lan, Lan, Lan] = [new Lan(), new Lan(), new Lan()];
  const hosts = NAMES.map(() => new Host());
  t.teardown(() => {
    for (const host of hosts) host.close();
    for (const lan of lans) lan.close();
  });
  return { hosts, lans };
}

const plug = (lan: Lan, hosts: readonly Host[]) => {
  for (const host of hosts) lan.connect(host);
};

const unplug = (lan: Lan, hosts: readonly Host[]) => {
  for (const host of hosts) lan.cut(host);
};

const join = (hosts: readonly Host[]) =>
  hosts.map((host, i) => new Talker(host, 'halves', '--lan-only', '--name', NAMES[i] as string)) as [
    Talker,
    Talker,
    Talker,
    Talker,
  ];

const isAbout =
  (name: string) =>
  ({ peer }: Said) =>
    (peer as { name: string } | undefined)?.name === name;

/** How long `to` hears nothing new of what `from` says all the time, counted from `at`, in seconds. */
async function silence(t: Test, from: Talker, to: Talker, at: number): Promise<number> {
  let said = 0;
  const talk = setInterval(() => from.say(`after ${said++}`), 100);
  t.teardown(() => clearInterval(talk));
  const heard = await to.until('message', ({ text }) => String(text).startsWith('after '), 60_000);
  clearInterval(talk);
  return ((heard.at as number) - at) / 1_000;
}

const leaves = ({ events }: Talker, name: string) =>
  events.filter((event) => event.type === 'peer-left' && isAbout(name)(event)).length;

if (has(t, 'root', 'ip')) {
  for (const [how, cut] of [
    ['is unplugged', (middle: Lan, hosts: readonly Host[]) => unplug(middle, hosts)],
    ['goes silent', (middle: Lan) => middle.power(false)],
  ] as const)
    t.test(`[K1] the network between two halves ${how}: within a half nobody leaves`, async (t) => {
      const { hosts, lans } = halves(t);
      const [middle, left, right] = lans;
      plug(middle, hosts);
      const talkers = join(hosts);
      await Promise.all(talkers.map((talker) => talker.sees(3, 40_000)));
      plug(left, hosts.slice(0, 2));
      plug(right, hosts.slice(2));
      await sleep(4_000); // they hear each other there too
      const cutAt = performance.now();
      cut(middle, hosts);
      const [a, b, c, d] = talkers;
      const seconds = await Promise.all([silence(t, a, b, cutAt), silence(t, d, c, cutAt)]);
      t.comment(`heard again within a half after ${seconds.map((one) => one.toFixed(1)).join(' and ')} s`);
      t.ok(Math.max(...seconds) * 1_000 < LIMIT_MS);
      await Promise.all(
        [a, b].flatMap((talker) =>
          ['cat', 'dan'].map((name) => talker.until('peer-left', isAbout(name), 30_000)),
        ),
      );
      t.comment(
        `the other half is seen to be gone after ${((performance.now() - cutAt) / 1_000).toFixed(1)} s`,
      );
      t.same([leaves(a, 'ben'), leaves(b, 'ann'), leaves(c, 'dan'), leaves(d, 'cat')], [0, 0, 0, 0]);
    });

  t.test('a stream whose own path is fine is not touched when another network goes', async (t) => {
    const { hosts, lans } = halves(t);
    const [middle, left, right] = lans;
    // One address a network, so that a stream's tells which one it is on.
    for (const host of hosts) await host.run('sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
    plug(left, hosts.slice(0, 2));
    plug(right, hosts.slice(2));
    const talkers = join(hosts);
    await Promise.all(talkers.map((talker) => talker.sees(1, 40_000)));
    plug(middle, hosts);
    await Promise.all(talkers.map((talker) => talker.sees(3, 40_000)));
    const within = async (host: Host, lan: Lan) =>
      (await host.streams()).filter((line) => line.includes(host.addressOn(lan) as string));
    const seen = () =>
      Promise.all(hosts.map((host, i) => within(host, i < 2 ? left : right))).then((all) =>
        all.flat().map(ports),
      );
    const before = await seen();
    t.equal(before.length, 4, 'one stream a pair, at both ends');
    unplug(middle, hosts);
    const [a, b, c, d] = talkers;
    await Promise.all(talkers.map((talker) => talker.until('peer-left', () => true, 30_000)));
    await sleep(2_000);
    t.same(await seen(), before);
    t.same([leaves(a, 'ben'), leaves(b, 'ann'), leaves(c, 'dan'), leaves(d, 'cat')], [0, 0, 0, 0]);
  });
}

/** Both ends of a line of `ss`, without its counters. */
const ports = (line: string): string => line.trim().split(/\s+/).slice(-2).join(' ');
