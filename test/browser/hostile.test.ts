import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { WebSocketServer } from 'ws';
import { Person } from '../support/command.js';
import { has } from '../support/needs.js';
import { onOwnNetwork } from '../support/on-own-network.js';
import { joinOpen, LONG_MS, launch, open } from '../support/page.js';

/** Each would set a mark if any part of the page made a document of it. No `/`: it is a file's name too. */
const MARKUP = '"><img src=x onerror=window.__xss=1><svg onload=window.__xss=2>{{constructor}}';
const NAME = '<img src=x onerror=__xss=6>';
/** Without a space, which a room's name has none of. */
const ROOM = '"><img/src=x/onerror=__xss=7>';
const LINKS = [
  'http://x.test/?p=%3Cbr%3E<iframe src=\\\\10.0.0.1\\t.html>',
  '[a](file:///etc/passwd) [b](javascript:window.__xss=3) [c](data:text/html,<script>window.__xss=4</script>)',
  '[d](vbscript:x) [e](smb://10.0.0.1/x) [f](ms-msdt:/id) [g](qrc:/x) <a href="javascript:window.__xss=5">h</a>',
  '[paypal.com](http://evil.test/login)',
  '[https://bank.test@evil.test/](http://evil.test/trick)',
  'http://xn--80ak6aa92e.com/',
  '![pixel](http://evil.test/pixel.png) that was all',
];

const HREFS = `[...document.querySelectorAll('.message-text a, article a')].map(({ protocol, rel, target }) => [protocol, rel])`;

if (has(t, 'chromium') && (await onOwnNetwork(t, import.meta.url))) {
  const browser = await launch(t, '--host-resolver-rules=MAP evil.test 127.0.0.1');

  t.test('names, words and files of a hostile member are text wherever they are shown', async (t) => {
    const [one, two] = [new Person(t), new Person(t)];
    const context = { permissions: ['notifications'] };
    const { page, url, seen } = await open(t, browser, one, { context });
    const untouched = async (where: string) =>
      t.equal(await page.evaluate(`'__xss' in window`), false, `[D8] ${where}`);
    await joinOpen(page, 'lab');
    const other = two.start(['join', 'lab', '--reach', 'here', '--json', '--name', NAME], {
      timeout: LONG_MS,
    });
    const feed = page.getByRole('feed');
    await feed.getByText('joined').waitFor();
    await untouched('a name, in the line of those who came and in the list of people');

    const say = (text: string) => other.write(`${JSON.stringify({ do: 'say', text })}\n`);
    say(MARKUP);
    for (const text of LINKS) say(text);
    await feed.getByText('that was all').waitFor();
    await untouched('what is said');
    const links = (await page.evaluate(HREFS)) as [string, string][];
    t.ok(links.length > 0);
    t.ok(
      links.every(([protocol]) => protocol === 'http:' || protocol === 'https:'),
      `[D11] only the web is linked to: ${links.map(([protocol]) => protocol).join()}`,
    );
    t.ok(
      links.every(([, rel]) => rel.includes('noopener') && rel.includes('noreferrer')),
      '[D11] a page that is gone to hears nothing of this one',
    );
    const shownAs = async (href: string) => feed.locator(`a[href="${href}"]`).innerText();
    for (const [href, host] of [
      ['http://evil.test/login', '(evil.test)'],
      ['http://evil.test/trick', '(evil.test)'],
      ['http://xn--80ak6aa92e.com/', '(xn--80ak6aa92e.com)'],
    ] as const)
      t.ok((await shownAs(href)).endsWith(host), `[D11] one sees that ${href} leads to ${host}`);
    say(`A${'\u030d'.repeat(2_000)} tower`);
    const tower = feed.locator('[data-message]', { hasText: 'tower' }).locator('.message-text');
    await tower.waitFor();
    t.equal(
      await tower.evaluate((text) => getComputedStyle(text).overflow),
      'clip',
      '[D10] stacked marks stay within their message',
    );
    t.equal(await page.locator('article img').count(), 0, '[D11] no picture is fetched from elsewhere');

    const message = feed.getByRole('article').filter({ hasText: '{{constructor}}' }).last();
    await message.hover();
    await message.getByRole('button', { name: 'Reply' }).click();
    const composer = page.getByRole('textbox', { name: 'Message lab' });
    await composer.fill(`re ${MARKUP}`); // the focus comes a moment after the click
    await composer.press('Enter');
    await feed.getByText('re ">').waitFor();
    await feed.locator('.quote', { hasText: 'constructor' }).waitFor();
    await untouched('[D10] an answer, its quotation, and what is typed');
    await page.keyboard.press('Control+f');
    await page.getByPlaceholder('Words to find').fill('constructor');
    await page.getByRole('dialog').locator('mark').first().waitFor();
    await untouched('[D10] what a search found');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /^A room/ }).fill('img');
    await page.getByRole('option').first().waitFor();
    await untouched('where one can go');
    await page.keyboard.press('Escape');

    const folder = path.join(two.home, MARKUP);
    mkdirSync(folder);
    writeFileSync(path.join(folder, `${MARKUP}.png`), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
    await two.run(['share', 'lab', folder]);
    await page.getByRole('tab', { name: 'Shared files' }).click();
    const tree = page.getByRole('tree', { name: 'Shared files' });
    await tree.getByRole('treeitem').first().click();
    await tree
      .getByRole('treeitem', { name: /constructor/ })
      .first()
      .click();
    await tree.getByRole('treeitem', { name: /png/ }).waitFor();
    await untouched('[D16] what somebody shares');
    const sent = two.start(['send', 'lab', path.join(folder, `${MARKUP}.png`)], { timeout: LONG_MS });
    const card = page.getByRole('region', { name: /^File/ });
    await card.getByRole('button', { name: /^Load picture/ }).click();
    await card.getByText('This is no picture that can be shown.').waitFor();
    await untouched('[D14] a file that says it is a picture');
    await sent.done;
    await page.getByRole('tab', { name: 'People' }).click();
    await page
      .getByRole('complementary', { name: 'People' })
      .getByRole('button', { name: /onerror/ })
      .click();
    await page.getByText('Safety number').waitFor();
    await untouched('a person');

    await page.getByRole('button', { name: 'New room, or join one' }).click();
    await joinOpen(page, ROOM);
    await untouched('a room, in the rail, the head and the title');
    await page.getByRole('button', { name: `More about ${ROOM}` }).click();
    await page.getByRole('menuitem', { name: 'What is kept…' }).click();
    const kept = page.getByRole('dialog', { name: `What is kept of ${ROOM}` });
    await kept.getByRole('button', { name: 'Forget this room…' }).click();
    await kept.getByRole('button', { name: `Forget ${ROOM} for good` }).waitFor();
    await untouched('a room that is to be forgotten');
    await kept.getByRole('button', { name: `Forget ${ROOM} for good` }).click();
    await page.getByTitle(ROOM, { exact: true }).waitFor({ state: 'detached' });
    await untouched('and one that was');

    t.equal(new URL(page.url()).hash, '', '[D6] no code in the address');
    t.equal(
      await page.evaluate('document.referrer + JSON.stringify(history.state) + document.cookie'),
      'null',
    );
    const code = new URL(url).hash.slice(1);
    const token = one.read('token');
    const key = String(await page.evaluate(`JSON.parse(sessionStorage.getItem('chatter-page-key')).key`));
    for (const name of readdirSync(path.join(one.data, 'log'))) {
      const log = readFileSync(path.join(one.data, 'log', name), 'utf8');
      t.notOk(
        [code, token, key].some((secret) => log.includes(secret)),
        `[D6] no secret in ${name}`,
      );
    }
    const stored = String(await page.evaluate('JSON.stringify(localStorage)'));
    t.notOk(
      [code, token, key].some((secret) => stored.includes(secret)),
      '[D18] nor in what outlives the tab',
    );
    t.equal(
      await page.evaluate('navigator.serviceWorker.getRegistrations().then(({ length }) => length)'),
      0,
      '[D18] nothing stays behind in the browser',
    );
    t.same([...seen.requests], [new URL(url).host], 'no request goes anywhere else');
    t.same(seen.problems, [], 'the policy was not broken');
    await other.end('{quit}\n');
  });

  t.test('another page reaches nothing, and whoever takes over the port hears nothing', async (t) => {
    const one = new Person(t);
    const { page, url } = await open(t, browser, one);
    await joinOpen(page, 'lab');
    const { host, port } = new URL(url);
    const answers: Record<string, string>[] = [];
    page.on('response', (response) => answers.push(response.headers()));
    await page.reload();
    await page.getByRole('heading', { name: 'lab', exact: true }).waitFor();
    t.ok(answers.length > 1);
    const readable = answers.flatMap(Object.keys).filter((name) => name.startsWith('access-control-'));
    t.same(readable, [], '[D15] no answer lets another origin read it');
    const heard: string[] = [];
    const evil = createServer((request, response) => {
      heard.push(`${request.headers.cookie ?? ''}${request.headers.referer ?? ''}`);
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>evil</h1>');
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    t.teardown(() => evil.close());
    const { port: evilPort } = evil.address() as { port: number };
    const stranger = await (await browser.newContext()).newPage();
    t.teardown(() => stranger.context().close());
    await stranger.goto(`http://evil.test:${evilPort}/`);
    const tried = (await stranger.evaluate(ATTACKS(host))) as string[];
    t.same(
      tried,
      ['failed', 'failed', 'failed', 'closed'],
      '[D1] [D4] [D7] nothing is read, no socket opens',
    );
    t.notOk(heard.join('').includes(host), '[D17] no cookie and no referrer goes to another port');
    const rooms = await one.ask<{ room: string; joined: boolean }[] | { room: string }>('rooms');
    t.same(
      [rooms].flat().map(({ room }) => room),
      ['lab'],
      '[D1] no room was joined or left',
    );
    for (const name of [`evil.test:${port}`, `0.0.0.0:${port}`]) {
      const status = await statusOf(stranger, `http://${name}/`);
      t.ok(status === 403 || status === null, `[D2] [D5] by ${name}: ${status}`);
    }

    for (const name of NAMES_OF_HERE) {
      const address = `http://${name}:${port}/`;
      const status = await statusOf(stranger, address);
      // What the browser itself takes for one of the node's own names is its own page, in which a stranger has no key.
      const isOwn = URL.canParse(address) && OWN_NAMES.includes(new URL(address).hostname);
      t.ok(isOwn || status === 403 || status === null, `[D3] by ${name}: ${status}`);
      if (!isOwn || status === null) continue;
      const key = await stranger.evaluate(`sessionStorage.getItem('chatter-page-key')`);
      t.equal(key, null, `[D3] by ${name} nothing is opened`);
    }

    await one.stop();
    await page.getByText('Chatter was stopped.').waitFor();
    const said: string[] = [];
    const squatter = new WebSocketServer({ host: '127.0.0.1', port: Number(port) });
    t.teardown(() => squatter.close());
    const asked = new Promise<void>((resolve) => {
      squatter.on('connection', (socket) => {
        socket.on('message', (data: Buffer) => {
          said.push(data.toString());
          socket.send(JSON.stringify({ challenge: 'A'.repeat(22), proof: 'B'.repeat(43) }));
        });
        socket.on('close', resolve);
      });
    });
    await page.getByRole('button', { name: 'Try now' }).click();
    await asked;
    t.equal(said.length, 1, '[D18] whoever cannot prove itself is told nothing more');
    const key = String(await page.evaluate(`JSON.parse(sessionStorage.getItem('chatter-page-key')).key`));
    t.notOk(said.join('').includes(key));
  });
}

const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Other spellings of this computer's address, and one that is none (CVE-2022-32212). */
const NAMES_OF_HERE = [
  '10.0.2.555',
  '0x7f.1',
  '127.1',
  '2130706433',
  '[::ffff:127.0.0.1]',
  'localhost.',
  'LOCALHOST',
];

/** What a page on another origin can try; how each ended. */
const ATTACKS = (host: string) => `(async () => {
  const ended = (promise) => promise.then(({ type }) => type, () => 'failed');
  const image = new Image();
  image.src = 'http://${host}/api/join?room=evil&open=1&video=1';
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: 'http://${host}/api/leave', enctype: 'text/plain', target: 'frame' });
  const frame = document.createElement('iframe');
  frame.name = 'frame';
  document.body.append(frame, form);
  form.submit();
  await new Promise((resolve) => (frame.onload = resolve));
  return [
    await ended(fetch('http://${host}/api/join', { method: 'POST', mode: 'no-cors', body: '{"room":"evil","open":true}' })),
    await ended(fetch('http://${host}/api/rooms', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })),
    await ended(fetch('http://${host}/')),
    await new Promise((resolve) => {
      const socket = new WebSocket('ws://${host}/api/socket');
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('closed');
    }),
  ];
})()`;

/** Null where the browser itself does not go there. */
async function statusOf(page: Page, address: string): Promise<number | null> {
  const answer = await page.goto(address).catch(() => null);
  return answer?.status() ?? null;
}
