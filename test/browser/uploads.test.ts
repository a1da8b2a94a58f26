import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { joinOpen, LONG_MS, launch, open, until } from '../support/page.js';

const FILE_BYTES = 12_000_000;
const BYTES_A_SECOND = 4_000_000;

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test(
    'what is handed to the page goes on when the node was killed, and a terminal takes it',
    async (t) => {
      const [one, two] = [new Person(t), new Person(t)];
      const { page, seen } = await open(t, browser, one);
      await joinOpen(page, 'lab');
      const file = path.join(one.home, 'film.bin');
      writeFileSync(file, Buffer.alloc(FILE_BYTES, 'all of it'));

      const network = await page.context().newCDPSession(page);
      const slow = { offline: false, latency: 0, downloadThroughput: -1 };
      await network.send('Network.enable');
      await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: BYTES_A_SECOND });
      await page.getByLabel('Files to offer').setInputFiles(file);
      const card = page.getByRole('region', { name: 'File film.bin' });
      const copied = 'document.querySelector(".file-card progress")?.value ?? 0';
      await until(page, `(${copied}) > 1_000_000`);
      await one.crash();
      const before = Number(await page.evaluate(copied));
      await page.getByText('Chatter does not answer.').waitFor();
      t.ok(before < FILE_BYTES, `it was half done: ${before}`);
      await page.getByText('Chatter does not answer.').waitFor({ state: 'hidden' });
      await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
      await card.getByText('Waiting for somebody to accept').waitFor();
      t.pass('the same tab has handed over the rest by itself');

      const out = path.join(two.home, 'taken');
      const taking = two.start(
        ['receive', 'lab', '--reach', 'here', '--from', 'anyone', '--out', out, '--yes', '--json'],
        { timeout: LONG_MS },
      );
      await taking.until(/"transfer-done"/);
      t.ok(readFileSync(path.join(out, 'film.bin')).equals(readFileSync(file)), 'the same bytes');
      await card.getByText('has it, gives it on').waitFor();
      t.pass('and the page says who has it');
      t.same(seen.problems, [], 'the policy was not broken');
      await taking.kill('SIGINT');
    },
  );
}
