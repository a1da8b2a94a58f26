import { existsSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { Person } from '../support/command.js';
import { api, talker, until } from '../support/lab.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, launch, open, shot } from '../support/page.js';

/** What has not the colours of the other theme in the moment in which it is chosen, but some frames later. */
const LATE_COLOURS = `(async () => {
  const elements = [...document.querySelectorAll('body *')];
  const colours = () => elements.map((element) => {
    const { color, backgroundColor, borderTopColor, fill } = getComputedStyle(element);
    return [color, backgroundColor, borderTopColor, fill].join(' ');
  });
  const late = [];
  for (const theme of ['light', 'dark']) {
    colours();
    document.documentElement.dataset.theme = theme;
    const first = colours();
    for (let i = 0; i < 40; i++) await new Promise(requestAnimationFrame);
    const last = colours();
    elements.forEach(({ tagName, className }, i) => {
      if (first[i] !== last[i]) late.push(tagName + ' ' + className + ': ' + first[i] + ' -> ' + last[i]);
    });
  }
  delete document.documentElement.dataset.theme;
  return late;
})()`;

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('what is said is answered, changed and deleted, here and at a terminal alike', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const { page, seen } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    const other = talker(two, 'Green Otter');
    const mine = api(one);
    const feed = page.getByRole('feed');
    await feed.getByText('Green Otter joined').waitFor();
    const field = page.getByRole('textbox', { name: 'Message lab' });
    const say = async (text: string) => {
      await field.fill(text);
      await page.keyboard.press('Enter');
    };
    const message = (text: string) => feed.locator('[data-message]').filter({ hasText: text });

    await say('Boot takes 1.8 s');
    const boot = await other.idOf('Boot takes');
    await other.ask('react', { id: boot, emoji: '🎉' });
    await message('Boot takes')
      .getByRole('button', { name: /^🎉 1 by Green Otter/ })
      .click();
    await other.hears(/"type":"reaction".*"by":\{[^}]*"name":"(?!Green Otter)/);
    await message('Boot takes').getByRole('button', { name: /🎉/, pressed: true }).waitFor();
    await other.ask('say', { text: 'how did you do that?', replyTo: boot });
    const answer = message('how did you');
    await answer.getByRole('button', { name: /Boot takes/ }).waitFor();

    t.comment('a menu by mouse: an answer, which the terminal hears as one');
    await answer.hover();
    await answer.getByRole('button', { name: 'Reply' }).click();
    await page.getByText('Answer to Green Otter').waitFor();
    await say('I read the table _once_');
    const once = await other.idOf('I read the table');
    t.match(other.window.out, new RegExp(`"id":"${once}"[^\n]*"replyTo":"`));

    t.comment('the last own message by the arrow key');
    await message('I read the table').waitFor(); // the terminal may hear it before the page does
    await field.press('ArrowUp');
    await page.getByText('Change what you said').waitFor();
    await say('I read the table once, **at boot**');
    await other.hears(/"type":"message-edited"[^\n]*at boot/);
    await message('at boot').getByText('edited').waitFor();
    await other.say('@nobody in particular');
    const own = await one.ask<{ name: string }>('whoami');
    await other.say(`@${own.name} can you hand me the map file?`);
    await feed.locator('.mention.me').waitFor();
    await isAccessible(t, page, 'a talk');
    await shot(page, 'talk-1440-dark');

    t.comment('all of it by keys alone');
    await page.keyboard.press('Escape');
    await feed.focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('toolbar', { name: /^Message of/ }).waitFor();
    await page.keyboard.press('e');
    await page.getByRole('textbox', { name: 'Find an emoji, or type any' }).fill('rocket');
    await isAccessible(t, page, 'emoji');
    await page.keyboard.press('Enter');
    await message('at boot').getByRole('button', { name: /🚀/ }).waitFor();
    await message('at boot').focus();
    await page.keyboard.press('Delete');
    const dialog = page.getByRole('alertdialog', { name: 'Delete for everyone?' });
    await dialog.waitFor();
    await isAccessible(t, page, 'deleting');
    await dialog.getByRole('button', { name: 'Delete for everyone' }).click();
    await feed.getByText('You deleted a message').waitFor();
    await other.hears(/"type":"message-deleted"/);

    t.comment('who is writing, both ways; a draft outlives the page and the node');
    await other.ask('typing', { on: true });
    await page.getByText('Green Otter is typing').waitFor();
    await field.pressSequentially('half a sent');
    await other.hears(/"type":"typing"[^\n]*"on":true/);
    const kept = async () => (await mine.ask('draft', {})).text;
    await until(async () => (await kept()) === 'half a sent');
    await one.crash();
    await page.getByText('Chatter does not answer.').waitFor();
    await field.pressSequentially('ence');
    await page.getByText('Chatter does not answer.').waitFor({ state: 'hidden', timeout: 90_000 });
    await until(async () => (await kept().catch(() => '')) === 'half a sentence');
    await page.reload();
    await until(async () => (await field.inputValue()) === 'half a sentence');
    await feed.getByText('You deleted a message').waitFor();
    t.same(seen.problems, []);
    await other.window.end('{quit}\n');
  });

  t.test(
    'what only two can read is asked about first; what is kept, for how long, and no more',
    async (t) => {
      const [one, two] = [new Person(t), new Person(t)];
      const { page, seen } = await open(t, browser, one);
      await joinOpen(page, 'lab');
      const other = talker(two, 'Green Otter');
      const feed = page.getByRole('feed');
      await feed.getByText('Green Otter joined').waitFor();
      t.comment('a stranger who writes to one alone is asked about first');
      const self = await one.ask<{ id: string }>('whoami');
      await other.ask('dm', { person: self.id, text: 'only you can read this' });
      const bar = page.getByText(/wants to write to you alone/);
      await bar.waitFor();
      t.equal(await feed.getByText('only you can read this').count(), 0);
      await page.getByRole('button', { name: 'Requests', exact: true }).click();
      await page.getByRole('dialog').getByText('only you can read this').waitFor();
      await isAccessible(t, page, 'requests');
      await page.getByRole('button', { name: 'Accept' }).click();
      await page.keyboard.press('Escape');
      await feed.getByText('only you can read this').waitFor();
      const field = page.getByRole('textbox', { name: /^Message/ });
      await field.fill('/dm Green Otter nor this');
      await page.keyboard.press('Enter');
      await other.hears(/"text":"nor this"[^\n]*"to":/);
      await feed.getByText('to Green Otter alone').waitFor();

      t.comment('what two wrote alone, in a place of its own');
      await page.getByRole('button', { name: 'Write to Green Otter alone' }).click();
      const alone = page.getByRole('feed', { name: 'What you and Green Otter wrote' });
      await alone.getByText('only you can read this').waitFor();
      await alone.getByText('nor this').waitFor();
      await other.ask('say', { text: 'for everybody' });
      await page.getByRole('button', { name: /^lab.*1 unread/ }).waitFor();
      t.equal(await alone.getByText('for everybody').count(), 0);
      await field.fill('and not this');
      await page.keyboard.press('Enter');
      await other.hears(/"text":"and not this"[^\n]*"to":/);
      await alone.getByText('and not this').waitFor();
      await field.fill('half a secret');
      await isAccessible(t, page, 'direct');
      t.same(await page.evaluate(LATE_COLOURS), [], 'another theme is there at once and for everything');
      await page.getByRole('button', { name: 'Back to lab' }).click();
      await feed.getByText('for everybody').waitFor();
      t.equal(await field.inputValue(), '', 'what is for one alone does not stand in the field of all');

      t.comment('what is kept');
      await page.getByRole('button', { name: 'More about lab' }).click();
      await page.getByRole('menuitem', { name: 'What is kept…' }).click();
      const dialog = page.getByRole('dialog', { name: 'What is kept of lab' });
      await dialog.getByText('A week').click();
      await until(async () => (await api(one).ask('retention', {})).keep === '7d');
      await dialog.getByRole('switch', { name: /^Tell others/ }).click();
      await until(async () => (await api(one).ask('retention', {})).reads === false);
      await isAccessible(t, page, 'what is kept');
      const out = path.join(one.home, 'an export');
      await dialog.getByRole('textbox', { name: 'New folder for the export' }).fill(out);
      await dialog.getByRole('button', { name: 'Export' }).click();
      await dialog.getByText(/^4 messages are in /).waitFor();
      t.ok(existsSync(path.join(out, 'rooms.json')));
      await dialog.getByRole('button', { name: 'Forget this room…' }).click();
      await dialog.getByRole('button', { name: 'Forget lab for good' }).click();
      await page.getByRole('button', { name: /^lab/ }).waitFor({ state: 'detached' });
      const rooms = (await api(one).ask('rooms', {})) as unknown as { room: string }[];
      t.notOk(
        rooms.some(({ room }) => room === 'lab'),
        'it is not known any more',
      );
      t.comment('everything, by a button and a word');
      await page.getByRole('button', { name: 'Settings' }).click();
      await page.getByRole('button', { name: 'Your data' }).click();
      await page.getByRole('button', { name: 'Delete everything…' }).click();
      const sure = page.getByRole('button', { name: 'Delete everything', exact: true });
      const word = page.getByRole('textbox', { name: 'Type wipe to delete everything' });
      await word.fill('wip');
      t.equal(await sure.isDisabled(), true);
      await isAccessible(t, page, 'wipe');
      await word.fill('wipe');
      await sure.click();
      await until(async () => !existsSync(path.join(one.data, 'token')));
      t.same(seen.problems, []);
      await other.window.end('{quit}\n');
    },
  );
}
