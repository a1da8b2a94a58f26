import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/clock.js';
import { MAIN } from '../hosts/hosts.js';
import { Api, NODE_OPTIONS } from '../support/api-server.js';
import type { HeapFigures } from './heap-figures.js';
import { summary } from './summary.js';

/** The flood, and when in it memory is looked at. */
const LOOKS = [10, 20, 30, 40, 50, 60];
const SECONDS = 60;
const LINES_PER_SECOND = 1_000;
const TICK_MS = 10;
const KEY_EVERY_MS = 97;
const HEAP_FIGURES = path.resolve('dist/test/bench/heap-figures.js');

/**
 * How soon a key is seen on the full screen while 1,000 lines a second come, and what the window holds then. No node takes
 * that many from anybody: they come from a server of the API, with nothing behind it.
 */
export async function typingInAFlood(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'chatter-bench-'));
  const api = new Api(systemClock, 'bench');
  await api.open();
  const node = { pid: process.pid, port: api.port, options: NODE_OPTIONS };
  writeFileSync(path.join(folder, 'node.json'), JSON.stringify(node));
  writeFileSync(path.join(folder, 'token'), api.token);
  const screen = new Screen(folder);
  try {
    await screen.until('lobby');
    console.log(summary('a key on the full screen, nobody talks', await typing(screen, 3)));
    const flood = flooding(api);
    const times: number[] = [];
    const held: [string, HeapFigures][] = [['before', screen.held()]];
    for (const [i, until] of LOOKS.entries()) {
      times.push(...(await typing(screen, until - (LOOKS[i - 1] ?? 0))));
      held.push([`${until} s`, screen.held()]);
    }
    const said = await flood;
    held.push(['collected', await screen.heldAlive()]);
    console.log(summary(`the same, ${LINES_PER_SECOND} lines/s for ${SECONDS} s`, times));
    const sorted = [...times].sort((x, y) => x - y);
    console.log(
      `  p95 ${sorted[Math.floor(sorted.length * 0.95)]?.toFixed(0)} ms, ${said} lines in all; what the window holds, in MB:`,
    );
    for (const [when, figures] of held) console.log(`  ${when.padStart(9)}  ${heldWords(figures)}`);
  } finally {
    await screen.close(); // before its node: it would start one
    await api.close();
    rmSync(folder, { recursive: true });
  }
}

const heldWords = ({ rss, young, old, oldUsed, external }: HeapFigures): string => {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1).padStart(5);
  return `resident ${mb(rss)}, young ${mb(young)}, old ${mb(old)} (used ${mb(oldUsed)}), buffers ${mb(external)}`;
};

/** Says lines at their rate; resolves to how many. */
async function flooding(api: Api): Promise<number> {
  const start = performance.now();
  let said = 0;
  for (;;) {
    const now = performance.now() - start;
    const due = Math.min(now, SECONDS * 1000) * (LINES_PER_SECOND / 1000);
    for (; said < due; said++) api.node.message(`line ${said}.`);
    if (now >= SECONDS * 1000) return said;
    await sleep(TICK_MS);
  }
}

/** Milliseconds from each key until it stands in the input. */
async function typing(screen: Screen, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  let text = '';
  while (performance.now() < end) {
    if (text.length >= 20) {
      screen.type('\u0015'); // Ctrl-U
      await sleep(2 * KEY_EVERY_MS);
      text = '';
    }
    const key = String.fromCharCode(97 + (times.length % 26));
    text += key;
    const startedAt = performance.now();
    screen.type(key);
    await screen.shows(`> ${text}`);
    times.push(performance.now() - startedAt);
    await sleep(KEY_EVERY_MS);
  }
  screen.type('\u0015');
  return times;
}

/** The full screen at a terminal of its own, made by `script`; what it draws can be waited for. */
class Screen {
  readonly #child: ChildProcess;
  readonly #figures: string;
  #drawn = '';
  #wake: () => void = () => {};

  constructor(folder: string) {
    this.#figures = path.join(folder, 'figures.json');
    const node = `${process.execPath} --expose-gc --import ${pathToFileURL(HEAP_FIGURES)}`;
    const command = `stty cols 120 rows 40; exec ${node} ${MAIN} join lobby --data ${folder}`;
    this.#child = spawn('script', ['-qfc', command, '/dev/null'], {
      stdio: 'pipe',
      env: { ...process.env, TERM: 'xterm-256color', HEAP_FIGURES: this.#figures },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#drawn = (this.#drawn + chunk).slice(-200_000);
      this.#wake();
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Resolves when this is drawn after now. */
  async shows(text: string): Promise<void> {
    this.#drawn = '';
    await this.until(text);
  }

  async until(text: string, timeoutMs = 30_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours text
    while (!this.#drawn.replace(/\u001b\[[\d;]*m/g, '').includes(text)) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not drawn: ${text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** What the window's own process held when it was asked last: not long ago. */
  held(): HeapFigures {
    return JSON.parse(readFileSync(this.#figures, 'utf8')) as HeapFigures;
  }

  /** What it holds once all that is dead was collected. */
  async heldAlive(): Promise<HeapFigures> {
    process.kill(this.held().pid, 'SIGUSR2');
    const { at } = this.held();
    while (!(this.held().collected && this.held().at > at)) await sleep(100);
    return this.held();
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.type('\u0003\u0003');
    await once(this.#child, 'close');
  }
}
