import NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Clock } from '../clock.js';
import { Network } from '../connection/network.js';
import type { Counters } from '../counters.js';
import { parseAddress } from '../discovery/address.js';
import { dialBack } from '../discovery/dial-back.js';
import { DirectDiscovery } from '../discovery/direct.js';
import { instanceId } from '../discovery/instance-id.js';
import { InternetDiscovery } from '../discovery/internet.js';
import { LanDiscovery } from '../discovery/lan.js';
import { TcpTransport } from '../discovery/tcp-transport.js';
import type { Log } from '../log.js';
import { GuessBudget } from '../membership/guess-budget.js';
import type { NodeOptions } from './options.js';
import type { Stores } from './stores.js';

/** All by which others are found and reached. */
export interface Ways {
  /** This running node's own name. */
  instance: string;
  transport: TcpTransport;
  direct: DirectDiscovery;
  /** Null where it is not wanted. */
  lan: LanDiscovery | null;
  internet: InternetDiscovery | null;
  network: Network;
}

/** Puts the ways together under a transport key of this run; nothing is opened yet. */
export function makeWays(
  { identity, people }: Stores,
  options: NodeOptions,
  deps: { clock: Clock; log: Log; counters: Counters },
): Ways {
  const { clock, log, counters } = deps;
  const keyPair = NoiseSecretStream.keyPair();
  const transport = new TcpTransport({ keyPair, ...deps }, { port: options.listen });
  const direct = new DirectDiscovery({ transport, clock });
  const lan = (options.lan ?? true) ? new LanDiscovery({ transport, clock, log }) : null;
  const bootstrap = options.bootstrap?.map((address) => parseAddress(address));
  const internet =
    (options.internet ?? true) ? new InternetDiscovery({ keyPair, ...deps }, { bootstrap }) : null;
  const network = new Network({
    discoveries: [direct, lan, internet].filter((discovery) => discovery !== null),
    dialBack: ({ hosts, ...who }) => dialBack({ transport, lan, clock }, { ...who, claims: hosts }),
    identity,
    transportKey: keyPair.publicKey,
    guesses: new GuessBudget(clock),
    isBlocked: (id) => people.marks(id).blocked,
    clock,
    log,
    counters,
  });
  return { instance: instanceId(keyPair.publicKey), transport, direct, lan, internet, network };
}
