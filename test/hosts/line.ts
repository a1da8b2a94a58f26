import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { Host, Lan } from './hosts.js';

const SCRIPT = path.resolve('test/hosts/delay-line.py');
/** What a router holds before it drops, in time of the line, where nothing else is said. */
const QUEUE_MS = 100;

export interface LineOptions {
  mbit: number;
  /** 0: a switch between them, limited by the kernel's token bucket; otherwise a process delays each packet. */
  roundTripMs: number;
  /** Of a hundred packets, those that are lost each way. Only where there is a delay. Default 0. */
  lossPercent?: number;
  /** Milliseconds; default 100. */
  queueMs?: number;
}

/** Two machines and one line between them, and nothing else. Needs root. `close` takes everything back. */
export class Line {
  readonly hosts: readonly [Host, Host];
  readonly addresses: readonly [string, string];
  readonly #close: () => void;
  readonly #delays: ChildProcess | null;

  private constructor(
    hosts: readonly [Host, Host],
    addresses: readonly [string, string],
    close: () => void,
    delays: ChildProcess | null = null,
  ) {
    this.#delays = delays;
    this.hosts = hosts;
    this.addresses = addresses;
    this.#close = close;
  }

  static async open(options: LineOptions): Promise<Line> {
    return options.roundTripMs === 0 ? Line.#limited(options.mbit) : Line.#delayed(options);
  }

  /** Another rate from now on; only where there is a delay. */
  limit(mbit: number): void {
    this.#delays?.stdin?.write(`${mbit}\n`);
  }

  close(): void {
    this.#close();
  }

  static #limited(mbit: number): Line {
    const lan = new Lan(2);
    const [a, b] = lan.hosts as [Host, Host];
    for (const host of [a, b]) {
      const limit = `dev ${host.port(lan)} root tbf rate ${mbit}mbit burst 256k latency ${QUEUE_MS}ms`;
      execFileSync('ip', ['netns', 'exec', host.namespace, 'tc', 'qdisc', 'add', ...limit.split(' ')]);
    }
    return new Line([a, b], [a.address, b.address], () => lan.close());
  }

  static async #delayed({
    mbit,
    roundTripMs,
    lossPercent = 0,
    queueMs = QUEUE_MS,
  }: LineOptions): Promise<Line> {
    const hosts = [new Host(), new Host()] as const;
    const figures = [mbit, roundTripMs / 2, queueMs, lossPercent].map(String);
    const args = [...hosts.map(({ namespace }) => namespace), ...figures];
    const line: ChildProcess = spawn('python3', [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const close = () => {
      line.kill('SIGKILL');
      for (const host of hosts) host.close();
    };
    try {
      await new Promise((resolve, reject) => {
        line.stdout?.once('data', resolve);
        line.once('exit', () => reject(new Error('the line did not come up')));
        line.once('error', reject);
      });
    } catch (err) {
      close();
      throw err;
    }
    return new Line(hosts, ['10.78.0.1', '10.78.0.2'], close, line);
  }
}
