import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';

/** Any port: nothing is sent. */
const DISCARD_PORT = 9;
/** Of TEST-NET-1 (RFC 5737), which is nowhere: the route to it is the one to everywhere else. */
const ELSEWHERE = '192.0.2.1';
const RTF_GATEWAY = 0x2;
const ATF_COMPLETE = 0x2;

/** The own address from which packets to `host` (an IP address) would go; null without a route. Sends nothing. */
export async function sourceFor(host: string = ELSEWHERE): Promise<string | null> {
  const socket = createSocket(isIPv6(host.replace(/%.*$/, '')) ? 'udp6' : 'udp4');
  try {
    socket.connect(DISCARD_PORT, host);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

/** The router that leads elsewhere; null where there is none, or where the system does not tell (all but Linux). */
export async function defaultGateway(): Promise<string | null> {
  for (const [, destination, gateway = '', flags] of await table('/proc/net/route')) {
    if (destination === '00000000' && Number.parseInt(flags ?? '', 16) & RTF_GATEWAY) return fromHex(gateway);
  }
  return null;
}

/** Neighbours whose hardware address the system has learnt; null where it does not tell (all but Linux). */
export async function arpNeighbours(): Promise<string[] | null> {
  const rows = await table('/proc/net/arp');
  if (rows.length === 0) return null;
  return rows.filter(([, , flags]) => Number(flags) & ATF_COMPLETE).map(([address = '']) => address);
}

/** The rows of a table of the kernel's, its heading among them; none where there is no such file. */
const table = async (file: string): Promise<string[][]> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/));
};

/** An IPv4 address as the kernel prints it: eight hex digits in the machine's own byte order. */
const fromHex = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex');
  return (LITTLE_ENDIAN ? bytes.reverse() : bytes).join('.');
};

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
