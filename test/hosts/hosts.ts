import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The built command line. */
export const MAIN = path.resolve('dist/cli/main.js');

/** Interface names have at most 15 bytes: a short prefix for everything of this process. */
const PREFIX = `ch${process.pid.toString(36)}`;
let made = 0;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const inside = (namespace: string, command: string, ...args: string[]) =>
  ['ip', ['netns', 'exec', namespace, command, ...args]] as const;

/**
 * One network of its own: a bridge in a namespace of its own and hosts on it, with no route to anywhere. Needs root.
 * `close` takes everything back, whatever has failed before.
 */
export class Lan {
  readonly hosts: Host[] = [];
  readonly #namespace: string;
  readonly #subnet: number;

  constructor(hosts = 0) {
    this.#subnet = ++made;
    this.#namespace = `${PREFIX}b${made}`;
    ip('netns', 'add', this.#namespace);
    ip('-n', this.#namespace, 'link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0');
    ip('-n', this.#namespace, 'link', 'set', 'br0', 'up');
    for (let i = 0; i < hosts; i++) this.addHost();
  }

  addHost(): Host {
    const host = new Host();
    this.connect(host);
    return host;
  }

  /** Plugs a host in: it gets an interface and the address 10.77.LAN.N. */
  connect(host: Host): void {
    const port = `p${++made}`;
    const number = this.hosts.push(host);
    ip(
      'link',
      'add',
      port,
      'netns',
      this.#namespace,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      host.namespace,
    );
    ip('-n', this.#namespace, 'link', 'set', port, 'master', 'br0', 'up');
    host.attach(this, port, `10.77.${this.#subnet}.${number}`);
  }

  /** Pulls a host's cable. */
  cut(host: Host): void {
    ip('-n', this.#namespace, 'link', 'set', host.port(this), 'down');
  }

  heal(host: Host): void {
    ip('-n', this.#namespace, 'link', 'set', host.port(this), 'up');
  }

  /** Whether multicast is passed on, as some networks do not. */
  multicast(on: boolean): void {
    for (const host of this.hosts) this.#port(host, 'mcast_flood', on ? 'on' : 'off');
  }

  /** Keeps hosts apart from each other, as many a Wi-Fi for guests does. */
  isolate(on: boolean): void {
    for (const host of this.hosts) this.#port(host, 'isolated', on ? 'on' : 'off');
  }

  close(): void {
    for (const host of this.hosts) host.close();
    spawnSync('ip', ['netns', 'del', this.#namespace]);
  }

  #port(host: Host, flag: string, value: string): void {
    const [command, args] = inside(
      this.#namespace,
      'bridge',
      'link',
      'set',
      'dev',
      host.port(this),
      flag,
      value,
    );
    execFileSync(command, args, { stdio: 'pipe' });
  }
}

/** A machine: a network namespace with a data folder and processes of its own. */
export class Host {
  readonly namespace = `${PREFIX}h${++made}`;
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chatter-host-'));
  readonly #ports = new Map<Lan, { port: string; address: string }>();
  readonly #children = new Set<ChildProcess>();

  constructor() {
    ip('netns', 'add', this.namespace);
    ip('-n', this.namespace, 'link', 'set', 'lo', 'up');
  }

  /** The address on its first network. */
  get address(): string {
    return [...this.#ports.values()][0]?.address ?? '127.0.0.1';
  }

  /** Interface names, in the order in which they were plugged in. */
  get interfaces(): string[] {
    return [...this.#ports.values()].map(({ port }) => port);
  }

  attach(lan: Lan, port: string, address: string): void {
    this.#ports.set(lan, { port, address });
    ip('-n', this.namespace, 'address', 'add', `${address}/24`, 'dev', port);
    ip('-n', this.namespace, 'link', 'set', port, 'up');
  }

  port(lan: Lan): string {
    return this.#ports.get(lan)?.port ?? '';
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const env = {
      ...process.env,
      HOME: this.folder,
      XDG_DATA_HOME: this.folder,
      NODE_V8_COVERAGE: '',
      NODE_OPTIONS: '', // a test runner's loaders
      ...options.env,
    };
    const [ipCommand, ipArgs] = inside(this.namespace, command, ...args);
    const child = spawn(ipCommand, ipArgs, { ...options, env });
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** Runs a command to its end. */
  async run(
    command: string,
    args: readonly string[],
    input = '',
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = this.spawn(command, args, { stdio: 'pipe' });
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin?.end(input);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, out, err };
  }

  /** Runs `chatter` on this host's own data folder. */
  chatter(args: readonly string[], input?: string) {
    return this.run(process.execPath, [MAIN, ...args, '--data', path.join(this.folder, 'data')], input);
  }

  /** Ends every process on this host, nodes in the background too. */
  close(): void {
    for (const pid of pids(this.namespace)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it has just ended
    }
    spawnSync('ip', ['netns', 'del', this.namespace]);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Processes in a namespace. */
export const pids = (namespace: string): number[] =>
  spawnSync('ip', ['netns', 'pids', namespace]).stdout.toString().split('\n').filter(Boolean).map(Number);
