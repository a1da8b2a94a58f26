import type { ChildProcess } from 'node:child_process';
import type { Host } from './hosts.js';

const NODES = 10;

/** Runs a DHT until it is told to end. `argv` are the address to listen on and the number of nodes. */
const SCRIPT = `
const createTestnet = require('hyperdht/testnet.js');
createTestnet(Number(process.argv[2]), { host: process.argv[1] }).then(({ bootstrap: [first] }) => {
  console.log(first.host + ':' + first.port);
});`;

/** A DHT of its own on one host, which others enter with `--bootstrap`. It ends with the host. */
export class Dht {
  readonly #child: ChildProcess;
  /** `host:port` of a node of it. */
  readonly bootstrap: string;

  private constructor(child: ChildProcess, bootstrap: string) {
    this.#child = child;
    this.bootstrap = bootstrap;
  }

  /** `address`: of the host, where it has none on a network. */
  static async start(host: Host, address = host.address): Promise<Dht> {
    const child = host.spawn(process.execPath, ['-e', SCRIPT, address, String(NODES)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [bootstrap] = await new Promise<string[]>((resolve, reject) => {
      child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().split('\n')));
      child.once('exit', () => reject(new Error('the DHT did not start')));
    });
    return new Dht(child, bootstrap as string);
  }

  /** Freezes every node: they answer nobody any more. */
  end(): void {
    this.#child.kill('SIGKILL');
  }
}
