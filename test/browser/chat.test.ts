import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, LONG_MS, launch, open, shot } from '../support/page.js';

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
}
