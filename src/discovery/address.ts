import { isIPv4, isIPv6 } from 'node:net';
import { ChatterError } from '../errors.js';

export interface Address {
  /** A name, an IPv4 address, or an IPv6 one without brackets (with `%scope` where it is link-local). */
  host: string;
  port: number;
}

/** Reads `host:port` or `[v6]:port`. Throws ADDRESS_INVALID. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  const bracketed = match?.[1] !== undefined;
  if (!match || port < 1 || port > 65_535 || bracketed !== isIPv6(host.replace(/%.*$/, ''))) {
    throw new ChatterError('ADDRESS_INVALID');
  }
  return { host, port };
}

/** `host:port`, with brackets around an IPv6 host. IPv4 within IPv6 is written as IPv4. */
export function formatAddress({ host, port }: Address): string {
  const plain = plainHost(host);
  return isIPv6(plain.replace(/%.*$/, '')) ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** An IPv4 address that came in on an IPv6 socket, as itself. */
export const plainHost = (host: string): string => {
  const mapped = /^::ffff:(.+)$/i.exec(host)?.[1];
  return mapped && isIPv4(mapped) ? mapped : host;
};

/** RFC 1918, loopback and link-local: many people may share one, and none is far away. */
export const isPrivateHost = (host: string): boolean =>
  /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(plainHost(host)) ||
  /^(fe[89ab].|f[cd]..):/i.test(host) ||
  host === '::1';
