import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { has } from '../support/needs.js';
import { Capture, isOfPrograms } from './capture.js';
import { type Host, Lan, pids } from './hosts.js';
import { Talker } from './talker.js';

if (has(t, 'root', 'ip')) {
  t.test('three machines of one network find each other and hear each other in order', async (t) => {
    const lan = new Lan(3);
    t.teardown(() => lan.close());
    const [a, b, c] = await together(lan.hosts, 'lab');
    for (let i = 0; i < 50; i++) {
      a.say(`a${i}`);
      b.say(`b${i}`);
    }
    for (const [listener, ...speakers] of [
      [c, 'a', 'b'],
      [a, 'b'],
      [b, 'a'],
    ] as const) {
      for (const speaker of speakers) {
        await listener.until('message', ({ text }) => text === `${speaker}49`);
        const lines = listener.heard.filter((text) => text.startsWith(speaker));
        t.same(
          lines,
          Array.from({ length: 50 }, (_, i) => `${speaker}${i}`),
          `${speaker}'s lines, once each, in order`,
        );
      }
    }

    const before = performance.now();
    for (const pid of pids(c.host.namespace)) process.kill(pid, 'SIGKILL');
    const gone = await a.until('peer-left');
    t.equal(gone.reason, 'lost', 'a machine that died has not left');
    t.ok((gone.at as number) - before < 20_000, `gone after ${Math.round((gone.at as number) - before)} ms`);

    const back = new Talker(c.host, 'lab');
    await back.sees(2);
    const again = await a.until('peer-joined', ({ at }) => (at as number) > (gone.at as number));
    t.same(again.peer, gone.peer, 'the same person is back');
    t.ok(
      (again.at as number) - back.startedAt < 20_000, // `npm run bench` measures it on a quiet machine
      `back after ${Math.round((again.at as number) - back.startedAt)} ms`,
    );

    t.equal(await back.quit(), 0);
    t.equal(await a.quit(), 0);
    t.equal(await b.quit(), 0);
  });

  t.test('a pulled cable is noticed, and mended when it is back', async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    const [a, b] = await together(lan.hosts, 'lab');
    const cutAt = performance.now();
    lan.cut(b.host);
    const gone = await a.until('peer-left', () => true, 25_000);
    t.ok((gone.at as number) - cutAt < 24_000, `lost after ${Math.round((gone.at as number) - cutAt)} ms`);
    await b.until('peer-left', () => true, 25_000);
    lan.heal(b.host);
    const healedAt = performance.now();
    const again = await a.until('peer-joined', ({ at }) => (at as number) > (gone.at as number), 25_000);
    t.ok(
      (again.at as number) - healedAt < 24_000,
      `together again after ${Math.round((again.at as number) - healedAt)} ms`,
    );
    a.say('still there?');
    await b.until('message', ({ text }) => text === 'still there?');
  });

  t.test('where multicast is blocked, a typed address does', async (t) => {
    const lan = new Lan(2);
    t.teardown(() => lan.close());
    lan.multicast(false);
    const [a, b] = lan.hosts as [Host, Host];
    const first = new Talker(a, 'lab', '--listen', '4711');
    await first.until('joined');
    const second = new Talker(b, 'lab', '--peer', `${a.address}:4711`);
    await second.sees(1);
    await first.sees(1);
    first.say('over here');
    await second.until('message', ({ text }) => text === 'over here');
    const peers = await b.chatter(['peers', 'lab', '--json']);
    const other = peers.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    t.match(other, [{ self: true }, { path: 'direct', address: `${a.address}:4711` }]);
  });

  t.test(
    '[A8] not one packet leaves before the first join, and afterwards none names a person, host or room',
    async (t) => {
      if (!has(t, 'tcpdump')) return;
      const lan = new Lan(2);
      t.teardown(() => lan.close());
      const [a, b] = lan.hosts as [Host, Host];
      const quiet = await Capture.start(a);
      t.equal((await a.chatter(['whoami', '--name', 'Marmaduke Ffoulkes'])).code, 0);
      t.equal((await a.chatter(['invite', '--new', 'secretplans'])).code, 0);
      t.equal((await a.chatter(['rooms'])).code, 0);
      t.equal((await a.chatter(['open', '--no-browser', '--detach'])).code, 0, 'the page joins nothing');
      t.equal((await a.chatter(['stop'])).code, 0);
      t.same((await quiet.stop()).filter(isOfPrograms), [], 'no packet of a program');

      const loud = await Capture.start(a);
      const first = new Talker(a, 'obscureroomname');
      const second = new Talker(b, 'obscureroomname');
      await Promise.all([first.sees(1), second.sees(1)]);
      first.say('verysecretwords');
      await second.until('message');
      t.equal(await first.quit(), 0);
      await sleep(500); // what a node says after its window has gone is recorded too
      const packets = await loud.stop();
      t.ok(packets.filter(isOfPrograms).length > 10, `${packets.length} packets recorded`);
      const words = ['Marmaduke', 'Ffoulkes', 'obscureroom', 'verysecret', 'secretplans', a.namespace];
      // "root" and "vm" are too short to mean anything among so many bytes.
      for (const own of [hostname(), userInfo().username]) if (own.length > 4) words.push(own);
      const wire = Buffer.concat(packets);
      for (const word of words) {
        for (const form of [word, word.toLowerCase()]) {
          for (const encoding of ['utf8', 'utf16le'] as const) {
            t.notOk(wire.includes(Buffer.from(form, encoding)), `no ${JSON.stringify(form)} in ${encoding}`);
          }
        }
      }
      const text = wire.toString('latin1');
      t.notOk(text.includes(a.address) || text.includes(b.address), 'no address in words');
    },
  );
}

/** A window on each host, all of whom see each other. */
async function together(hosts: readonly Host[], room: string): Promise<[Talker, Talker, Talker]> {
  const talkers = hosts.map((host) => new Talker(host, room));
  await Promise.all(talkers.map((talker) => talker.sees(hosts.length - 1)));
  return talkers as [Talker, Talker, Talker];
}
