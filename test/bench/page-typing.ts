import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Message } from '../../src/daemon/chat-api.js';
import type { Client } from '../../src/daemon/client.js';
import { line, many, ms, spread } from './page-figures.js';

/** What nodes on one machine can say, verify and store is not what is measured: few say what one of them may for long. */
const SAID_PER_SECOND = Number(process.env.RATE ?? 300);
/** What the page is told a second, whoever can say as much. */
const TOLD_PER_SECOND = 1_000;
const FLOOD_SECONDS = 10;
const SAID_AT_ONCE = 60;
const KEYS = 60;

/**
 * What a person waits for when a key is pressed, as the browser says it: to the next picture, in steps of 8 ms. And
 * the socket of the page, so that it can be told more than its node hears.
 */
export const WATCH_KEYS = `
  window.__keys = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'keydown') window.__keys.push(duration);
  }).observe({ type: 'event', durationThreshold: 16 });
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      window.__socket = this;
    }
  };`;

/** Tells the page messages of six people, each as an event in a frame of its own, from beside the page's thread. */
const tell = (message: object) => `new Promise((done) => {
  const beside = (${writer.toString()})
  const worker = new Worker(URL.createObjectURL(new Blob(['(' + beside + ')()'])));
  worker.onmessage = ({ data }) => (data === 'end' ? done() : window.__socket.onmessage({ data }));
  worker.postMessage(${JSON.stringify({ message, perSecond: TOLD_PER_SECOND, seconds: FLOOD_SECONDS })});
})`;

interface Beside {
  onmessage: (event: { data: { message: Message; perSecond: number; seconds: number } }) => void;
  postMessage: (frame: string) => void;
}

/** Runs in a worker of the page. */
function writer(): void {
  const port = globalThis as unknown as Beside;
  port.onmessage = ({ data: { message, perSecond, seconds } }) => {
    const startedAt = performance.now();
    let said = 0;
    const step = () => {
      const passed = Math.min(seconds, (performance.now() - startedAt) / 1_000);
      while (said < passed * perSecond) {
        said++;
        const { length } = message.author.id;
        const id = String.fromCharCode(98 + (said % 6)).repeat(length);
        const author = { ...message.author, id, name: `Writer ${said % 6}` };
        const text = `told ${said}: boot table map board${said % 5 === 0 ? ' with **some** `code`' : ''}`;
        const own = { id: said.toString(16).padStart(message.id.length, '0'), clock: message.clock + said };
        const event = { ...message, ...own, author, text, self: false, deliveredTo: [], readBy: [] };
        port.postMessage(JSON.stringify({ event: { ...event, sent: new Date().toISOString() } }));
      }
      if (passed < seconds) setTimeout(step, 2);
      else port.postMessage('end');
    };
    step();
  };
}

/** How long a key takes in a quiet room, while others talk fast, and while a thousand messages a second are told. */
export async function typing(
  page: Page,
  room: string,
  own: Client,
  others: readonly Client[],
): Promise<void> {
  await page.getByRole('textbox', { name: `Message ${room}` }).click();
  line('a key, until it is drawn, in a quiet room', spread(await keys(page, KEYS / 2)));

  const startedAt = performance.now();
  const flood = Promise.all(others.map((other) => flooding(other, room, SAID_PER_SECOND / others.length)));
  const busy = await keys(page, KEYS);
  const said = (await flood).reduce((sum, count) => sum + count, 0);
  const rate = said / ((performance.now() - startedAt) / 1_000);
  line(`the same while ${rate.toFixed(0)} messages a second are said by others`, spread(busy));
  await others[0]?.request('say', { room, text: 'that was the last one' });
  const lastAt = performance.now();
  await page.getByRole('feed').getByText('that was the last one').waitFor({ timeout: 300_000 });
  line('the last of them is drawn after', ms(performance.now() - lastAt));

  const { messages } = await own.request('history', { room, limit: 1 });
  const told = page.evaluate(tell({ type: 'message', epoch: '', seq: 0, time: '', ...messages[0] }));
  const flooded = await keys(page, KEYS);
  await told;
  line(`the same while the page is told ${TOLD_PER_SECOND} a second`, spread(flooded));
}

/** Says this many a second for a while; resolves to how many it were. */
async function flooding(client: Client, room: string, perSecond: number): Promise<number> {
  const startedAt = performance.now();
  let said = 0;
  for (let seconds = 0; seconds < FLOOD_SECONDS; seconds = (performance.now() - startedAt) / 1_000) {
    const due = Math.floor(seconds * perSecond) - said;
    await many(Math.max(0, due), SAID_AT_ONCE, async () => {
      await client.request('say', { room, text: `said ${said++}: boot table map board` });
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
