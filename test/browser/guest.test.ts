import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, LONG_MS, launch, open, shot, until } from '../support/page.js';

const MARKUP = '"><img src=x onerror=window.__xss=1>';

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('somebody with only a browser fetches a file, hands one in, and writes a note', async (t) => {
    const one = new Person(t);
    const { page, seen } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    const file = path.join(one.home, `for you ${MARKUP}.txt`);
    writeFileSync(file, 'from the room');
    await page.getByLabel('Files to offer').setInputFiles(file);
    const card = page.getByRole('region', { name: /^File for you/ });
    await card.getByText('Waiting for somebody to accept').waitFor();

    await page.getByRole('tab', { name: 'Shared files' }).click();
    await page.getByRole('button', { name: 'Somebody without Chatter' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The page is not encrypted').waitFor();
    await isAccessible(t, page, 'consent to a page for guests');
    await dialog.getByRole('button', { name: 'Open the page' }).click();
    const address = await dialog.locator('.guest-url').innerText();
    await dialog.getByRole('button', { name: 'Put it there' }).click();
    await dialog.getByRole('button', { name: 'Take away' }).waitFor();

    const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
    t.teardown(() => context.close());
    const guest = await context.newPage();
    await guest.goto(address);
    const link = guest.getByRole('link', { name: /^for you/ });
    const [download] = await Promise.all([guest.waitForEvent('download'), link.click()]);
    t.equal(readFileSync(await download.path(), 'utf8'), 'from the room', 'the guest has the file');
    await isAccessible(t, guest, 'the page for guests');
    await guest.emulateMedia({ colorScheme: 'light' });
    await shot(guest, 'guest-390-light');
    await guest.getByLabel(/^A note to/).fill(`thanks ${MARKUP}`);
    await guest.getByRole('button', { name: 'Send note' }).click();
    await dialog.getByText('thanks "').waitFor();
    await guest.setInputFiles('input[type=file]', {
      name: `mine ${MARKUP}.txt`,
      mimeType: 'text/html',
      buffer: Buffer.from('from the guest'),
    });
    await guest.getByRole('button', { name: 'Hand over' }).click();
    await dialog.getByRole('button', { name: 'Give it to the room' }).click();
    await dialog.getByText('accepted').waitFor();
    await guest.reload();
    await guest.getByText('taken').waitFor();
    t.notOk(await guest.evaluate(`'__xss' in window`), '[D9] names are text for the guest');
    t.notOk(await page.evaluate(`'__xss' in window`), '[D9] and for the host');
    await isAccessible(t, page, 'what guests do');
    await dialog.getByRole('button', { name: 'End it now' }).click();
    await dialog.getByText('The page is not encrypted').waitFor();
    t.equal(await guest.goto(address).catch(() => null), null, 'the link has ended');
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: /guest/i }).waitFor();
    t.pass('what the guest handed in is offered to the room');
    t.same(seen.problems, [], 'the policy was not broken');
  });

  t.test('a half-done transfer goes on by itself when the node was killed', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const { page } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    await one.run(['set', 'download-limit', '2MB']);
    const file = path.join(two.home, 'film.bin');
    mkdirSync(two.home, { recursive: true });
    writeFileSync(file, Buffer.alloc(40_000_000, 5));
    const sent = two.start(['send', 'lab', '--reach', 'here', file], { timeout: LONG_MS });
    const card = page.getByRole('region', { name: 'File film.bin' });
    await card.getByRole('button', { name: 'Accept' }).click();
    const bar = 'document.querySelector(".file-card progress")?.value ?? 0';
    await until(page, `(${bar}) > 1_000_000`);
    const before = Number(await page.evaluate(bar));
    await one.crash();
    await page.getByText('Chatter does not answer.').waitFor();
    await page.getByText('Chatter does not answer.').waitFor({ state: 'hidden' });
    await until(page, `(${bar}) > 1_000_000`);
    t.ok(before < 40_000_000, 'it was half done');
    await one.run(['set', 'download-limit', 'off']);
    await card.getByText(/^Checked, and saved as /).waitFor();
    const [, saved = ''] = /saved as (.*)$/.exec(await card.getByRole('status').innerText()) ?? [];
    t.ok(readFileSync(saved).equals(readFileSync(file)), 'all of it is there, the same bytes');
    t.equal((await sent.done).code, 0, 'and whoever sent it knows');

    await page.getByRole('complementary', { name: 'People' }).getByRole('button').first().waitFor();
    const other = two.start(['join', 'lab', '--reach', 'here', '--json', '--name', 'Green Otter'], {
      timeout: LONG_MS,
    });
    const people = page.getByRole('complementary', { name: 'People' });
    await people.getByRole('button', { name: /^Green Otter/ }).click();
    await page.getByRole('button', { name: 'Block…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Block', exact: true }).click();
    await page.getByText('Blocked', { exact: true }).waitFor();
    await other.until(/"peer-left"/, 40_000);
    await page.getByText('only you here').waitFor();
    t.pass('who is blocked is gone');
    await page.getByRole('button', { name: 'Unblock' }).click();
    await page.getByText('2 here').first().waitFor();
    t.pass('and comes back when that is taken back');
    await other.end('{quit}\n');
  });
}
