import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Client } from '../../src/daemon/client.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { MAIN } from '../hosts/hosts.js';

/**
 * The page in a room of many messages: until it can be read, from the end to the start of the history, a search, and how
 * long a key takes while messages come fast. Nodes and a browser on one machine, whose network is its own; `main.ts`
 * starts it there. Those who write have their data in memory where they can: their disks are not what is measured.
 */
const MESSAGES = Number(process.env.MESSAGES ?? 100_000);
const FLOOD_PER_SECOND = Number(process.env.RATE ?? 1_000);
const FLOOD_SECONDS = 10;
/** One person may say 200 a second for long. */
const SAID_PER_SECOND = 180;
const WRITERS = Math.ceil(FLOOD_PER_SECOND / SAID_PER_SECOND);
const OPENED = 5;
const ROOM = 'bench';
const SAID_AT_ONCE = 60;

/** What a person waits for when a key is pressed, as the browser says it: to the next picture, in steps of 8 ms. */
const WATCH_KEYS = `
  window.__keys = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'keydown') window.__keys.push(duration);
  }).observe({ type: 'event', durationThreshold: 16 });`;

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
    await typing(page, others);
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
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
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

async function typing(page: Page, others: readonly Client[]): Promise<void> {
  const field = page.getByRole('textbox', { name: `Message ${ROOM}` });
  await field.click();
  const quiet = await keys(page, 30);
  const startedAt = performance.now();
  const flood = Promise.all(others.map((other) => flooding(other, FLOOD_PER_SECOND / others.length)));
  const busy = await keys(page, 60);
  const said = (await flood).reduce((sum, count) => sum + count, 0);
  const rate = said / ((performance.now() - startedAt) / 1_000);
  await others[0]?.request('say', { room: ROOM, text: 'that was the last one' });
  const lastAt = performance.now();
  await page.getByRole('feed').getByText('that was the last one').waitFor({ timeout: 60_000 });
  line('a key, until it is drawn, in a quiet room', spread(quiet));
  line(`the same while ${rate.toFixed(0)} messages a second come`, spread(busy));
  line('the last of them is drawn after', ms(performance.now() - lastAt));
}

/** Says this many a second for a while; resolves to how many it were. */
async function flooding(client: Client, perSecond: number): Promise<number> {
  const startedAt = performance.now();
  let said = 0;
  for (let seconds = 0; seconds < FLOOD_SECONDS; seconds = (performance.now() - startedAt) / 1_000) {
    const due = Math.floor(seconds * perSecond) - said;
    await many(Math.max(0, due), SAID_AT_ONCE, async () => {
      await client.request('say', { room: ROOM, text: textOf(said++) });
    });
    await sleep(5);
  }
  return said;
}

/** Types for a while; how long each key took. What is not told was faster than 16 ms. */
async function keys(page: Page, count: number): Promise<number[]> {
  await page.evaluate('window.__keys.length = 0');
  for (let i = 0; i < count; i++) {
    await page.keyboard.press('a');
    await sleep(100);
  }
  await sleep(500);
  const told = (await page.evaluate('window.__keys')) as number[];
  return [...told, ...Array<number>(Math.max(0, count - told.length)).fill(16)];
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

/** Does something this many times, several at once. */
async function many(count: number, atOnce: number, fn: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await fn(i);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}

const line = (name: string, figures: string) => console.log(`${name.padEnd(52)} ${figures}`);
const ms = (value: number) => `${value.toFixed(0)} ms`;

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)}, worst ${sorted.at(-1)?.toFixed(0)}, n=${sorted.length}`;
}

await main();
