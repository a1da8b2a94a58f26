import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Host, Lan, MAIN } from '../hosts/hosts.js';

/** What `status --json` says, as far as tests ask. */
export interface Status {
  pid: number;
  apiPort: number;
  safeMode: boolean;
  pinned: boolean;
  tokenFile: string;
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

/** No command that these tests run takes longer: one that hangs is killed, and fails its test only. */
const DEADLINE_MS = 60_000;

/** A command that runs: what it has printed so far, what is typed into it, and how it ended. */
export class Command {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
  out = '';
  err = '';
  #wake: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    const startedAt = performance.now();
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
        resolve({ code, signal, out: this.out, err: this.err, ms: performance.now() - startedAt });
        this.#changed();
      });
    });
  }

  /** Resolves when what it has printed, results and the rest, fits. Rejects after `timeoutMs`, or when it ended. */
  async until(pattern: RegExp, timeoutMs = 40_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!pattern.test(this.out) && !pattern.test(this.err)) {
      const left = end - performance.now();
      if (left <= 0 || this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`no ${pattern} in … ${[this.out, this.err].map(tail).join(' and … ')}`);
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

/**
 * One person's data folder, not yet made, and commands on it. What joins a room belongs on a host of its own; without
 * one the node is ended when the test is, on one it ends with the host.
 */
export class Person {
  readonly home: string;
  readonly data: string;
  readonly host: Host | null;

  constructor(t: Test, host: Host | null = null, folder = 'data') {
    this.home = host?.folder ?? mkdtempSync(path.join(tmpdir(), 'chatter-cli-'));
    this.data = path.join(this.home, folder);
    this.host = host;
    chmodSync(this.home, 0o755); // only the data folder's own rights are to protect what is in it
    if (!host) t.teardown(() => this.#close());
  }

  /** Starts `chatter --data DATA ARGS`, with its input open. */
  start(args: readonly string[], options: SpawnOptions = {}): Command {
    return this.spawn(process.execPath, [MAIN, '--data', this.data, ...args], options);
  }

  /** Starts any program as this person would. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Command {
    const [plain, plainArgs] = withoutTap(command, args);
    const env = { HOME: this.home, XDG_DATA_HOME: this.home, NODE_V8_COVERAGE: '', ...options.env };
    const all: SpawnOptions = {
      stdio: 'pipe',
      cwd: this.home,
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      ...options,
    };
    if (this.host) return new Command(this.host.spawn(plain, plainArgs, { ...all, env }));
    return new Command(spawn(plain, plainArgs, { ...all, env: { ...process.env, ...env } }));
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

  /** What the node says of itself, asked as any program of this person can. Rejects where none runs. */
  async status(): Promise<Status> {
    if (this.host) return this.ask<Status>('status');
    return (await this.#request('status')) as Status;
  }

  /** Ends the node if one runs, as `chatter stop` does; resolves when it answers no more. */
  async stop(): Promise<void> {
    if (this.host) await this.run(['stop']);
    else
      while (
        await this.#request('stop').then(
          () => true,
          () => false,
        )
      )
        await sleep(10); // still ending
  }

  /** Ends the node as a crash does. */
  async crash(): Promise<void> {
    const { pid } = JSON.parse(this.read('node.json')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    while (this.nodes().includes(pid)) await sleep(20);
  }

  async #request(method: string): Promise<unknown> {
    const { port } = JSON.parse(this.read('node.json')) as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/api/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.read('token')}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    return ((await response.json()) as { ok: unknown }).ok;
  }

  /** Process ids of the nodes that run on this folder, by the process table. */
  nodes(): number[] {
    const { stdout } = spawnSync('ps', ['-axww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
    return stdout
      .split('\n')
      .filter((line) => line.includes(`${MAIN} `) && line.includes(' daemon') && line.includes(this.data))
      .filter((line) => !/^\s*\d+\s+Z/.test(line))
      .map((line) => Number.parseInt(line, 10));
  }

  /** Resolves to the node's process ids as soon as there are `count`, or to what there is after `timeoutMs`. */
  async settled(count: number, timeoutMs = 5_000): Promise<number[]> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const pids = this.nodes();
      if (pids.length === count || performance.now() > end) return pids;
      await sleep(100); // the process table tells nobody when it changes
    }
  }

  /** A file of the data folder. */
  read(name: string): string {
    return readFileSync(path.join(this.data, name), 'utf8');
  }

  async #close(): Promise<void> {
    await this.stop();
    for (const pid of this.nodes()) process.kill(pid, 'SIGKILL');
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A person whose node, whichever command starts it, stays off every network: such a test needs no host of its own. */
export class OfflinePerson extends Person {
  override start(args: readonly string[], options: SpawnOptions = {}): Command {
    return super.start(['--no-lan', '--lan-only', ...args], options);
  }
}

const tail = (text: string) => JSON.stringify(text.slice(-300));

/** A command line that runs the same without what tap loads into every program, which takes longer than most commands. */
const withoutTap = (command: string, args: readonly string[]) =>
  ['env', ['-u', 'NODE_OPTIONS', command, ...args]] as const;

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
export function hasTerminal(t: Test): boolean {
  if (process.platform === 'linux' && spawnSync('sh', ['-c', 'command -v script']).status === 0) return true;
  const reason = 'skipped: this test needs script of util-linux';
  if (process.env.CI === 'true') t.fail(reason);
  else t.comment(reason);
  return false;
}

/** Two people on two machines of one network, and the second one's machine. */
export function people(t: Test): [Person, Person, Host] {
  const lan = new Lan(2);
  t.teardown(() => lan.close());
  const [a, b] = lan.hosts as [Host, Host];
  return [new Person(t, a), new Person(t, b), b];
}

/** A window that prints JSON, when it is in the room; `room` may be empty where `args` say which. */
export async function enter(person: Person, room: string, ...args: string[]): Promise<Command> {
  const which = room ? [room] : [];
  const window = person.start(['join', ...which, '--json', ...args], { timeout: 200_000 });
  await window.until(/"joined"/);
  return window;
}

/** The texts of others that a window has heard. */
export const heard = (window: Command): string[] =>
  objects(window.out)
    .filter(({ type, self, old }) => type === 'message' && self === false && !old)
    .map(({ text }) => text as string);

/** Shows that a command failed as every command does: one line, no result, no stack. */
export function isFailure(t: Test, { code, signal, out, err }: Ran, exit: number, what: string): void {
  t.match({ code, signal, out }, { code: exit, signal: null, out: '' }, what);
  t.match(err, /^chatter: [A-Z_]+: \S[^\n]*\n$/, JSON.stringify(err));
}

/** Does this with every item, several at once, as commands mostly wait; resolves to what it gave, in their order. */
export async function each<T, R>(items: readonly T[], fn: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE)
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(fn))));
  return results;
}

const AT_ONCE = 4;
