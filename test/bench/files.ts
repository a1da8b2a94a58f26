import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type NodeProcess, twoNodes } from '../support/node-process.js';
import { SshServer } from './ssh-server.js';

/**
 * Files from disk to disk, between two nodes on one machine, beside scp and tar in the same rounds. Runs on a network of
 * its own (`npm run bench files`); words, such as `big` or `tree`, choose cases.
 */
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const ROOM = 'bench';
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const BIG_BYTES = Number(process.env.MIB ?? 2048) * MIB;
const HUGE_BYTES = 10 * GIB;
const SMALL_FILES = 10_000;
const SMALL_BYTES = 4096;
const WORD_EVERY_MS = 100;

/** Two nodes, a server to compare with, and a folder for what they copy. */
class Ground {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chatter-bench-files-'));
  readonly from: NodeProcess;
  readonly to: NodeProcess;
  readonly ssh: SshServer;
  #room = '';
  #targets = 0;

  private constructor(from: NodeProcess, to: NodeProcess, ssh: SshServer) {
    this.from = from;
    this.to = to;
    this.ssh = ssh;
  }

  static async open(): Promise<Ground> {
    const ssh = await SshServer.start();
    if (!ssh) throw new Error('There is no OpenSSH server to compare with.');
    const [to, from] = await twoNodes(ROOM);
    const ground = new Ground(from, to, ssh);
    ground.#room = await from.join(ROOM);
    return ground;
  }

  /** An empty folder. */
  target(): string {
    const target = path.join(this.folder, `to-${++this.#targets}`);
    mkdirSync(target);
    return target;
  }

  /** A file of random bytes. */
  file(name: string, bytes: number): string {
    const place = path.join(this.folder, name);
    const fd = openSync(place, 'w');
    for (let done = 0; done < bytes; done += 8 * MIB) writeSync(fd, randomBytes(8 * MIB));
    closeSync(fd);
    return place;
  }

  /**
   * Sends it and takes it; resolves to milliseconds from the request to send to the receiver's file in its place. Its
   * hashes are not known from another round.
   */
  async send(place: string): Promise<number> {
    const out = this.target();
    this.from.events.length = this.to.events.length = 0;
    const startedAt = performance.now();
    const sent = await this.from.client.request('send', { room: this.#room, paths: [place] });
    await this.to.until('file-offered', ({ transfer }) => transfer === sent.transfer);
    await this.to.client.request('accept', { transfer: sent.transfer, out });
    await this.to.until('transfer-done', ({ transfer }) => transfer === sent.transfer);
    const took = performance.now() - startedAt;
    await this.from.client.request('withdraw', { transfer: sent.transfer });
    execFileSync('diff', ['-r', place, path.join(out, path.basename(place))]);
    rmSync(out, { recursive: true });
    return took;
  }

  /** Runs `fn`; its milliseconds until all that was written is on the disk. */
  async timed(fn: () => unknown): Promise<number> {
    execFileSync('sync');
    const startedAt = performance.now();
    await fn();
    return performance.now() - startedAt;
  }

  async close(): Promise<void> {
    this.ssh.close();
    await Promise.all([this.from.close(), this.to.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a node spent while `fn` ran, in processor seconds. */
async function spent(nodes: readonly NodeProcess[], fn: () => Promise<unknown>): Promise<number[]> {
  const before = nodes.map(({ cpuSeconds }) => cpuSeconds);
  await fn();
  return nodes.map(({ cpuSeconds }, i) => cpuSeconds - (before[i] as number));
}

const median = (values: readonly number[], share = 0.5): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;

/** Words from the giving to the taking node, said through the API: milliseconds until each was heard there. */
class Words {
  readonly delays: number[] = [];
  readonly #timer;

  constructor(from: NodeProcess, to: NodeProcess, room: string) {
    const saidAt = new Map<string, number>();
    to.client.on('event', (event) => {
      if (event.type !== 'message') return;
      const at = saidAt.get(event.text);
      if (at !== undefined) this.delays.push(performance.now() - at);
    });
    this.#timer = setInterval(() => {
      const text = randomBytes(8).toString('hex');
      saidAt.set(text, performance.now());
      void from.client.request('say', { room, text });
    }, WORD_EVERY_MS);
  }

  stop(): number[] {
    clearInterval(this.#timer);
    return this.delays;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One big file, beside scp; with words on the side in every second run. */
async function big(ground: Ground): Promise<void> {
  const { from, to, ssh } = ground;
  const file = ground.file('big', BIG_BYTES);
  const runs: { ours: number; beside: number; scp: number; sender: number; receiver: number }[] = [];
  const delays: { idle: number[]; busy: number[] } = { idle: [], busy: [] };
  const touch = () => utimesSync(file, new Date(), new Date());
  await ground.send(file); // both are warm
  from.forgetPeak();
  to.forgetPeak();
  for (let round = 0; round < ROUNDS; round++) {
    touch();
    let ours = 0;
    const [sender = 0, receiver = 0] = await spent([from, to], async () => {
      ours = await ground.send(file);
    });
    const target = ground.target();
    const scp = await ground.timed(() => ssh.copy(file, target));
    rmSync(target, { recursive: true });
    const quiet = new Words(from, to, ROOM);
    await pause(1_500);
    delays.idle.push(...quiet.stop());
    touch();
    const words = new Words(from, to, ROOM);
    const beside = await ground.send(file);
    delays.busy.push(...words.stop());
    runs.push({ ours, beside, scp, sender, receiver });
    console.log(
      `  round ${round + 1}: ${(scp / ours).toFixed(2)} x scp, ${(scp / beside).toFixed(2)} x with words beside; ` +
        `s/GB ${[sender, receiver].map((each) => (each / (BIG_BYTES / 1e9)).toFixed(2)).join(' + ')}`,
    );
  }
  const of = (fn: (run: (typeof runs)[0]) => number) => median(runs.map(fn));
  const gigabytes = BIG_BYTES / 1e9;
  console.log(
    `${BIG_BYTES / MIB} MiB: ${of(({ ours, scp }) => scp / ours).toFixed(2)} x scp ` +
      `(${rate(of(({ ours }) => ours))} and ${rate(of(({ scp }) => scp))} MB/s), ` +
      `${of(({ beside, scp }) => scp / beside).toFixed(2)} x with words beside; ` +
      `s/GB ${of(({ sender }) => sender / gigabytes).toFixed(2)} + ${of(({ receiver }) => receiver / gigabytes).toFixed(2)}; ` +
      `a word takes ${median(delays.idle).toFixed(1)}, p95 ${median(delays.idle, 0.95).toFixed(1)} ms alone, ` +
      `${median(delays.busy).toFixed(1)}, p95 ${median(delays.busy, 0.95).toFixed(1)} ms beside; ` +
      `memory at most ${mib(from.peakBytes)} and ${mib(to.peakBytes)} MiB; n=${runs.length}`,
  );
  rmSync(file);
}

const rate = (ms: number) => (BIG_BYTES / 1e3 / ms).toFixed(0);
const mib = (bytes: number) => (bytes / MIB).toFixed(0);

/** Many small files, beside `tar c | ssh tar x`; the time ends when all is on the disk. */
async function tree(ground: Ground): Promise<void> {
  const folder = path.join(ground.folder, 'tree');
  for (let i = 0; i < SMALL_FILES; i++) {
    const inside = path.join(folder, `${i % 100}`);
    mkdirSync(inside, { recursive: true });
    writeFileSync(path.join(inside, `${i}`), randomBytes(SMALL_BYTES));
  }
  const ratios: number[] = [];
  const times: number[][] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await ground.timed(async () => {
      await ground.send(folder);
      execFileSync('sync');
    });
    const target = ground.target();
    const tar = await ground.timed(() => {
      ground.ssh.pipeTree(folder, target);
      execFileSync('sync');
    });
    rmSync(target, { recursive: true });
    if (round === 0) continue; // the first one warms up
    ratios.push(ours / tar);
    times[0]?.push(ours);
    times[1]?.push(tar);
  }
  console.log(
    `${SMALL_FILES} files of ${SMALL_BYTES} bytes: ${median(ratios).toFixed(2)} x the time of tar over ssh ` +
      `(${times.map((each) => median(each).toFixed(0)).join(' and ')} ms), n=${ratios.length}`,
  );
}

/** From acceptance to the first byte of a file of 10 GiB, and what memory the whole of it takes. */
async function huge(ground: Ground): Promise<void> {
  const { from, to } = ground;
  const file = path.join(ground.folder, 'huge');
  execFileSync('truncate', ['-s', `${HUGE_BYTES}`, file]);
  const room = await from.join(ROOM);
  const sent = await from.client.request('send', { room, paths: [file] });
  await to.until('file-offered', ({ transfer }) => transfer === sent.transfer);
  from.forgetPeak();
  to.forgetPeak();
  const out = ground.target();
  const acceptedAt = performance.now();
  await to.client.request('accept', { transfer: sent.transfer, out });
  let first = 0;
  while (first === 0) {
    const [mine] = (await to.client.request('transfers', { room })).filter(
      ({ transfer }) => transfer === sent.transfer,
    );
    if ((mine?.bytes ?? 0) > 0) first = performance.now() - acceptedAt;
  }
  await to.until('transfer-done', ({ transfer }) => transfer === sent.transfer);
  const seconds = (performance.now() - acceptedAt) / 1000;
  console.log(
    `10 GiB: the first block is there ${first.toFixed(0)} ms after acceptance, all of it after ${seconds.toFixed(0)} s; ` +
      `memory at most ${mib(from.peakBytes)} and ${mib(to.peakBytes)} MiB`,
  );
  await from.client.request('withdraw', { transfer: sent.transfer });
  rmSync(out, { recursive: true });
  rmSync(file);
}

const CASES: Record<string, (ground: Ground) => Promise<void>> = { big, tree, huge };

const asked = process.argv.slice(2);
const ground = await Ground.open();
try {
  for (const [name, fn] of Object.entries(CASES))
    if (asked.length === 0 || asked.includes(name)) await fn(ground);
} finally {
  await ground.close();
}
process.exit();
