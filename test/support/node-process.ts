import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ApiEvent, Params } from '../../src/daemon/api.js';
import { Client } from '../../src/daemon/client.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { MAIN } from '../hosts/hosts.js';

/** Ticks of the processor account in `/proc` (USER_HZ). */
const TICKS_PER_SECOND = 100;
const START_MS = 60_000;

type OfType<T extends ApiEvent['type']> = Extract<ApiEvent, { type: T }>;

/**
 * A real node in a process of its own, with a client on it. It can be killed and started again on the same data folder
 * and port; what it costs is read from `/proc` (Linux alone). `close` ends it and removes its folder.
 */
export class NodeProcess {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chatter-node-'));
  readonly events: ApiEvent[] = [];
  /** Of the process, from its next start on. */
  env: Record<string, string> = {};
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #client: Client | null = null;
  #wake: (() => void)[] = [];

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  /** `args` are options of `chatter daemon`. */
  static async start(...args: string[]): Promise<NodeProcess> {
    const node = new NodeProcess(args);
    await node.start();
    return node;
  }

  get data(): string {
    return path.join(this.folder, 'data');
  }

  get client(): Client {
    return this.#client as Client;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** Processor seconds that it has used. */
  get cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** The most memory that was resident since `forgetPeak`. */
  get peakBytes(): number {
    const [, kib = ''] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** Starts it, the first time or again. */
  async start(): Promise<void> {
    const { NODE_OPTIONS: _, ...env } = process.env; // a test runner's loaders
    const args = [MAIN, 'daemon', '--data', this.data, ...this.#args];
    this.#child = spawn(process.execPath, args, {
      env: { ...env, ...this.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the node did not start: ${said}`)), START_MS);
      this.#child?.stderr?.on('data', (chunk: Buffer) => {
        said += chunk;
        if (!said.includes('API is at')) return;
        clearTimeout(late);
        resolve();
      });
      this.#child?.once('exit', () => reject(new Error(`the node ended: ${said}`)));
    });
    this.#client = await Client.find({ folder: new DataFolder({ data: this.data }) });
    this.client.on('event', (event) => {
      this.events.push(event);
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.client.on('failed', () => {});
  }

  /** Joins; the address of another node on this machine may be given. */
  async join(room: string, ...peers: string[]): Promise<string> {
    const request: Params<'join'> = { room, open: true, peers, asksReach: false };
    return (await this.client.request('join', request)).roomId;
  }

  /** The first event of this type that fits, past or to come. Rejects after `timeoutMs`. */
  async until<T extends ApiEvent['type']>(
    type: T,
    fits: (event: OfType<T>) => boolean = () => true,
    timeoutMs = 600_000,
  ): Promise<OfType<T>> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = this.events.find((event) => event.type === type && fits(event as OfType<T>));
      if (found) return found as OfType<T>;
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(
          `no ${type}; the last: ${this.events
            .slice(-8)
            .map((each) => each.type)
            .join(' ')}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await this.#client?.close();
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A TCP port of the loopback interface that is free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ALONE = ['--lan-only', '--no-lan'];

/** Two nodes on this machine, in one room, that know each other by a typed address alone: the second one dials. */
export async function twoNodes(room: string): Promise<[NodeProcess, NodeProcess]> {
  const port = await freePort();
  const first = await NodeProcess.start(...ALONE, '--listen', `${port}`);
  const second = await NodeProcess.start(...ALONE);
  await first.join(room);
  await second.join(room, `127.0.0.1:${port}`);
  await Promise.all([first, second].map((node) => node.until('peer-joined')));
  return [first, second];
}
