import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { LONG_MS, launch, open } from '../support/page.js';

const FOCUSED = `(() => {
  const { activeElement: element } = document;
  const label = element.labels?.[0]?.innerText ?? '';
  return element.getAttribute('aria-label') ?? (label || element.innerText || element.placeholder || '');
})()`;
const MANY_STOPS = 60;

/** Presses a key until the focus is on what bears this name. */
async function go(page: Page, key: string, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < MANY_STOPS; i++) {
    const focused = String(await page.evaluate(FOCUSED)).trim();
    if (name.test(focused)) return;
    passed.push(focused);
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${name}, but over ${passed.join(' | ')}`);
}

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test(
    'by keys alone one joins, talks, reads, takes a file and leaves; and what is heard makes sense',
    async (t) => {
      const [one, two] = [new Person(t), new Person(t)];
      const { page } = await open(t, browser, one);
      const press = (key: string) => page.keyboard.press(key);
      await page.getByRole('heading', { name: /^You are / }).waitFor();
      await go(page, 'Tab', /^Room name or invite link$/);
      await page.keyboard.type('lab');
      await press('Enter');
      const warning = page.getByRole('alertdialog');
      await warning.waitFor();
      t.equal(await warning.ariaSnapshot(), JOINING, 'joining');
      await go(page, 'Tab', /^this network and the Internet$/);
      await press('ArrowDown');
      await go(page, 'Tab', /^Open anyway$/);
      await press('Enter');
      await page.getByRole('heading', { name: 'lab', exact: true }).waitFor();

      const other = two.start(['join', 'lab', '--reach', 'here', '--json', '--name', 'Green Otter'], {
        timeout: LONG_MS,
      });
      await page.getByText('2 here').first().waitFor();
      await press('Escape');
      await go(page, 'Tab', /^Message lab$/);
      await page.keyboard.type('by keys');
      await press('Enter');
      await other.until(/by keys/, 40_000);
      other.write(`${JSON.stringify({ do: 'say', text: 'I *hear* you' })}\n`);
      const article = page.getByRole('article').filter({ hasText: 'hear you' });
      await article.waitFor();
      t.equal(withoutTimes(await article.ariaSnapshot()), READING, 'reading');
      await page
        .locator('[aria-live=polite]')
        .filter({ hasText: 'Green Otter: I' })
        .waitFor({ state: 'attached' });
      t.pass('a new message is told where the focus is elsewhere');

      const file = path.join(two.home, 'plan.txt');
      writeFileSync(file, 'a plan');
      const sent = two.start(['send', 'lab', file], { timeout: LONG_MS });
      const card = page.getByRole('region', { name: 'File plan.txt' });
      await card.getByRole('button', { name: 'Accept' }).waitFor();
      t.equal(await card.ariaSnapshot(), ACCEPTING, 'accepting a file');
      await press('F6');
      await go(page, 'F6', /^What was said in lab$/);
      await go(page, 'Tab', /^Accept$/);
      await press('Enter');
      await card.getByText(/^Checked, and saved as /).waitFor();
      t.equal((await sent.done).code, 0);

      await press('Escape');
      t.match(await page.evaluate(FOCUSED), /^Message lab$/, 'Esc leads back to the message');
      await go(page, 'F6', /^People/);
      await press('ArrowRight');
      await page.getByRole('heading', { name: 'You share' }).waitFor();
      await go(page, 'Shift+Tab', /^More about lab$/);
      await press('Enter');
      await page.getByRole('menuitem', { name: 'Leave the room' }).waitFor();
      await go(page, 'ArrowDown', /^Leave the room$/);
      await press('Enter');
      await other.until(/"peer-left"/, 40_000);
      t.pass('and the room is left');
      await other.end('{quit}\n');
    },
  );
}

const withoutTimes = (snapshot: string): string => snapshot.replace(/time: .*/g, 'time');

const JOINING = `- alertdialog "“lab” is an open room":
  - heading "“lab” is an open room" [level=2]
  - paragraph: Anyone who guesses “lab” gets in, sees your address and can read what was said before.
  - group "Look for people on":
    - text: Look for people on
    - radio "this network and the Internet" [checked]
    - text: this network and the Internet
    - radio "this network only"
    - text: this network only
  - button "Make it private"
  - button "Open anyway"
  - button "Cancel"`;

const READING = `- article:
  - text: Green Otter
  - time
  - paragraph:
    - text: I
    - emphasis: hear
    - text: you
  - alert`;

const ACCEPTING = `- region "File plan.txt":
  - text: plan.txt 6 B · from Green Otter
  - status: To Downloads/Chatter/lab
  - alert
  - button "Accept"
  - button "Decline"
  - button "Other place…"`;
