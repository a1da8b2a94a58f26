import t from 'tap';
import { each, Person } from '../support/command.js';
import { talker, until } from '../support/lab.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, launch, open, shot } from '../support/page.js';

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

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('a long history: what is unread, back to the start, and what a search finds', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const { page, seen } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    const other = talker(two, 'Grüne Otterdame mit langem Namen');
    const feed = page.getByRole('feed');
    await feed.getByText('joined').waitFor();
    await page.getByRole('button', { name: 'Lobby' }).click();
    await page.getByRole('heading', { name: 'lobby' }).waitFor();
    const texts = Array.from(
      { length: 130 },
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
    const mark = page.getByRole('button', { name: /^lab 132 unread/ });
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
    await page.getByRole('button', { name: /^132 new|Newest/ }).click();
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

    t.comment('a long message is folded; its beginning stays where it is when all of it is shown');
    await other.say(Array.from({ length: 500 }, (_, i) => `row ${i}`).join('\n'));
    const long = feed.locator('[data-message]').filter({ hasText: 'row 0' });
    const whole = long.getByRole('button', { name: 'Show all 500 lines' });
    await until(async () => (await whole.count()) === 1);
    t.equal(await long.getByText('row 499').count(), 0);
    const topOf = async () => (await long.boundingBox())?.y ?? 0;
    await whole.focus();
    const before = await topOf();
    await page.keyboard.press('Enter');
    await long.getByText('row 499').waitFor();
    await long.getByRole('button', { name: 'Show less' }).waitFor();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    t.ok(Math.abs((await topOf()) - before) < 2, `moved from ${before} to ${await topOf()}`);
    await shot(page, 'unfolded-1440-dark');
    await page.keyboard.press('Enter');
    await whole.waitFor();
    await page.getByRole('button', { name: 'Newest' }).click();

    t.comment('a search goes to what it found, and back to the end');
    await page.keyboard.press('Control+f');
    await page.getByRole('searchbox', { name: 'Words to find' }).fill('line 13');
    const hit = page.getByRole('dialog').getByRole('button', { name: /line 13/ });
    await hit.waitFor();
    await isAccessible(t, page, 'search');
    await shot(page, 'search-1440-dark');
    await hit.click();
    await until(() => isInSight('line 13'));
    await page.getByRole('button', { name: 'Newest' }).click();
    await until(() => isInSight('the very last one'));

    t.same(seen.problems, []);
    await other.window.end('{quit}\n');
  });
}
