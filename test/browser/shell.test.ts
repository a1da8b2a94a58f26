import t from 'tap';
import { encode } from 'uqr';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { isAccessible, joinOpen, LONG_MS, launch, open, shot, until } from '../support/page.js';

/** The system's notices are kept beside being shown; nobody looks at the page while `__away` is set. */
const WATCHED = `
  window.__notices = [];
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.__notices.push({ title, body: options.body, click: () => this.onclick() });
    }
  };
  Document.prototype.hasFocus = () => !window.__away;`;
const LAST = '(({ title, body } = {}) => ({ title, body }))(window.__notices.at(-1))';

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t);

  t.test('an invite is handed over by link and by text; who is away is told what is for them', async (t) => {
    const [one, two, three] = [new Person(t), new Person(t), new Person(t)];
    const context = { permissions: ['notifications', 'clipboard-read', 'clipboard-write'] };
    const { page, seen } = await open(t, browser, one, { script: WATCHED, context });
    await page.getByRole('textbox', { name: 'Name of the new private room' }).fill('bench');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'bench', exact: true }).waitFor();
    const { link } = await one.ask<{ link: string }>('invite', 'bench');
    const qr = page.getByRole('img', { name: 'The invite as a QR code' });
    const { data } = encode(link, { border: 2 });
    const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
    t.equal(await qr.locator('path').getAttribute('d'), path, 'the QR code says the link');
    await page.getByRole('button', { name: 'Copy invite' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    const sentence = String(await page.evaluate('navigator.clipboard.readText()'));
    t.ok(sentence.includes(link), 'what is copied is a sentence with the link in it');

    const other = await open(t, browser, two);
    await other.page.getByRole('textbox', { name: 'Room name or invite link' }).fill(sentence);
    await other.page.keyboard.press('Enter');
    await other.page.getByRole('heading', { name: 'bench', exact: true }).waitFor();
    await page.getByText('2 here').first().waitFor();
    t.pass('the sentence lets another page in');
    await other.page.getByRole('button', { name: 'More about bench' }).click();
    await other.page.getByRole('menuitem', { name: 'Leave the room' }).click();
    await page.getByText('only you here').waitFor();
    await other.page.getByRole('textbox', { name: 'Room name or invite link' }).fill(link);
    await other.page.keyboard.press('Enter');
    await page.getByText('2 here').first().waitFor();
    t.pass('and so does what the QR code says');
    const third = three.start(['join', link, '--json', '--name', 'Green Otter'], { timeout: LONG_MS });
    await page.getByText('3 here').first().waitFor();
    t.pass('and the link a terminal');

    await page.keyboard.press('Control+k');
    const places = page.getByRole('combobox', { name: 'A room, a person or a setting' });
    await places.fill('notif');
    await isAccessible(t, page, 'go to');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Notifications', level: 1 }).waitFor();
    await page.getByText('What is for me, offers, calls').click();
    await page.getByRole('button', { name: 'Quit Chatter…' }).click();
    await page.getByText(/Chatter (keeps running|ends)/).waitFor();
    await isAccessible(t, page, 'quit');
    await shot(page, 'quit-1440-dark');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await places.fill('bench');
    await shot(page, 'go-1440-dark');
    await page.keyboard.press('Enter');
    const composer = page.getByRole('textbox', { name: 'Message bench' });
    await composer.waitFor();

    const { name } = await one.ask<{ name: string }>('whoami');
    const say = (text: string) => third.write(`${JSON.stringify({ do: 'say', text })}\n`);
    say(`@${name} while you look`);
    await page.getByRole('feed').getByText('while you look').waitFor();
    await page.evaluate(`window.__away = true; window.dispatchEvent(new Event('blur'))`);
    say('not for you');
    say(`@${name} the build is red`);
    await until(page, 'window.__notices.length > 0');
    t.same(
      await page.evaluate(LAST),
      { title: 'Green Otter in bench', body: `@${name} the build is red` },
      'a mention is told, what is not for me is not, nor what I saw',
    );
    t.equal(await page.evaluate('window.__notices.length'), 1);

    await page.keyboard.press('Alt+ArrowDown');
    await page.getByRole('button', { name: 'New room, or join one' }).click();
    await page.evaluate('window.__notices.at(-1).click()');
    await composer.waitFor();
    t.pass('a click on it goes there');

    await page.evaluate(`window.__away = false; window.dispatchEvent(new Event('focus'))`);
    await page.getByRole('button', { name: 'More about bench' }).click();
    await page.getByRole('menuitem', { name: 'Mute notifications' }).click();
    await page.evaluate(`window.__away = true; window.dispatchEvent(new Event('blur'))`);
    say(`@${name} nobody hears this`);
    await page.getByRole('feed').getByText('nobody hears this').waitFor();
    t.equal(await page.evaluate('window.__notices.length'), 1, 'a muted room tells nothing');

    await page.getByRole('button', { name: 'New room, or join one' }).click();
    await joinOpen(page, 'lab');
    await page.keyboard.press('Alt+ArrowUp');
    await page.getByRole('heading', { name: 'bench', exact: true }).waitFor();
    await page.keyboard.press('Alt+ArrowDown');
    await page.getByRole('heading', { name: 'lab', exact: true }).waitFor();
    await page.keyboard.press('F6');
    await page.keyboard.press('Escape');
    t.equal(
      await page.evaluate('document.activeElement.tagName'),
      'TEXTAREA',
      'Esc goes back to the message',
    );
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Quit Chatter…' }).click();
    await page.getByRole('button', { name: 'Quit Chatter', exact: true }).click();
    await page.getByText('Chatter was stopped.').waitFor();
    t.pass('it can be quit from the page');
    t.same([...seen.problems, ...other.seen.problems], [], 'the policy was not broken');
    await third.end('{quit}\n');
  });
}
