import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, LONG_MS, launch, open, shot } from '../support/page.js';

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('folders are shared, looked through, searched and fetched from, with a terminal', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const { page, seen } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    const folder = path.join(two.home, 'scans');
    mkdirSync(path.join(folder, 'firmware'), { recursive: true });
    writeFileSync(path.join(folder, 'board <b>front.png'), 'front'.repeat(1000));
    writeFileSync(path.join(folder, 'firmware', 'v3.bin'), Buffer.alloc(300_000, 7));
    const other = two.start(['join', 'lab', '--reach', 'here', '--json', '--name', 'Green Otter'], {
      timeout: LONG_MS,
    });
    await page.getByText('2 here').first().waitFor();
    await page.getByRole('tab', { name: 'Shared files' }).click();
    await page.getByText('Nobody here shares a folder just now.').waitFor();
    await two.run(['share', 'lab', folder]);

    const tree = page.getByRole('tree', { name: 'Shared files' });
    const owner = tree.getByRole('treeitem', { name: /^Green Otter/ });
    await owner.waitFor();
    t.pass('what somebody shares shows by itself');
    await owner.focus();
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    const firmware = tree.getByRole('treeitem', { name: /^firmware/ });
    await firmware.waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await tree.getByRole('treeitem', { name: 'v3.bin 300 kB' }).waitFor();
    await isAccessible(t, page, 'shared files');
    await page.emulateMedia({ colorScheme: 'light' });
    await shot(page, 'shared-1440-light');

    writeFileSync(path.join(folder, 'firmware', 'v4.bin'), 'new');
    await tree.getByRole('treeitem', { name: /^v4\.bin/ }).waitFor();
    t.pass('and so does what changes in it');

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const card = page.getByRole('region', { name: 'Fetched v3.bin' });
    await card.getByText(/^Checked, and saved as /).waitFor();
    const [, saved = ''] = /saved as (.*)$/.exec(await card.getByRole('status').innerText()) ?? [];
    t.ok(readFileSync(saved).equals(Buffer.alloc(300_000, 7)), 'a file is fetched');

    const own = path.join(one.home, 'maps');
    mkdirSync(own);
    writeFileSync(path.join(own, 'v3.bin'), Buffer.alloc(100_000, 8));
    await page.getByRole('button', { name: 'Share a folder…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'maps' }).click();
    await isAccessible(t, page, 'a folder of this computer');
    await shot(page, 'choose-folder-1440-dark');
    await dialog.getByRole('button', { name: 'Share this folder' }).click();
    await page.getByText('maps is shared with lab.').waitFor();
    t.match((await two.run(['ls', 'lab', 'maps'])).out, /^maps\//m, 'the terminal sees it');

    const search = page.getByRole('textbox', { name: 'Name of a file or folder in lab' });
    await search.fill('v3');
    await page.keyboard.press('Enter');
    await page.getByText('Not the same as the others of this name').first().waitFor();
    const found = page.getByRole('region', { name: 'Found for v3' });
    const words = await found.innerText();
    for (const line of ['300 kB · Green Otter', '100 kB · you'])
      t.ok(words.includes(line), `answers that differ stand side by side: ${line}`);
    await isAccessible(t, page, 'answers that differ');
    await page.emulateMedia({ colorScheme: 'light' });
    await shot(page, 'shared-search-1440-light');
    await search.fill('nothing');
    await page.keyboard.press('Enter');
    await page.getByText('“nothing”: file doesn’t exist. One other person was asked.').waitFor();
    await page.keyboard.press('Escape');

    const got = two.start(['get', 'lab', 'maps/v3.bin', '--out', two.home], { timeout: LONG_MS });
    await got.done;
    t.ok(existsSync(path.join(two.home, 'v3.bin')), 'the terminal fetches from it');
    await page.getByRole('button', { name: 'Stop sharing maps' }).click();
    await tree.getByRole('treeitem', { name: /\(you\)/ }).waitFor({ state: 'hidden' });
    t.match((await two.run(['ls', 'lab', 'maps'])).err, /doesn't exist/, 'what is shared no more is gone');

    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('button', { name: 'People', exact: true }).click();
    await page.getByRole('tab', { name: 'Shared files' }).click();
    await owner.waitFor();
    await shot(page, 'shared-360-light');
    t.same(seen.problems, [], 'the policy was not broken');
    await other.end('{quit}\n');
  });
}
