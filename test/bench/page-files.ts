import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { MAIN } from '../hosts/hosts.js';
import { processorSeconds, secondsOf } from './processor.js';

/**
 * A file that is dropped into the page beside the same file by `chatter send`, in turn and in one run: how long until
 * it is whole and checked at another node, and the processor time of all that took part. In the same turns, what the same
 * browser hands over to a program that drops it: no page can be faster than that. `main.ts` starts it on a network of
 * its own. SIZE_MB (1024) and ROUNDS (3) by the environment.
 */
const SIZE_MB = Number(process.env.SIZE_MB ?? 1024);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const PIECE_BYTES = 1024 * 1024;
const SINK = fileURLToPath(new URL('http-sink.js', import.meta.url));

/** As the page does it. */
const HAND_OVER = `new Promise((done) => {
  const request = new XMLHttpRequest();
  request.open('POST', '/');
  request.onload = done;
  request.send(document.querySelector('input').files[0]);
})`;

interface Figures {
  seconds: number;
  megabytesPerSecond: number;
  /** Processor seconds: of the giving node, the taking node, and the rest. */
  cpu: { gives: number; takes: number; others: number };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'chatter-bench-'));
  const windows: ChildProcess[] = [];
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const file = path.join(folder, 'file.bin');
    const out = path.join(folder, 'out');
    const [gives, takes] = [path.join(folder, 'gives'), path.join(folder, 'takes')];
    const start = (data: string, ...args: string[]) => {
      const child = spawn(process.execPath, [MAIN, '--data', data, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, HOME: folder },
      });
      child.stdout.setEncoding('utf8');
      windows.push(child);
      return child;
    };
    const opened = start(gives, 'open', 'bench', '--no-browser', '--lan-only', '--reach', 'here', '--yes');
    const url = await said(opened, /The page is at (\S+)/);
    const receiver = start(
      takes,
      'receive',
      'bench',
      '--lan-only',
      '--reach',
      'here',
      '--yes',
      '--from',
      'anyone',
      '--out',
      out,
      '--json',
    );
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByText('2 here').first().waitFor();
    const sink = spawn(process.execPath, [SINK], { stdio: ['ignore', 'pipe', 'inherit'] });
    sink.stdout.setEncoding('utf8');
    windows.push(sink);
    const bare = await browser.newPage();
    await bare.goto(`http://127.0.0.1:${await said(sink, /(\d+)/)}/`);
    const measureBare = async (): Promise<Figures> => {
      await bare.locator('input').setInputFiles(file);
      const before = { sink: secondsOf(sink.pid as number), all: processorSeconds() };
      const began = performance.now();
      await bare.evaluate(HAND_OVER);
      const seconds = (performance.now() - began) / 1000;
      const takes = secondsOf(sink.pid as number) - before.sink;
      const others = processorSeconds() - before.all - takes;
      return { seconds, megabytesPerSecond: megabytes(seconds), cpu: { gives: 0, takes, others } };
    };
    const measure = async (offer: () => Promise<unknown>): Promise<Figures> => {
      fill(file);
      const before = cpu(gives, takes);
      const began = performance.now();
      const there = said(receiver, /"transfer-done"/);
      await Promise.all([offer(), there]);
      const seconds = (performance.now() - began) / 1000;
      const after = cpu(gives, takes);
      rmSync(path.join(out, 'file.bin'));
      return {
        seconds,
        megabytesPerSecond: megabytes(seconds),
        cpu: {
          gives: after.gives - before.gives,
          takes: after.takes - before.takes,
          others: after.others - before.others,
        },
      };
    };
    const [bySend, byPage, byBrowser]: [Figures[], Figures[], Figures[]] = [[], [], []];
    for (let i = 0; i < ROUNDS; i++) {
      bySend.push(await measure(() => ended(start(gives, 'send', 'bench', file))));
      byPage.push(await measure(() => drop(page, file)));
      byBrowser.push(await measureBare());
    }
    console.log(`${SIZE_MB} MiB from one node to another on this machine, ${ROUNDS} times in turn`);
    show('chatter send', bySend);
    show('dropped in the page', byPage);
    show('by HTTP to nobody', byBrowser);
    const ratio = median(byPage.map(rate)) / median(bySend.map(rate));
    console.log(`the page has ${ratio.toFixed(2)} of the rate of chatter send`);
  } finally {
    await browser.close();
    for (const window of windows) window.kill('SIGINT');
    await Promise.all(windows.map(ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }
}

/** Fresh content: a file that was offered before is known, and comes in no time. */
function fill(file: string): void {
  const piece = Buffer.alloc(PIECE_BYTES);
  const fd = openSync(file, 'w');
  for (let at = 0; at < SIZE_MB; at++) {
    for (let i = 0; i < PIECE_BYTES; i += 4096) piece.writeDoubleLE(Math.random(), i);
    writeSync(fd, piece);
  }
}

async function drop(page: Page, file: string): Promise<void> {
  await page.getByLabel('Files to offer').setInputFiles(file);
}

/** Resolves to what the pattern finds first in what is printed from now on. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: string) => {
      text += chunk;
      const found = pattern.exec(text);
      if (!found) return;
      child.stdout?.off('data', onData);
      resolve(found[1] ?? '');
    };
    child.stdout?.on('data', onData);
    child.once('exit', () => reject(new Error(`It ended before it said ${pattern}.`)));
  });
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** Processor seconds so far of both nodes and of all others on this network. */
function cpu(gives: string, takes: string): Figures['cpu'] {
  const node = (data: string) => {
    const { pid } = JSON.parse(readFileSync(path.join(data, 'node.json'), 'utf8')) as { pid: number };
    return secondsOf(pid);
  };
  const [given, taken] = [node(gives), node(takes)];
  return { gives: given, takes: taken, others: processorSeconds() - given - taken };
}

const megabytes = (seconds: number): number => (SIZE_MB * PIECE_BYTES) / 1e6 / seconds;

const rate = ({ megabytesPerSecond }: Figures): number => megabytesPerSecond;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function show(name: string, rounds: readonly Figures[]): void {
  const middle = (of: (figures: Figures) => number) => median(rounds.map(of)).toFixed(1);
  console.log(
    `${name.padEnd(20)} ${median(rounds.map(rate)).toFixed(0).padStart(4)} MB/s (${rounds.map((each) => rate(each).toFixed(0)).join(', ')})   ` +
      `processor seconds: giver ${middle(({ cpu: { gives } }) => gives)}, taker ${middle(({ cpu: { takes } }) => takes)}, ` +
      `browser and commands ${middle(({ cpu: { others } }) => others)}`,
  );
}

await main();
