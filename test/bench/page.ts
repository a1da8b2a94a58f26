import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Client } from '../../src/daemon/client.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { MAIN } from '../hosts/hosts.js';
import { line, many, ms, spread } from './page-figures.js';
import { typing, WATCH_KEYS } from './page-typing.js';

/**
 * The page in a room of many messages: until it can be read, from the end to the start of the history, a search, and how
 * long a key takes while messages come fast. Nodes and a browser on one machine, whose network is its own; `main.ts`
 * starts it there. Those who write have their data in memory where they can: their disks are not what is measured.
 */
const MESSAGES = Number(process.env.MESSAGES ?? 100_000);
const WRITERS = 2;
const OPENED = 5;
const ROOM = 'bench';
const SAID_AT_ONCE = 60;

/** When the first message is in the document and drawn. */
const WATCH_FIRST = `
  window.__first = new Promise((done) => {
    const look = () => {
      const rows = document.querySelectorAll('[data-message]');
      const last = rows[rows.length - 1];
      if (last) requestAnimationFrame(() => setTimeout(() => done(performance.now())));
      else requestAnimationFrame(look);
    };
    look();
  });`;

/**
 * Scrolls up by most of the view in each frame, as far as the history goes; tells how long it took, how long frames
 * were, and by how much what is read moved other than by that.
 */
const SCROLL = `new Promise((done) => {
  const view = document.querySelector('.timeline');
  const startedAt = performance.now();
  const frames = [];
  let [moved, pages, heldAt, idle] = [0, 0, 0, 0];
  let held = null;
  const topOf = (row) => row.getBoundingClientRect().top;
  const inSight = () => {
    const top = topOf(view) + 40;
    for (const row of document.querySelectorAll('[data-message]')) if (topOf(row) > top) return row;
    return null;
  };
  let before = performance.now();
  const step = (now) => {
    frames.push(now - before);
    before = now;
    if (held?.isConnected) moved = Math.max(moved, Math.abs(topOf(held) - heldAt));
    const was = view.scrollTop;
    view.scrollTop = was - view.clientHeight * 0.8;
    idle = view.scrollTop === was ? idle + 1 : 0;
    if (idle > 120) return done({ ms: performance.now() - startedAt, frames, moved, text: inSight()?.innerText });
    held = inSight();
    heldAt = held ? topOf(held) : 0;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

interface Scrolled {
  ms: number;
  frames: number[];
  moved: number;
  text: string;
}

class BenchNode {
  readonly data: string;
  readonly #window;
  readonly #url: Promise<string>;

  constructor(folder: string) {
    this.data = mkdtempSync(path.join(folder, 'chatter-bench-page-'));
    this.#window = spawn(process.execPath, [MAIN, 'open', '--no-browser', '--lan-only', '--data', this.data]);
    let out = '';
    this.#url = new Promise<string>((resolve) => {
      this.#window.stdout.on('data', (bytes: Buffer) => {
        out += bytes;
        const [, address] = /The page is at (\S+)/.exec(out) ?? [];
        if (address) resolve(address);
      });
    });
  }

  async client(): Promise<Client> {
    await this.#url;
    const client = await Client.find({ folder: new DataFolder({ data: this.data }) });
    if (!client) throw new Error('The node has ended.');
    await client.request('join', { room: ROOM, reach: 'here', openAnyway: true });
    return client;
  }

  async stop(client: Client): Promise<void> {
    await client.stop();
    const gone = new Promise((resolve) => this.#window.once('exit', resolve));
    this.#window.kill('SIGINT');
    await gone;
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const inMemory = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const nodes = [
    new BenchNode(os.tmpdir()),
    ...Array.from({ length: WRITERS }, () => new BenchNode(inMemory)),
  ];
  const clients = await Promise.all(nodes.map((node) => node.client()));
  const [own, ...others] = clients as [Client, Client];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    await fill(others[0], own);
    await own.request('read', { room: ROOM });
    await opening(browser, own);
    const page = await openPage(browser, own);
    await page.evaluate('window.__first');
    await memory(page, 'memory of the page when the room is open');
    await scrolling(page);
    await memory(page, 'the same at the start of the history');
    await searching(page);
    await page.getByRole('button', { name: /new$|Newest/ }).click();
    await typing(page, ROOM, own, others);
    await memory(page, 'the same after that');
  } finally {
    await browser.close();
    for (const [i, node] of nodes.entries()) await node.stop(clients[i] as Client);
  }
}

/** Says everything on one node, and waits until the other has it. */
async function fill(from: Client, to: Client): Promise<void> {
  const startedAt = performance.now();
  await many(MESSAGES, SAID_AT_ONCE, async (i) => {
    await from.request('say', { room: ROOM, text: textOf(i) });
  });
  const said = performance.now();
  for (let count = 0; count < MESSAGES; await sleep(200))
    count = (await to.request('retention', { room: ROOM })).messages;
  const rate = MESSAGES / ((said - startedAt) / 1_000);
  line(
    `${MESSAGES} messages said, ${rate.toFixed(0)} a second`,
    `the other node has them ${ms(performance.now() - said)} later`,
  );
}

const textOf = (i: number): string => {
  const words = ['boot', 'table', 'map', 'board', 'flash', 'probe', 'rate', 'clock', 'frame', 'cable'];
  const sentence = Array.from({ length: 4 + (i % 17) }, (_, n) => words[(i * 7 + n * n) % words.length]);
  const rare = i % 10_000 === 77 ? ' heliotrope' : '';
  return `message ${i}: ${sentence.join(' ')}${rare}${i % 5 === 0 ? ' with **some** `code`' : ''}`;
};

async function openPage(browser: Browser, client: Client): Promise<Page> {
  const { url } = await client.request('page', { room: ROOM });
  // What tells the page more than its node hears is a worker, which the page itself may not start.
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, bypassCSP: true });
  await page.addInitScript(WATCH_KEYS + WATCH_FIRST);
  await page.goto(url);
  return page;
}

async function opening(browser: Browser, client: Client): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < OPENED; i++) {
    const page = await openPage(browser, client);
    times.push((await page.evaluate('window.__first')) as number);
    await page.close();
  }
  line('from the address to the newest messages', spread(times));
}

async function scrolling(page: Page): Promise<void> {
  const { ms: took, frames, moved, text } = (await page.evaluate(SCROLL)) as Scrolled;
  if (!/message \d\d?:/.test(text)) throw new Error(`The start is not in sight but ${text}.`);
  const long = frames.filter((frame) => frame > 50).length;
  line(
    'from the end of the history to its start',
    `${ms(took)}, ${(MESSAGES / (took / 1_000)).toFixed(0)} messages a second; frames ${spread(frames)}, ` +
      `${long} of ${frames.length} over 50 ms; what is read moved by ${moved.toFixed(1)} px at most`,
  );
}

async function searching(page: Page): Promise<void> {
  for (const [what, words] of [
    ['a rare word', 'heliotrope'],
    ['two common words', 'boot table'],
    ['nothing', 'xylophone'],
  ] as const) {
    await page.getByRole('button', { name: 'Search here' }).click();
    const startedAt = performance.now();
    await page.getByRole('searchbox', { name: 'Words to find' }).fill(words);
    const status = page.getByRole('status').filter({ hasText: /found/ });
    await status.waitFor();
    line(`search: ${what}`, `${ms(performance.now() - startedAt)}, ${await status.innerText()}`);
    await page.keyboard.press('Escape');
  }
}

async function memory(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (wanted: string) => metrics.find(({ name: each }) => each === wanted)?.value ?? 0;
  await session.detach();
  line(
    name,
    `${(of('JSHeapUsedSize') / 1e6).toFixed(1)} MB of JavaScript, ${of('Nodes')} nodes of the document`,
  );
}

await main();
