import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import type { Address } from './address.js';
import { type NetworkLink, networkLinks } from './interfaces.js';
import { MdnsLink } from './mdns-link.js';

/** What mDNS comes to on one link. */
interface LinkHearing {
  link: NetworkLink;
  /** What this machine said came back to it. */
  self: boolean;
  /** Addresses of other machines that were heard, whatever they said. */
  others: readonly string[];
}

/** Another node, and where it was heard. */
export interface HeardNode {
  instance: string;
  addresses: Address[];
}

export interface Hearing {
  links: LinkHearing[];
  nodes: HeardNode[];
}

/** Datagrams get lost: it asks three times. */
const ASK_AT_MS = [0, 800, 1_600];
const LISTEN_MS = 2_800;

/**
 * Asks on every link who is there, and listens for three seconds. Nothing is announced. `skip` are instances that are
 * not to be told, such as this node's own.
 */
export async function probeMulticast(
  { clock, log }: { clock: Clock; log: Log },
  skip: ReadonlySet<string>,
): Promise<Hearing> {
  const nodes = new Map<string, HeardNode>();
  const probes = networkLinks()
    .filter(({ loopback }) => !loopback)
    .map((link) => ({ link, mdns: new MdnsLink({ link, clock, log }) }));
  for (const { mdns } of probes) {
    mdns.on('heard', ({ instance, host, port }) => {
      if (skip.has(instance) || nodes.size >= LIMITS.mdnsInstances) return;
      const node = nodes.get(instance) ?? { instance, addresses: [] };
      nodes.set(instance, node);
      const known = node.addresses.some((address) => address.host === host && address.port === port);
      if (!known && node.addresses.length < LIMITS.addressesPerInstance) node.addresses.push({ host, port });
    });
  }
  try {
    // A link that cannot be opened hears nothing, which is what is told of it.
    await Promise.allSettled(probes.map(({ mdns }) => mdns.open()));
    const timers = ASK_AT_MS.map((ms) =>
      clock.after(ms, () => {
        for (const { mdns } of probes) mdns.callOut();
      }),
    );
    await new Promise<void>((resolve) => void clock.after(LISTEN_MS, resolve));
    for (const timer of timers) timer.cancel();
    const links = probes.map(({ link, mdns }) => ({ link, ...mdns.heard }));
    return { links, nodes: [...nodes.values()] };
  } finally {
    await Promise.allSettled(probes.map(({ mdns }) => mdns.close()));
  }
}
