import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, LONG_MS, launch, open, shot } from '../support/page.js';

const HOSTILE = '<img src=x onerror="window.__xss=1">"><svg onload=window.__xss=2>{{constructor}}';
if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('from the first screen into a room, and talk with a terminal', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const { page, url, seen } = await open(t, browser, one);
    await page.getByRole('heading', { name: /^You are / }).waitFor();
    t.equal(new URL(page.url()).hash, '', '[D6] the code is gone from the address');
    await isAccessible(t, page, 'first screen');
    await shot(page, 'first-1440-dark');

    await page.getByRole('textbox', { name: 'Room name or invite link' }).fill('lab');
    await page.keyboard.press('Enter');
    const warning = page.getByRole('alertdialog');
    await warning.waitFor();
    await isAccessible(t, page, 'open room warning');
    await warning.getByText('this network only').click();
    await warning.getByRole('button', { name: 'Open anyway' }).click();
    await page.getByRole('heading', { name: 'Nobody else is here yet' }).waitFor();
    await page.getByRole('img', { name: 'The invite as a QR code' }).waitFor();
    await isAccessible(t, page, 'alone');
    await shot(page, 'alone-1440-dark');

    const other = two.start(['join', 'lab', '--reach', 'here', '--json', '--name', 'Green Otter'], {
      timeout: LONG_MS,
    });
    const feed = page.getByRole('feed');
    await feed.getByText('Green Otter joined').waitFor();
    await page.getByRole('complementary', { name: 'People' }).getByText('Green Otter').waitFor();
    const composer = page.getByRole('textbox', { name: 'Message lab' });
    await composer.fill('Boot takes **1.8 s** now: `load_map()`');
    await page.keyboard.press('Enter');
    await other.until(/Boot takes/);
    await page.getByText('With 1 of 1').waitFor();
    t.equal(await page.locator('.message-text strong').innerText(), '1.8 s', 'Markdown is drawn');

    other.write(
      '{"do":"say","text":"see https://example.org/a and [bank](http://evil.test/x) and [x](javascript:alert(1))"}\n',
    );
    await feed.getByText('see https://example.org/a').waitFor();
    t.same(
      await page.evaluate('[...document.querySelectorAll(".message-text a")].map(({ href }) => href)'),
      ['https://example.org/a', 'http://evil.test/x'],
      '[D11] only the web is linked to',
    );
    t.match(
      await page.locator('.message-text a').nth(1).innerText(),
      /bank \(evil\.test\)/,
      'and one sees where to',
    );
    other.write(`${JSON.stringify({ do: 'say', text: HOSTILE })}\n`);
    await feed.getByText('<img src=x').waitFor();
    t.equal(await page.evaluate(`'__xss' in window`), false, '[D8] markup is text');
    for (let i = 0; i < 30; i++) other.write(`line ${i}\n`);
    await feed.getByText('line 29').waitFor();

    await isAccessible(t, page, 'room');
    await page.emulateMedia({ colorScheme: 'light' });
    for (const [width, height] of [
      [1440, 900],
      [900, 700],
      [360, 740],
    ] as const) {
      await page.setViewportSize({ width, height });
      await feed.getByText('line 29').waitFor();
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      t.ok(await feed.getByText('line 29').isVisible(), `the newest line is in sight at ${width}`);
      t.ok(overflow <= 0, `nothing sticks out at ${width}`);
      await shot(page, `room-${width}-light`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });

    await page.getByRole('button', { name: /^Green Otter/ }).click();
    await page.getByRole('button', { name: 'Verify…' }).click();
    const digits = await page.getByTestId('safety-number').innerText();
    const seen60 = await two.ask<{ safetyNumber: string }[] | { safetyNumber: string }>(
      'verify',
      (await one.ask<{ id: string }>('whoami')).id,
    );
    t.equal(
      digits,
      ([seen60].flat()[0] as { safetyNumber: string }).safetyNumber,
      'both see the same sixty digits',
    );
    await isAccessible(t, page, 'verify');
    await page.getByRole('button', { name: 'They are the same' }).click();
    await page.getByText('Verified', { exact: true }).waitFor();
    await isAccessible(t, page, 'person');
    await page.emulateMedia({ colorScheme: 'light' });
    await shot(page, 'person-1440-light');
    await page.getByRole('button', { name: 'Back to everybody' }).click();
    const people = page.getByRole('complementary', { name: 'People' });
    await people.getByLabel('verified').waitFor();
    const { id: otherId } = await two.ask<{ id: string }>('whoami');
    await one.run(['verify', otherId, '--undo']);
    await people.getByLabel('verified').waitFor({ state: 'hidden' });
    await one.run(['mute', otherId]);
    await people.getByLabel('muted').waitFor();
    await one.run(['unmute', otherId]);
    await people.getByLabel('muted').waitFor({ state: 'hidden' });
    t.pass('what I mark at a terminal shows in the page');

    await page.getByRole('button', { name: 'Settings' }).click();
    for (const name of [
      'You',
      'Receiving',
      'Notifications',
      'What others can see',
      'Look and keys',
      'Your data',
      'Network check',
    ]) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.getByText('Asking Chatter…').waitFor({ state: 'hidden' }); // else it comes while axe looks
      await isAccessible(t, page, name);
    }
    await page.getByRole('button', { name: 'Look and keys' }).click();
    await page.getByText('Dark', { exact: true }).click();
    t.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await page.getByText('As the system', { exact: true }).click();
    await page.getByRole('button', { name: 'Back to the rooms' }).click();

    const file = path.join(two.home, 'notes <b>.txt');
    writeFileSync(file, 'checked, every byte\n'.repeat(100_000));
    const sent = two.start(['send', 'lab', file], { timeout: LONG_MS }).end();
    const card = page.getByRole('region', { name: /^File notes/ });
    await card.getByRole('button', { name: 'Accept' }).waitFor();
    await isAccessible(t, page, 'an offer');
    await page.emulateMedia({ colorScheme: 'light' });
    await shot(page, 'offer-1440-light');
    await card.getByRole('button', { name: 'Accept' }).click();
    await card.getByText(/^Checked, and saved as /).waitFor();
    const [, saved = ''] = /saved as (.*)$/.exec(await card.getByRole('status').innerText()) ?? [];
    t.ok(saved.startsWith(one.home), saved);
    t.ok(readFileSync(saved).equals(readFileSync(file)), 'the same bytes');
    t.equal((await sent).code, 0);

    await composer.fill('half a sentence');
    await one.crash();
    await page.getByText('Chatter does not answer.').waitFor();
    await shot(page, 'down-1440-light');
    await page.getByText('Chatter does not answer.').waitFor({ state: 'hidden', timeout: 90_000 });
    t.equal(await composer.inputValue(), 'half a sentence', 'what was typed is still there');
    await page.getByRole('complementary', { name: 'People' }).getByText('Green Otter').waitFor();
    await page.keyboard.press('Enter');
    await other.until(/half a sentence/);

    const stolen = await browser.newPage();
    t.teardown(() => stolen.close());
    await stolen.goto(url);
    await stolen.getByText('This page has lost its key').waitFor();
    await isAccessible(t, stolen, 'no key');

    await page.reload();
    await page.getByRole('heading', { name: 'lab' }).waitFor();
    t.ok(true, 'a tab that is loaded anew still has its key');
    await one.run(['forget', 'lab', '--yes']);
    await page.getByRole('heading', { name: 'lab' }).waitFor({ state: 'detached' });
    t.pass('a room that is forgotten at a terminal is gone here');
    t.same([...seen.requests], [new URL(url).host], 'no request goes anywhere else');
    t.same(seen.problems, [], 'the policy was not broken');
    await other.end('{quit}\n');
  });
}
