import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type Host, Lan, MAIN, pids } from '../hosts/hosts.js';
import { openBrowser, openNode, openPage, ROOM } from './call-pages.js';
import { processorTimes, secondsOf } from './processor.js';

const SECONDS = Number(process.env.SECONDS ?? 10);
const SIZES = [4, 8] as const;
const WIDTH = 320;
const HEIGHT = 180;
const FPS = 15;
/** So long everybody has to be seen and heard by everybody. */
const PATIENCE_MS = 60_000;

/**
 * A small camera with something that moves, and a voice: 200 ms of a tone every two seconds, each member in a
 * part of them of their own. `window.__heard` gathers who was shown to speak, `window.__pictures` counts pictures by tile.
 */
const MEMBER = (number: number, of: number) => `
  navigator.mediaDevices.getUserMedia = async ({ audio }) => {
    if (audio) {
      const context = new AudioContext({ sampleRate: 48000 });
      const [tone, gain] = [context.createOscillator(), context.createGain()];
      const out = context.createMediaStreamDestination();
      gain.gain.value = 0;
      tone.connect(gain).connect(out);
      tone.start();
      setInterval(() => {
        const part = (Date.now() % 2000) / 2000 * ${of};
        gain.gain.value = part >= ${number} && part < ${number} + 0.8 ? 0.5 : 0;
      }, 20);
      return out.stream;
    }
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [${WIDTH}, ${HEIGHT}];
    const context = canvas.getContext('2d', { alpha: false });
    const generator = new MediaStreamTrackGenerator({ kind: 'video' });
    const writer = generator.writable.getWriter();
    let turn = 0;
    const timer = setInterval(() => {
      turn++;
      context.fillStyle = 'hsl(${(360 * number) / of} 40% 40%)';
      context.fillRect(0, 0, ${WIDTH}, ${HEIGHT});
      context.fillStyle = '#eee';
      context.fillRect((turn * 5) % ${WIDTH}, 40, 80, 80);
      const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
      writer.write(frame).catch(() => {
        frame.close();
        clearInterval(timer);
      });
    }, 1000 / ${FPS});
    return new MediaStream([generator]);
  };
  window.__heard = new Set();
  window.__pictures = new Map();
  const look = () => {
    for (const tile of document.querySelectorAll('.stage .tile')) {
      const video = tile.querySelector('video:not(.mirrored)');
      const who = (tile.getAttribute('aria-label') ?? '').split(',')[0];
      if (!video) continue;
      if (tile.classList.contains('speaks')) window.__heard.add(who);
      if (video.__counted) continue;
      video.__counted = true;
      const count = () => {
        window.__pictures.set(who, (window.__pictures.get(who) ?? 0) + 1);
        video.requestVideoFrameCallback(count);
      };
      video.requestVideoFrameCallback(count);
    }
  };
  setInterval(look, 50);`;

interface Member {
  page: Page;
  window: ChildProcess;
  data: string;
}

/** Everybody in a call of 4 and of 8 sees and hears everybody, on one machine: what it takes of the processor and of each one's uplink. */
export async function groups(wanted: (name: string) => boolean): Promise<void> {
  for (const size of SIZES) {
    const name = `group of ${size}, ${WIDTH}x${HEIGHT}@${FPS}`;
    if (!wanted(name)) continue;
    const lan = new Lan(1);
    try {
      const [host] = lan.hosts as [Host];
      console.log(`${name}\n  ${await measure(host, size)}`);
    } finally {
      lan.close();
    }
  }
}

async function measure(host: Host, size: number): Promise<string> {
  const browser = await openBrowser(host);
  const members: Member[] = [];
  try {
    for (let i = 0; i < size; i++) {
      const data = path.join(host.folder, `member-${i}`);
      const options = ['--reach', 'here', '--lan-only', '--name', `Member ${i}`];
      const { window, url } = await openNode(host, data, options);
      members.push({ window, data, page: await openPage(browser, url, MEMBER(i, size)) });
    }
    for (const { page } of members) await page.getByText(`${size} here`).first().waitFor();
    for (const [i, { page }] of members.entries()) await join(page, i === 0);
    const joinedAt = performance.now();
    while (!(await isWhole(members)) && performance.now() - joinedAt < PATIENCE_MS) await sleep(200);
    const after = `${((performance.now() - joinedAt) / 1000).toFixed(1)} s after the last one joined`;
    return `${await reachWords(members)} ${after}; ${await figures(host, members)}`;
  } finally {
    await browser.close();
    for (const { window } of members) window.kill('SIGKILL');
  }
}

async function join(page: Page, isFirst: boolean): Promise<void> {
  const name = isFirst ? 'Call' : 'Join';
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByText('Camera is off', { exact: true }).click();
  await page.getByText('Camera is on.').waitFor();
  await page.getByText('Microphone is off', { exact: true }).click();
  await page.getByRole('button', { name: 'Join with camera and microphone' }).click();
}

/** Of each member: how many others it has heard, and seen. */
const reached = (members: readonly Member[]) =>
  Promise.all(
    members.map(
      async ({ page }) =>
        (await page.evaluate('[window.__heard.size, window.__pictures.size]')) as [number, number],
    ),
  );

async function isWhole(members: readonly Member[]): Promise<boolean> {
  const others = members.length - 1;
  return (await reached(members)).every(([heard, seen]) => heard >= others && seen >= others);
}

async function reachWords(members: readonly Member[]): Promise<string> {
  if (await isWhole(members)) return 'everybody sees and hears everybody';
  const all = await reached(members);
  const least = (which: 0 | 1) => Math.min(...all.map((each) => each[which]));
  return `NOT everybody: of ${members.length - 1} others at least ${least(0)} are heard, ${least(1)} seen`;
}

async function figures(host: Host, members: readonly Member[]): Promise<string> {
  await sleep(3_000);
  const counted = async () => ({
    at: performance.now(),
    processors: processorTimes(),
    all: secondsIn(host),
    nodes: members.reduce((sum, { data }) => sum + secondsOf(nodePid(data)), 0),
    pictures: await Promise.all(
      members.map(async ({ page }) => (await page.evaluate('[...window.__pictures.values()]')) as number[]),
    ),
    sent: await Promise.all(members.map(({ data }) => sentBytes(host, data))),
  });
  const before = await counted();
  await sleep(SECONDS * 1000);
  const after = await counted();
  const seconds = (after.at - before.at) / 1000;
  const fps = after.pictures.flatMap((counts, i) =>
    counts.map((count, j) => (count - (before.pictures[i]?.[j] ?? 0)) / seconds),
  );
  const uplinks = after.sent.map((bytes, i) => ((bytes - (before.sent[i] as number)) * 8) / seconds / 1000);
  const idle =
    (100 * (after.processors.idle - before.processors.idle)) / (after.processors.all - before.processors.all);
  const of = (cores: number) => `${((100 * cores) / seconds / members.length).toFixed(0)} %`;
  const range = (values: readonly number[]) =>
    `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
  return [
    `${fps.length} pictures of ${range(fps)} fps`,
    `a member sends ${range(uplinks)} kbit/s`,
    `and takes ${of(after.all - before.all)} of a core, browser and node, of it the node ${of(after.nodes - before.nodes)}`,
    `${idle.toFixed(0)} % idle`,
  ].join('; ');
}

/** What a member's node has sent to all others: half of what went both ways, which is alike. */
async function sentBytes(host: Host, data: string): Promise<number> {
  const { out } = await host.run(process.execPath, [MAIN, 'peers', ROOM, '--json', '--data', data]);
  const people = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { self?: boolean; instances: { bytes: number }[] });
  return people
    .filter(({ self }) => !self)
    .flatMap(({ instances }) => instances)
    .reduce((sum, { bytes }) => sum + bytes / 2, 0);
}

const nodePid = (data: string) =>
  (JSON.parse(readFileSync(path.join(data, 'node.json'), 'utf8')) as { pid: number }).pid;

const secondsIn = ({ namespace }: Host) =>
  pids(namespace).reduce((sum, pid) => {
    try {
      return sum + secondsOf(pid);
    } catch {
      return sum; // it has just ended
    }
  }, 0);
