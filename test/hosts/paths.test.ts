import t from 'tap';
import { has } from '../support/needs.js';
import { Dht } from './dht.js';
import { type Host, Lan } from './hosts.js';
import { type Said, Talker } from './talker.js';

if (has(t, 'root', 'ip')) {
  t.test(
    '[K2] a better way is taken without a line lost, and when it is cut the other one serves',
    async (t) => {
      const [near, far] = [new Lan(2), new Lan()];
      t.teardown(() => {
        near.close();
        far.close();
      });
      const [a, b] = near.hosts as [Host, Host];
      far.connect(a);
      far.connect(b);
      const { bootstrap } = await Dht.start(far.addHost());
      near.multicast(false);
      far.multicast(false);
      const [one, two] = [a, b].map((host) => new Talker(host, 'both', '--bootstrap', bootstrap)) as [
        Talker,
        Talker,
      ];
      await Promise.all([one.sees(1), two.sees(1)]);
      t.match(await one.until('peer-joined'), { path: 'internet' });

      let said = 0;
      const talk = setInterval(() => one.say(String(said++)), 50);
      t.teardown(() => clearInterval(talk));
      const after = (at: number, path: string) => (event: Said) =>
        (event.at as number) > at && event.path === path;
      const open = performance.now();
      near.multicast(true);
      const better = await Promise.all(
        [one, two].map((talker) => talker.until('peer-path', after(open, 'lan'), 40_000)),
      );
      const took = Math.max(...better.map(({ at }) => (at as number) - open)) / 1_000;
      t.comment(`by the network after ${took.toFixed(1)} s`);
      const upTo = said;
      await two.until('message', ({ text }) => text === String(upTo));
      t.same(
        two.heard,
        Array.from(two.heard, (_, i) => String(i)),
        'each line once, in order, none lost',
      );
      t.notOk(
        [one, two].some(({ events }) => events.some(({ type }) => type === 'peer-left')),
        'nobody left',
      );

      const cutAt = performance.now();
      for (const host of [a, b]) near.cut(host);
      const again = await Promise.all(
        [one, two].map((talker) =>
          Promise.race([
            talker.until('peer-path', after(cutAt, 'internet'), 30_000),
            talker.until('peer-joined', after(cutAt, 'internet'), 30_000),
          ]),
        ),
      );
      const back = Math.max(...again.map(({ at }) => (at as number) - cutAt)) / 1_000;
      t.comment(`by the Internet ${back.toFixed(1)} s after the cut`);
      const from = said;
      await two.until('message', ({ text }) => text === String(from + 1));
      clearInterval(talk);
      const numbers = two.heard.map(Number);
      t.ok(
        numbers.every((n, i) => i === 0 || n > (numbers[i - 1] as number)),
        'never twice, never out of order',
      );
      const missing = new Set(Array.from({ length: from }, (_, i) => i).filter((n) => !numbers.includes(n)));
      t.comment(`${missing.size} of ${from} lines were said while nobody was there`);
    },
  );
}
