import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { has } from '../support/needs.js';
import { Dht } from './dht.js';
import { type Host, Lan } from './hosts.js';
import { Talker } from './talker.js';

const MIB = 1024 * 1024;
const FILE_BYTES = 96 * MIB;
/** What was on its way when a link was cut is sent again, and of the whole a little is no content. */
const WINDOW_BYTES = 8 * MIB;
const OVERHEAD = 1.02;
const LONG_MS = 90_000;

/** Bytes of files that a host has given to others. */
async function givenBy(host: Host): Promise<number> {
  const { out } = await host.chatter(['transfers', '--json']);
  return (JSON.parse(out) as { bytes: number }).bytes;
}

if (has(t, 'root', 'ip')) {
  t.test(
    'a file goes on by the Internet when the network between two is cut in the middle, and when it is back',
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
      far.multicast(false);
      const file = path.join(a.folder, 'film');
      const out = path.join(b.folder, 'to');
      writeFileSync(file, randomBytes(FILE_BYTES));
      mkdirSync(out);
      const [one, two] = [a, b].map((host) => new Talker(host, 'lab', '--bootstrap', bootstrap)) as [
        Talker,
        Talker,
      ];
      await Promise.all([one.sees(1), two.sees(1)]);
      await a.chatter(['set', 'upload-limit', '5MB']); // slow enough for the network to change under it
      const sending = a.chatter(['send', 'lab', file, '--yes']);
      const { transfer } = await two.until('file-offered');
      await b.chatter(['accept', transfer as string, '--out', out]);
      const part = (share: number) =>
        two.until('transfer-progress', ({ bytes }) => (bytes as number) >= share * FILE_BYTES, LONG_MS);

      await part(0.2);
      t.equal(await wayOf(a), 'lan');
      for (const host of [a, b]) near.cut(host);
      await part(0.5);
      t.equal(await wayOf(a), 'internet');
      for (const host of [a, b]) near.heal(host);
      await two.until('transfer-done', () => true, LONG_MS);
      t.comment(`in the end by ${await wayOf(a)}`);
      t.equal((await sending).code, 0);
      t.equal(spawnSync('cmp', [file, path.join(out, 'film')]).status, 0, 'identical');
      t.same(readdirSync(out), ['film']);
      const given = await givenBy(a);
      t.comment(`${(given / FILE_BYTES).toFixed(4)} of the file given`);
      t.ok(given <= OVERHEAD * FILE_BYTES + 2 * WINDOW_BYTES, `${given} bytes given of ${FILE_BYTES}`);
    },
  );
}

/** How the other one is reached from this host. */
async function wayOf(host: Host): Promise<string | undefined> {
  const { out } = await host.chatter(['peers', 'lab', '--json']);
  const people = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { self?: boolean; path: string });
  return people.find(({ self }) => !self)?.path;
}
