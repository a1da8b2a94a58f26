import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The built command line. */
export const MAIN = path.resolve('dist/bin/chatter.js');

/** Interface names have at most 15 bytes: a short prefix for everything of this process. */
const PREFIX = `ch${process.pid.toString(36)}`;
let made = 0;
let lans = 0;

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
  readonly #family: 4 | 6;

  /** With `family: 6` hosts have link-local IPv6 addresses alone. */
  constructor(hosts = 0, { family = 4 }: { family?: 4 | 6 } = {}) {
    this.#family = family;
    this.#subnet = ++lans % 256; // by then the first ones are gone
    this.#namespace = `${PREFIX}b${++made}`;
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
    this.#cable(host, port);
    host.attach(this, port, this.#family === 4 ? `10.77.${this.#subnet}.${number}` : null);
  }

  /** Destroys a host's interface and makes it again under the same name, hardware address and address. */
  replug(host: Host): void {
    const port = host.port(this);
    const mac = host.mac(this);
    ip('-n', this.#namespace, 'link', 'del', port);
    this.#cable(host, port);
    ip('-n', host.namespace, 'link', 'set', port, 'address', mac);
    host.attach(this, port, host.addressOn(this));
  }

  /** Gives a host the address 10.77.LAN.N instead of its own. */
  readdress(host: Host, number: number): void {
    const port = host.port(this);
    ip('-n', host.namespace, '-4', 'address', 'flush', 'dev', port);
    host.attach(this, port, `10.77.${this.#subnet}.${number}`);
  }

  #cable(host: Host, port: string): void {
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
  }

  /** Pulls a host's cable. */
  cut(host: Host): void {
    ip('-n', this.#namespace, 'link', 'set', host.port(this), 'down');
  }

  heal(host: Host): void {
    ip('-n', this.#namespace, 'link', 'set', host.port(this), 'up');
  }

  /** Takes the power from what is between the hosts, or gives it back: no host sees more of it than silence. */
  power(on: boolean): void {
    ip('-n', this.#namespace, 'link', 'set', 'br0', on ? 'up' : 'down');
  }

  /** Whether multicast is passed on, as some networks do not. */
  multicast(on: boolean): void {
    for (const host of this.hosts) this.#port(host, 'mcast_flood', on ? 'on' : 'off');
  }

  /** Keeps hosts apart from each other, as many a Wi-Fi for guests does; others still reach them. */
  isolate(on: boolean, hosts: readonly Host[] = this.hosts): void {
    for (const host of hosts) this.#port(host, 'isolated', on ? 'on' : 'off');
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
  readonly #ports = new Map<Lan, { port: string; address: string | null }>();
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

  attach(lan: Lan, port: string, address: string | null): void {
    this.#ports.set(lan, { port, address });
    if (address) ip('-n', this.namespace, 'address', 'add', `${address}/24`, 'dev', port);
    ip('-n', this.namespace, 'link', 'set', port, 'up');
  }

  port(lan: Lan): string {
    return this.#ports.get(lan)?.port ?? '';
  }

  addressOn(lan: Lan): string | null {
    return this.#ports.get(lan)?.address ?? null;
  }

  mac(lan: Lan): string {
    const [link] = JSON.parse(
      ip('-n', this.namespace, '-json', 'link', 'show', this.port(lan)).toString(),
    ) as { address: string }[];
    return link?.address ?? '';
  }

  /** A point-to-point interface without multicast, as a VPN makes it, with the default route through it. */
  tunnel(up: boolean): void {
    if (!up) return void ip('-n', this.namespace, 'link', 'del', 'vpn0');
    ip('-n', this.namespace, 'link', 'add', 'vpn0', 'type', 'veth', 'peer', 'name', 'vpn1');
    ip('-n', this.namespace, 'link', 'set', 'vpn0', 'multicast', 'off', 'addrgenmode', 'none');
    ip('-n', this.namespace, 'link', 'set', 'vpn1', 'addrgenmode', 'none', 'up');
    ip('-n', this.namespace, 'address', 'add', '10.8.0.2/32', 'dev', 'vpn0');
    ip('-n', this.namespace, 'link', 'set', 'vpn0', 'up');
    ip('-n', this.namespace, 'route', 'add', 'default', 'dev', 'vpn0');
  }

  /** Sends what is meant for its own network through the tunnel too, as a VPN does that allows nothing beside it. */
  cutOff(): void {
    for (const { address } of this.#ports.values())
      ip(
        '-n',
        this.namespace,
        'route',
        'replace',
        `${address?.replace(/\d+$/, '0')}/24`,
        'dev',
        'vpn0',
        'src',
        '10.8.0.2',
      );
  }

  /** Drops what comes in and fits, such as `tcp dport 4711`, as a firewall on this machine does; needs nft. */
  firewall(...fits: string[]): void {
    const rules = fits.map((fit) => `add rule inet chatter in ${fit} drop`);
    const chain = 'add chain inet chatter in { type filter hook input priority 0; }';
    const [command, args] = inside(this.namespace, 'nft', '-f', '-');
    execFileSync(command, args, { input: ['add table inet chatter', chain, ...rules, ''].join('\n') });
  }

  /** Sends a signal to every process on this host: SIGSTOP and SIGCONT are its sleep. */
  signal(name: NodeJS.Signals): void {
    for (const pid of pids(this.namespace)) process.kill(pid, name);
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

  /** Established TCP streams to other machines, a line of `ss` each. */
  async streams(): Promise<string[]> {
    const { out } = await this.run('ss', ['-Htn', 'state', 'established']);
    return out.split('\n').filter((line) => /\b10\.77\.|\[fe80:/.test(line));
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
    child.stdin?.on('error', () => {}); // it may have ended before it could read
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
