import { isIPv4 } from 'node:net';

/** The host of `host:port` or `[v6]:port`, without brackets and scope; IPv4 within IPv6 as itself. */
export const hostOf = (address: string): string =>
  address
    .slice(0, address.lastIndexOf(':'))
    .replace(/^\[|\]$|%.*$/g, '')
    .replace(/^::ffff:/i, '');

/** An IPv4 address or the first 64 bits of an IPv6 one: what one subscriber has. */
export function prefixOf(address: string): string {
  return hostPrefix(hostOf(address));
}

/** `prefixOf` of a host alone. */
export const hostPrefix = (host: string): string =>
  isIPv4(host) ? host : groups(host.replace(/%.*$/, '')).slice(0, 4).join(':');

/** The eight groups of an IPv6 address. */
function groups(host: string): string[] {
  const [head = '', tail = ''] = host.toLowerCase().split('::');
  const before = head.split(':').filter(Boolean);
  const after = host.includes('::') ? tail.split(':').filter(Boolean) : [];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after];
}
