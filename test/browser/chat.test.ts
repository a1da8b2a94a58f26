import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { each, Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, LONG_MS, launch, open, shot } from '../support/page.js';

/** Goes up through the whole history by half a view a turn; by how much a row in sight moved other than by that. */
const SCROLL_BACK = `(async () => {
  const view = document.querySelector('.timeline');
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const rows = () => [...document.querySelectorAll('[data-message]')];
  const top = (row) => row.getBoundingClientRect().top;
  let [moved, turns, still] = [0, 0, 0];
  while (still < 20) {
    const was = view.scrollTop;
    view.scrollTop = was - view.clientHeight / 2;
    const held = rows().find((row) => top(row) > top(view));
    const at = top(held);
    await frame();
    await new Promise((done) => setTimeout(done, 20)); // older messages come in between
    if (held.isConnected) moved = Math.max(moved, Math.abs(top(held) - at));
    still = view.scrollTop === 0 ? still + 1 : 0;
    turns++;
  }
  return { moved, turns };
})()`;

/** Asks somebody's node about the room, as any program of theirs can. */
const api = (person: Person) => ({
  ask: async (method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const { port } = JSON.parse(person.read('node.json')) as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/api/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${person.read('token')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room: 'lab', ...params }),
    });
    return ((await response.json()) as { ok: Record<string, unknown> }).ok;
  },
});

/** Resolves when this is so; nothing tells when. Rejects after a long while. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 40_000; !(await isSo()); await sleep(50))
    if (performance.now() > end) throw new Error(`never: ${isSo}`);
}

/** Somebody in the room at a terminal: hears by it, and does what its lines cannot do through the API. */
function talker(person: Person, name: string) {
  const window = person.start(['join', 'lab', '--reach', 'here', '--json', '--name', name], {
    timeout: LONG_MS,
  });
  const { ask } = api(person);
  /** The id of what was said with these words, once the window has heard it. */
  const idOf = async (text: string): Promise<string> => {
    await window.until(new RegExp(`"text":"${text}`), 40_000);
    const line = window.out.split('\n').find((each) => each.includes(`"text":"${text}`)) ?? '{}';
    return (JSON.parse(line) as { id: string }).id;
  };
  const hears = (pattern: RegExp) => window.until(pattern, 40_000);
  return { window, ask, idOf, hears, say: (text: string) => ask('say', { text }) };
}

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
    await other.hears(/"type":"reaction".*"by":\{[^}]*"name":"(?!Green)/);
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
    await page.getByText('Chatter does not answer.').waitFor({ state: 'hidden' });
    await until(async () => (await kept().catch(() => '')) === 'half a sentence');
    await page.reload();
    await until(async () => (await field.inputValue()) === 'half a sentence');
    await feed.getByText('You deleted a message').waitFor();
    t.same(seen.problems, []);
    await other.window.end('{quit}\n');
  });

  t.test(
    'a long history: what is unread, back to the start, a search; and what only two can read',
    async (t) => {
      const [one, two] = [new Person(t), new Person(t)];
      const { page, seen } = await open(t, browser, one);
      await joinOpen(page, 'lab');
      const other = talker(two, 'Grüne Otterdame mit langem Namen');
      const feed = page.getByRole('feed');
      await feed.getByText('joined').waitFor();
      await page.getByRole('button', { name: 'Lobby' }).click();
      await page.getByRole('heading', { name: 'lobby' }).waitFor();
      const texts = Array.from(
        { length: 230 },
        (_, i) => `line ${i}${i % 7 === 0 ? ` ${'word '.repeat(i % 60)}` : ''}`,
      );
      await other.say('line 0');
      await each(texts.slice(1), other.say);
      await other.say('مرحبا بالجميع، هذا نص عربي طويل بعض الشيء (و English في الوسط)');
      const last = await other.ask('say', { text: 'the very last one' });
      for (const emoji of [
        '👍',
        '🎉',
        '🚀',
        '👀',
        '❤️',
        '😂',
        '✅',
        '🔥',
        '💡',
        '🦊',
        '🐢',
        '🌈',
        '🍕',
        '☕',
        '🎸',
      ])
        await other.ask('react', { id: last.id, emoji });
      const mark = page.getByRole('button', { name: /^lab 232 unread/ });
      await mark.waitFor();
      await mark.click();
      await feed.getByText('New', { exact: true }).waitFor();
      /** In the view, not merely in the document. */
      const isInSight = (text: string) =>
        feed.evaluate(
          (view, wanted) =>
            [...view.querySelectorAll('[data-message] .message-text')].some((row) => {
              const { top, bottom } = row.getBoundingClientRect();
              const box = view.getBoundingClientRect();
              const isSame = row.textContent?.trim() === wanted;
              return isSame && top >= box.top - 1 && bottom <= box.bottom + 1;
            }),
          text,
        );
      await until(() => isInSight('line 0'));
      t.notOk(await isInSight('the very last one'), 'it begins where one had stopped');
      await page.getByRole('button', { name: /^232 new|Newest/ }).click();
      await until(() => isInSight('the very last one'));
      await page.getByRole('button', { name: 'lab 2 here' }).waitFor();
      await isAccessible(t, page, 'many reactions');
      for (const [width, height] of [
        [1440, 900],
        [900, 700],
        [360, 740],
      ] as const) {
        await page.setViewportSize({ width, height });
        await until(() => isInSight('the very last one'));
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        t.ok(overflow <= 0, `nothing sticks out at ${width}`);
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await shot(page, `history-${width}-${colorScheme}`);
        }
      }
      await page.setViewportSize({ width: 1440, height: 900 });

      t.comment('back to the start; what is read does not move when older messages come');
      await page.reload();
      await until(() => isInSight('the very last one'));
      const { moved, turns } = (await page.evaluate(SCROLL_BACK)) as { moved: number; turns: number };
      t.ok(await isInSight('line 0'), `after ${turns} turns`);
      t.ok(moved < 2, `moved by ${moved} px`);

      t.comment('a search goes to what it found, and back to the end');
      await page.keyboard.press('Control+f');
      await page.getByRole('searchbox', { name: 'Words to find' }).fill('line 113');
      const hit = page.getByRole('dialog').getByRole('button', { name: /line 113/ });
      await hit.waitFor();
      await isAccessible(t, page, 'search');
      await shot(page, 'search-1440-dark');
      await hit.click();
      await until(() => isInSight('line 113'));
      await page.getByRole('button', { name: 'Newest' }).click();
      await until(() => isInSight('the very last one'));

      t.comment('a stranger who writes to one alone is asked about first');
      const self = await one.ask<{ id: string }>('whoami');
      await other.ask('dm', { person: self.id, text: 'only you can read this' });
      const bar = page.getByText(/wants to write to you alone/);
      await bar.waitFor();
      t.equal(await feed.getByText('only you can read this').count(), 0);
      await page.getByRole('button', { name: 'Requests' }).click();
      await page.getByRole('dialog').getByText('only you can read this').waitFor();
      await isAccessible(t, page, 'requests');
      await page.getByRole('button', { name: 'Accept' }).click();
      await page.keyboard.press('Escape');
      await feed.getByText('only you can read this').waitFor();
      const field = page.getByRole('textbox', { name: /^Message/ });
      await field.fill('/dm Grüne Otterdame mit langem Namen nor this');
      await page.keyboard.press('Enter');
      await other.hears(/"text":"nor this"[^\n]*"to":/);
      await feed.getByText('to Grüne Otterdame mit langem Namen alone').waitFor();

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
      await dialog.getByText(/^23\d messages are in /).waitFor();
      t.ok(existsSync(path.join(out, 'rooms.json')));
      await dialog.getByRole('button', { name: 'Forget this room…' }).click();
      await dialog.getByRole('button', { name: 'Forget lab for good' }).click();
      await page.getByRole('button', { name: /^lab/ }).waitFor({ state: 'detached' });
      const rooms = (await api(one).ask('rooms', {})) as unknown as { room: string }[];
      t.notOk(
        rooms.some(({ room }) => room === 'lab'),
        'it is not known any more',
      );
      t.same(seen.problems, []);
      await other.window.end('{quit}\n');
    },
  );
}
