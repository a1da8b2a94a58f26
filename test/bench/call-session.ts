import type { ChildProcess } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { type Host, MAIN, pids } from '../hosts/hosts.js';
import { CallPages, type CallPagesOptions, dataOf, ROOM } from './call-pages.js';
import { ANSWER, DEVICES, OFFER, PERCEIVE, type Perceived } from './call-scripts.js';
import { NOTE_STAGES, stagesOf } from './call-stages.js';
import { lineBytes } from './line-bytes.js';
import { processorTimes, secondsOf } from './processor.js';

const MIME_TYPES: Record<string, string> = { h264: 'video/H264', vp9: 'video/VP9', av1: 'video/AV1' };
/** Bits a second that Chatter's encoder takes for these sizes; the other is allowed as many. */
const BITRATES: Record<number, number> = { 480: 691_000, 720: 2_073_000, 1080: 4_666_000 };
/** What is there to copy: more than passes while it is measured. */
const COPY_BYTES = 10 * 1024 ** 3;

export interface Camera {
  codec: string;
  lines: number;
  width: number;
  /** Its picture takes all bits that there are. Default false: a few that move. */
  busy?: boolean;
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
  /** The first of these, second by second. */
  lineBySecond: readonly number[];
  /** Where Chatter's milliseconds go, if it was asked for. */
  stages?: string;
}

export interface CallSessionOptions extends Pick<CallPagesOptions, 'address' | 'bootstrap'> {
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
  readonly #opened: CallPages;
  readonly #stages: boolean;
  #copy: ChildProcess | null = null;

  private constructor(hosts: readonly [Host, Host], camera: Camera, opened: CallPages, stages: boolean) {
    this.#hosts = hosts;
    this.#camera = camera;
    this.#opened = opened;
    this.#stages = stages;
  }

  static async open(
    hosts: readonly [Host, Host],
    camera: Camera,
    { stages = false, ...ways }: CallSessionOptions = {},
  ): Promise<CallSession> {
    const script = `
      localStorage.setItem('chatter-call-settings', JSON.stringify({ codec: '${camera.codec}', lines: ${camera.lines} }));
      ${DEVICES(camera.width, camera.lines, camera.busy)}
      ${stages ? NOTE_STAGES : ''}`;
    return new CallSession(hosts, camera, await CallPages.open(hosts, { script, ...ways }), stages);
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
    await this.#opened.close();
    this.#copy?.kill('SIGKILL');
  }

  get #pages(): readonly [Page, Page] {
    return this.#opened.pages;
  }

  async #measure(video: string, seconds: number, during: () => void, stages = false): Promise<Figures> {
    await sleep(5_000); // encoders and rate controls have settled
    if (stages) for (const page of this.#pages) await page.evaluate('window.__forgetStages()');
    const before = await this.#counters();
    during();
    const lineAt = [lineBytes(this.#hosts[1])];
    const eachSecond = setInterval(() => lineAt.push(lineBytes(this.#hosts[1])), 1000);
    const perceived = (await this.#pages[1].evaluate(PERCEIVE(video, seconds))) as Perceived;
    clearInterval(eachSecond);
    const after = await this.#counters();
    const since = (key: 'cpu' | 'line' | 'copied') =>
      (after[key] - before[key]) / ((after.at - before.at) / 1000);
    return {
      ...perceived,
      cpu: since('cpu') * 100,
      lineBps: since('line') * 8,
      copyBps: since('copied') * 8,
      lineBySecond: lineAt.slice(1).map((bytes, i) => (bytes - (lineAt[i] as number)) * 8),
      idle:
        (100 * (after.processors.idle - before.processors.idle)) /
        (after.processors.all - before.processors.all),
      ...(stages ? { stages: await stagesOf(this.#pages, perceived) } : {}),
    };
  }

  async #counters() {
    const copied = this.#copy ? await this.#copied() : 0;
    const line = lineBytes(this.#hosts[1]);
    const cpu = this.#hosts.reduce((sum, { namespace }) => sum + processorSeconds(pids(namespace)), 0);
    const processors = processorTimes();
    return { at: performance.now(), cpu, line, copied, processors };
  }

  /** Bytes of the file that the second host has. */
  async #copied(): Promise<number> {
    const [, to] = this.#hosts;
    const { out } = await to.chatter(['transfers', ROOM, '--json']);
    const [first] = out.split('\n').filter(Boolean);
    return first ? (JSON.parse(first) as { bytes: number }).bytes : 0;
  }
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
