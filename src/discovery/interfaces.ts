import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { LIMITS } from '../limits.js';

/** The machine's interfaces as the system lists them: only those that are up and plugged in. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/** A network on which people can be found: one IPv4 address of this machine, or the IPv6 side of one interface. */
export interface NetworkLink {
  /** Changes when the interface is made anew, though name and address stay. */
  readonly key: string;
  /** The interface's, as the system names it. */
  readonly name: string;
  readonly family: 4 | 6;
  /** What sockets for this link are bound to: an IPv4 address, or `::%scope`. */
  readonly address: string;
  /** True for this machine's own loopback: how two nodes on one machine meet without any network. */
  readonly loopback: boolean;
  /** Whether an address, with its scope where it is link-local IPv6, is on this link. */
  contains(address: string): boolean;
  /** Whether it is this machine's own address there. */
  isOwn(address: string): boolean;
}

/**
 * The links of this machine, at most `mdnsLinks`: networks first, loopback next, IPv6 last, since who has IPv6 mostly
 * has IPv4 too and containers' interfaces have nothing else.
 */
export function networkLinks(interfaces: Interfaces = networkInterfaces()): NetworkLink[] {
  const named = Object.entries(interfaces).map(([name, addresses = []]) => ({ name, addresses }));
  const v4 = named.flatMap(ipv4Links);
  return [
    ...v4.filter(({ loopback }) => !loopback),
    ...v4.filter(({ loopback }) => loopback),
    ...named.flatMap(ipv6Link),
  ].slice(0, LIMITS.mdnsLinks);
}

interface NamedInterface {
  name: string;
  addresses: NonNullable<Interfaces[string]>;
}

function ipv4Links({ name, addresses }: NamedInterface): NetworkLink[] {
  return addresses
    .filter((entry) => entry.family === 'IPv4' && !isPointToPoint(entry))
    .map(({ address, netmask, mac, internal, cidr }) => {
      const subnet = new BlockList();
      subnet.addSubnet(address, prefixOf(cidr), 'ipv4');
      return {
        key: `${name} ${indexOf(addresses)} ${mac} ${address} ${netmask}`,
        name,
        family: 4,
        address,
        loopback: internal,
        contains: (other: string) => subnet.check(other, 'ipv4'),
        isOwn: (other: string) => other === address,
      };
    });
}

/** mDNS goes between link-local addresses (RFC 6762 section 11), so an interface without one has no IPv6 link. */
function ipv6Link({ name, addresses }: NamedInterface): NetworkLink[] {
  const local = addresses.filter(
    (entry) => entry.family === 'IPv6' && !isPointToPoint(entry) && isLinkLocal(entry.address),
  );
  const [first] = local;
  if (!first) return [];
  const scope = process.platform === 'win32' ? String(indexOf(addresses)) : name;
  const own = new Set(local.map(({ address }) => `${address}%${scope}`));
  return [
    {
      key: `${name} ${indexOf(addresses)} ${first.mac} ${[...own].sort().join()}`,
      name,
      family: 6,
      address: `::%${scope}`,
      loopback: first.internal,
      contains: (other) => isLinkLocal(other) && other.endsWith(`%${scope}`),
      isOwn: (other) => own.has(other),
    },
  ];
}

/** Addresses of tunnels, with the name of the interface. */
export const tunnels = (interfaces: Interfaces = networkInterfaces()): { name: string; address: string }[] =>
  Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.filter(isPointToPoint).map(({ address }) => ({ name, address })),
  );

/** A tunnel has neither neighbours nor multicast: no hardware address, or a network of one address. */
const isPointToPoint = ({ internal, mac, cidr, family }: NamedInterface['addresses'][number]): boolean =>
  !internal && (mac === '00:00:00:00:00:00' || prefixOf(cidr) === (family === 'IPv4' ? 32 : 128));

const prefixOf = (cidr: string | null): number => Number(cidr?.split('/')[1] ?? 32);

/** fe80::/10 */
const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/i.test(address);

/** The system's number for the interface, where an IPv6 address tells it; another one is another interface. */
const indexOf = (addresses: NamedInterface['addresses']): number =>
  addresses.reduce((index, entry) => (entry.family === 'IPv6' && entry.scopeid) || index, 0);
