import type { Network } from '../connection/network.js';
import type { ReachedHost } from '../connection/reach-check.js';
import { type Address, parseAddress } from '../discovery/address.js';
import type { InternetDiscovery } from '../discovery/internet.js';
import type { LanDiscovery } from '../discovery/lan.js';
import type { TcpTransport } from '../discovery/tcp-transport.js';
import type { Patient } from './examine.js';

export interface NodeParts {
  network: Network;
  transport: TcpTransport;
  /** Null where the node keeps off it. */
  lan: LanDiscovery | null;
  internet: InternetDiscovery | null;
  ownBootstrap: boolean;
  rooms: number;
  /** Where people of the joined rooms were met. */
  remembered: () => Promise<readonly Address[]>;
}

/** Connected people who are asked to dial back: one is enough unless they are elsewhere. */
const HELPERS = 4;

/** A running node, as it is examined. */
export function patientOf({ network, transport, lan, internet, ...rest }: NodeParts): Patient {
  const connections = [...network.connections.values()];
  const overTcp = connections.filter(({ link }) => link.carrier === 'tcp');
  return {
    ...rest,
    lan: lan !== null,
    internet: internet !== null,
    instance: transport.instance,
    port: transport.port,
    streams: connections.map(({ instance, address, link }) => ({
      instance,
      host: parseAddress(address).host,
      overTcp: link.carrier === 'tcp',
      dialledHere: link.isInitiator,
    })),
    sharedHosts: lan?.sharedHosts ?? [],
    dht: async () => internet?.health() ?? null,
    async tryMe(hosts): Promise<ReachedHost[]> {
      const { port } = transport;
      if (port === null) return [];
      const question = { port, hosts: hosts.slice(0, 8) };
      const answers = await Promise.all(
        overTcp.slice(0, HELPERS).map(({ link }) => link.reachCheck.ask(question)),
      );
      return answers.flatMap((answer) => answer ?? []);
    },
  };
}
