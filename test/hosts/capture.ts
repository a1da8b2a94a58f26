import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Host } from './hosts.js';

/** The bytes of a packet, from its link-layer header on. */
export type Packet = Buffer;

/** Records what passes a host's interface, both ways, with tcpdump. */
export class Capture {
  readonly #file: string;
  readonly #child: ChildProcess;

  private constructor(host: Host, device: string) {
    this.#file = path.join(host.folder, `${device}.pcap`);
    this.#child = host.spawn(
      'tcpdump',
      ['-U', '--immediate-mode', '-Z', 'root', '-i', device, '-w', this.#file],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
  }

  /** Resolves when packets are being recorded. */
  static async start(host: Host, device = host.interfaces[0] as string): Promise<Capture> {
    const capture = new Capture(host, device);
    await new Promise<void>((resolve, reject) => {
      capture.#child.stderr?.on('data', (chunk: Buffer) => {
        if (chunk.includes('listening on')) resolve();
      });
      capture.#child.on('exit', () => reject(new Error('tcpdump ended')));
    });
    return capture;
  }

  /** Stops and gives what was recorded. */
  async stop(): Promise<Packet[]> {
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    this.#child.kill('SIGINT');
    await ended;
    return packets(readFileSync(this.#file));
  }
}

/** Reads the classic pcap format: a header of 24 bytes, then 16 bytes and the packet each. */
function packets(file: Buffer): Packet[] {
  const found: Packet[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    found.push(file.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return found;
}

const ETHERNET_BYTES = 14;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const UDP = 17;
const TCP = 6;

/** True for a packet that this program could have sent: UDP or TCP. The kernel's own IGMP, ARP and ICMPv6 are not. */
export function isOfPrograms(packet: Packet): boolean {
  const type = packet.readUInt16BE(12);
  if (type !== IPV4 && type !== IPV6) return false;
  return [UDP, TCP].includes(packet[ETHERNET_BYTES + (type === IPV4 ? 9 : 6)] as number);
}
