import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';

/** One IPv4 address of this machine: a network on which people can be found. */
export interface NetworkLink {
  /** Changes when the interface is made anew, though name and address stay. */
  readonly key: string;
  readonly address: string;
  /** True for this machine's own loopback: how two nodes on one machine meet without any network. */
  readonly loopback: boolean;
  /** Whether an address is on this link. */
  contains(address: string): boolean;
}

/** The links of this machine as they are now. */
export function networkLinks(interfaces = networkInterfaces()): NetworkLink[] {
  return Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family }) => family === 'IPv4')
      .map(({ address, netmask, mac, internal, cidr }) => {
        const subnet = new BlockList();
        subnet.addSubnet(address, Number(cidr?.split('/')[1] ?? 32), 'ipv4');
        return {
          key: `${name} ${address} ${netmask} ${mac}`,
          address,
          loopback: internal,
          contains: (other: string) => subnet.check(other, 'ipv4'),
        };
      }),
  );
}
