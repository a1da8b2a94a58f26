import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Host, MAIN, pids } from '../hosts/hosts.js';
import { ANSWER, DEVICES, OFFER, PERCEIVE, type Perceived } from './call-scripts.js';
import { NOTE_STAGES, stagesOf } from './call-stages.js';
import { processorTimes, secondsOf } from './processor.js';

const CHROMIUM = '/usr/bin/chromium';
const ROOM = 'bench';
const PORT = '4711';
const MIME_TYPES: Record<string, string> = { h264: 'video/H264', vp9: 'video/VP9', av1: 'video/AV1' };
/** Bits a second that Chatter's encoder takes for these sizes; the other is allowed as many. */
const BITRATES: Record<number, number> = { 480: 691_000, 720: 2_073_000, 1080: 4_666_000 };
const COPY_BYTES = 1.5e9;

export interface Camera {
  codec: string;
  lines: number;
  width: number;
}

/** What one way of calling came to. */
export interface Figures extends Perceived {
  /** Of one core, in percent: browsers and nodes together. */
  cpu: number;
  /** Bits a second that came in at the watcher, everything together, and what of it was a file. */
  lineBps: number;
  copyBps: number;
  /** Of all processors, in percent: what nobody used. Little of it, and a figure says more about the machine. */
  idle: number;
  /** Where Chatter's milliseconds go, if it was asked for. */
  stages?: string;
}

export interface CallSessionOptions {
  /** The second host's, where multicast does not find it. */
  address?: string;
  /** Note when each frame passes each stage; costs a little of its own. */
  stages?: boolean;
}

/**
 * Two nodes and two browsers on two hosts: one shows its camera and speaks, the other watches; by Chatter, and then by
 * RTCPeerConnection in the same pages.
 */
export class CallSession {
  readonly #hosts: readonly [Host, Host];
  readonly #camera: Camera;
  readonly #pages: readonly [Page, Page];
  readonly #browsers: readonly Browser[];
  readonly #windows: readonly ChildProcess[];
  readonly #stages: boolean;
  #copy: ChildProcess | null = null;

  private constructor(
    hosts: readonly [Host, Host],
    camera: Camera,
    pages: readonly [Page, Page],
    browsers: readonly Browser[],
    windows: readonly ChildProcess[],
    stages: boolean,
  ) {
    this.#hosts = hosts;
    this.#camera = camera;
    this.#pages = pages;
    this.#browsers = browsers;
    this.#windows = windows;
    this.#stages = stages;
  }

  static async open(
    hosts: readonly [Host, Host],
    camera: Camera,
    { address, stages = false }: CallSessionOptions = {},
  ): Promise<CallSession> {
    const browsers: Browser[] = [];
    const windows: ChildProcess[] = [];
    const pages: Page[] = [];
    for (const [i, host] of hosts.entries()) {
      const peer = address && i === 0 ? ['--peer', `${address}:${PORT}`] : [];
      const { window, url } = await openNode(host, ['--listen', PORT, ...peer]);
      windows.push(window);
      const browser = await openBrowser(host);
      browsers.push(browser);
      const context = await browser.newContext({
        bypassCSP: true,
        permissions: ['camera', 'microphone'], // or WebRTC would use no address of this network
        viewport: { width: 1440, height: 1000 },
      });
      context.setDefaultTimeout(120_000);
      const page = await context.newPage();
      await page.addInitScript(`
        localStorage.setItem('chatter-call-settings', JSON.stringify({ codec: '${camera.codec}', lines: ${camera.lines} }));
        ${DEVICES(camera.width, camera.lines)}
        ${stages ? NOTE_STAGES : ''}`);
      await page.goto(url);
      pages.push(page);
    }
    const [a, b] = pages as [Page, Page];
    await a.getByText('2 here').first().waitFor();
    return new CallSession(hosts, camera, [a, b], browsers, windows, stages);
  }

  /** The first host sends a file to the second from now on, one that does not end before the measurement. */
  async startCopy(): Promise<void> {
    const [from, to] = this.#hosts;
    const file = path.join(from.folder, 'copied');
    writeFileSync(file, '');
    truncateSync(file, COPY_BYTES);
    const inbox = path.join(to.folder, 'inbox');
    mkdirSync(inbox, { recursive: true });
    const chatter = (host: Host, ...args: string[]) =>
      host.spawn(process.execPath, [MAIN, ...args, '--data', dataOf(host)], { stdio: 'ignore' });
    chatter(to, 'receive', ROOM, '--yes', '--from', 'anyone', '--out', inbox);
    this.#copy = chatter(from, 'send', ROOM, file);
    while ((await this.#copied()) === 0) await sleep(200);
  }

  /** By Chatter. `during` is called when the measurement begins. */
  async ours(seconds: number, during: () => void = () => {}): Promise<Figures> {
    const [a, b] = this.#pages;
    await a.getByRole('button', { name: 'Call', exact: true }).click();
    await a.getByText('Camera is off', { exact: true }).click();
    await a.getByText('Camera is on.').waitFor();
    await a.getByText('Microphone is off', { exact: true }).click();
    await a.getByRole('button', { name: 'Join with camera and microphone' }).click();
    await b.getByRole('button', { name: 'Join', exact: true }).click();
    await b.getByRole('button', { name: 'Join to listen and watch' }).click();
    await b.getByRole('button', { name: 'Spotlight' }).click();
    const video = `document.querySelector('.stage video:not(.mirrored)')`;
    await b.locator('.stage video:not(.mirrored)').waitFor();
    const figures = await this.#measure(video, seconds, during, this.#stages);
    await a.getByRole('button', { name: 'Leave', exact: true }).click();
    await b.getByRole('button', { name: /^Leave/ }).click();
    return figures;
  }

  /** By RTCPeerConnection, with the same camera and microphone. */
  async theirs(seconds: number, during: () => void = () => {}): Promise<Figures> {
    const [a, b] = this.#pages;
    const { codec, lines } = this.#camera;
    const offer = await a.evaluate(OFFER(MIME_TYPES[codec] as string, BITRATES[lines] as number));
    const answer = await b.evaluate(ANSWER(offer));
    await a.evaluate(`window.__peer.setRemoteDescription(${JSON.stringify(answer)})`);
    const figures = await this.#measure('window.__peerVideo', seconds, during);
    for (const page of this.#pages) await page.evaluate('window.__peer.close(); window.__peerOwn?.stop()');
    return figures;
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers) await browser.close();
    for (const window of [...this.#windows, this.#copy]) window?.kill('SIGKILL');
  }

  async #measure(video: string, seconds: number, during: () => void, stages = false): Promise<Figures> {
    await sleep(5_000); // encoders and rate controls have settled
    if (stages) for (const page of this.#pages) await page.evaluate('window.__forgetStages()');
    const before = await this.#counters();
    during();
    const perceived = (await this.#pages[1].evaluate(PERCEIVE(video, seconds))) as Perceived;
    const after = await this.#counters();
    const since = (key: 'cpu' | 'line' | 'copied') =>
      (after[key] - before[key]) / ((after.at - before.at) / 1000);
    return {
      ...perceived,
      cpu: since('cpu') * 100,
      lineBps: since('line') * 8,
      copyBps: since('copied') * 8,
      idle:
        (100 * (after.processors.idle - before.processors.idle)) /
        (after.processors.all - before.processors.all),
      ...(stages ? { stages: await stagesOf(this.#pages, perceived) } : {}),
    };
  }

  async #counters() {
    const [, to] = this.#hosts;
    const copied = this.#copy ? await this.#copied() : 0;
    const { out } = await to.run('cat', ['/proc/net/dev']);
    const line = out.split('\n').flatMap((each) => {
      const [name = '', bytes = '0'] = each.trim().split(/[\s:]+/);
      return name === 'lo' ? [] : [Number(bytes) || 0];
    });
    const cpu = this.#hosts.reduce((sum, { namespace }) => sum + processorSeconds(pids(namespace)), 0);
    const processors = processorTimes();
    return { at: performance.now(), cpu, line: line.reduce((a, b) => a + b, 0), copied, processors };
  }

  /** Bytes of the file that the second host has. */
  async #copied(): Promise<number> {
    const [, to] = this.#hosts;
    const { out } = await to.chatter(['transfers', ROOM, '--json']);
    const [first] = out.split('\n').filter(Boolean);
    return first ? (JSON.parse(first) as { bytes: number }).bytes : 0;
  }
}

const dataOf = (host: Host) => path.join(host.folder, 'data');

async function openNode(host: Host, options: string[]): Promise<{ window: ChildProcess; url: string }> {
  const args = ['open', ROOM, '--yes', '--reach', 'here', '--no-browser', '--lan-only', ...options];
  const window = host.spawn(process.execPath, [MAIN, ...args, '--data', dataOf(host)]);
  let out = '';
  const url = await new Promise<string>((resolve, reject) => {
    window.once('exit', () => reject(new Error(`the node did not start: ${out}`)));
    for (const stream of [window.stdout, window.stderr])
      stream?.on('data', (bytes: Buffer) => {
        out += bytes;
        const [, address] = /The page is at (\S+)/.exec(out) ?? [];
        if (address) resolve(address);
      });
  });
  return { window, url };
}

/** A browser on this host: a script puts it there. */
function openBrowser(host: Host): Promise<Browser> {
  const script = path.join(host.folder, 'chromium');
  writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${host.namespace} ${CHROMIUM} "$@"\n`);
  chmodSync(script, 0o755);
  return chromium.launch({
    executablePath: script,
    args: [
      '--no-sandbox',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
}

/** Of all processes on these hosts; one that has just ended counts nothing. */
function processorSeconds(processes: readonly number[]): number {
  return processes.reduce((sum, pid) => {
    try {
      return sum + secondsOf(pid);
    } catch {
      return sum;
    }
  }, 0);
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
