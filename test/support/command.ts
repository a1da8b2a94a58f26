import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAIN } from '../hosts/hosts.js';

/** The part of tap's `t` that is used here. */
interface Plan {
  teardown(fn: () => Promise<void> | void): void;
  comment(text: string): void;
  fail(text: string): unknown;
}

/** How a command ended. */
export interface Ran {
  /** Null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
  /** From its start to its end. */
  ms: number;
}

/** No command that these tests run takes longer, unless it hangs. */
const DEADLINE_MS = 15_000;

/** A command that runs: what it has printed so far, what is typed into it, and how it ended. */
export class Command {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
  out = '';
  err = '';
  #wake: (() => void)[] = [];

  /** After `deadlineMs` it is killed, so that a command that hangs fails its test only. */
  constructor(child: ChildProcess, deadlineMs = DEADLINE_MS) {
    this.child = child;
    const startedAt = performance.now();
    const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    child.stdin?.on('error', () => {}); // a command may end before it has read everything
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.out += chunk;
      this.#changed();
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.err += chunk;
      this.#changed();
    });
    this.done = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(deadline);
        resolve({ code, signal, out: this.out, err: this.err, ms: performance.now() - startedAt });
        this.#changed();
      });
    });
  }

  /** Resolves when what it has printed, results and the rest, fits. Rejects after `timeoutMs`, or when it ended. */
  async until(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!pattern.test(this.out) && !pattern.test(this.err)) {
      const left = end - performance.now();
      if (left <= 0 || this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`no ${pattern} in ${JSON.stringify(this.out)}, ${JSON.stringify(this.err)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Types something. */
  write(text: string | Uint8Array): void {
    this.child.stdin?.write(text);
  }

  /** Ends its input, after `text`; resolves when it has ended. */
  end(text: string | Uint8Array = ''): Promise<Ran> {
    this.child.stdin?.end(text);
    return this.done;
  }

  /** Resolves when it has ended of this signal. */
  kill(signal: NodeJS.Signals): Promise<Ran> {
    this.child.kill(signal);
    return this.done;
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** One person's data folder, not yet made, and commands on it. Its node is ended when the test is. */
export class Person {
  /** A folder that everybody may enter: only the data folder's own rights protect what is in it. */
  readonly home = mkdtempSync(path.join(tmpdir(), 'chatter-cli-'));
  readonly data = path.join(this.home, 'data');

  constructor(t: Plan) {
    chmodSync(this.home, 0o755);
    t.teardown(() => this.#close());
  }

  /** Starts `chatter ARGS --data DATA`; with its input open. */
  start(args: readonly string[], options: SpawnOptions = {}): Command {
    return this.spawn(process.execPath, [MAIN, ...args, '--data', this.data], options);
  }

  /** Starts any program as this person would. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Command {
    const env = { ...process.env, ...this.env, ...options.env };
    return new Command(spawn(command, args, { stdio: 'pipe', cwd: this.home, ...options, env }));
  }

  /** Runs a command to its end, with this input. */
  run(args: readonly string[], input: string | Uint8Array = ''): Promise<Ran> {
    return this.start(args).end(input);
  }

  /** The one object that a command prints with `--json`. */
  async ask<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const { out, err } = await this.run([...args, '--json']);
    if (!out) throw new Error(`${args.join(' ')}: ${err}`);
    return JSON.parse(out) as T;
  }

  /** What keeps a command away from the tester's own folders, and from the tester's tools. */
  get env(): NodeJS.ProcessEnv {
    return { HOME: this.home, XDG_DATA_HOME: this.home, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' };
  }

  /** Process ids of the nodes that run on this folder, by the process table. */
  nodes(): number[] {
    const { stdout } = spawnSync('ps', ['-axww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
    return stdout
      .split('\n')
      .filter((line) => line.includes(`${MAIN} daemon `) && line.includes(this.data))
      .filter((line) => !/^\s*\d+\s+Z/.test(line))
      .map((line) => Number.parseInt(line, 10));
  }

  /** Resolves to the node's process ids as soon as there are `count`, or to what there is after `timeoutMs`. */
  async settled(count: number, timeoutMs = 5_000): Promise<number[]> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const pids = this.nodes();
      if (pids.length === count || performance.now() > end) return pids;
      await sleep(50); // the process table tells nobody when it changes
    }
  }

  /** A file of the data folder. */
  read(name: string): string {
    return readFileSync(path.join(this.data, name), 'utf8');
  }

  async #close(): Promise<void> {
    await this.run(['stop']);
    for (const pid of await this.settled(0, 2_000)) process.kill(pid, 'SIGKILL');
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The objects of a command that prints one a line. Throws for a line that is none. */
export const objects = (out: string): Record<string, unknown>[] =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The arguments by which `script` (util-linux) runs a command at a terminal of its own. */
export const atTerminal = (args: readonly string[]): string[] => [
  '-qec',
  [process.execPath, MAIN, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' '),
  '/dev/null',
];

/** True if commands can be run at a terminal. Otherwise the reason is printed; with `CI=true` the test fails. */
export function hasTerminal(t: Plan): boolean {
  if (process.platform === 'linux' && spawnSync('script', ['--version']).status === 0) return true;
  const reason = 'skipped: this test needs script of util-linux';
  if (process.env.CI === 'true') t.fail(reason);
  else t.comment(reason);
  return false;
}
