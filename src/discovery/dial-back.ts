import { isIPv4 } from 'node:net';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Address } from './address.js';
import { type NetworkLink, networkLinks } from './interfaces.js';
import type { LanDiscovery } from './lan.js';
import { tcpProbe } from './tcp-probe.js';
import type { TcpTransport } from './tcp-transport.js';

export interface DialBackDependencies {
  transport: TcpTransport;
  /** Null where the node keeps off the network. */
  lan: LanDiscovery | null;
  clock: Clock;
}

/** `taken`: somebody else is at that address, too. */
export type DialledBack = 'opened' | 'refused' | 'silent' | 'unreachable' | 'taken';

const LOWEST_PORT = 1024;
const PROBE_MS = 2_500;

/**
 * Dials an instance at `port` where it has been seen: at the address its stream comes from (null for one that says
 * nothing of its port, as on the Internet) and at those where its records were heard. Of the addresses that it
 * `claims` only those are answered that are this machine's own: then two have the same.
 */
export async function dialBack(
  { transport, lan, clock }: DialBackDependencies,
  {
    instance,
    host,
    port,
    claims,
  }: { instance: string; host: string | null; port: number; claims: readonly string[] },
  links: readonly NetworkLink[] = networkLinks(),
): Promise<{ host: string; reached: DialledBack }[]> {
  if (port < LOWEST_PORT) return [];
  const seen = new Set([...(host === null ? [] : [host]), ...(lan?.hostsOf(instance) ?? [])]);
  const elsewhere = [...seen].filter((one) => !links.some((link) => link.isOwn(one)));
  const dialled = elsewhere.slice(0, LIMITS.addressesPerInstance).map(async (one) => {
    if (isIPv4(one) && lan?.isShared(one)) return { host: one, reached: 'taken' as const };
    return { host: one, reached: await tried({ host: one, port }) };
  });
  // Another node of this very machine is seen at this machine's addresses, and has them rightly.
  const neighbour = elsewhere.length === seen.size;
  const clashes = claims
    .filter(
      (claim) => neighbour && isIPv4(claim) && links.some((link) => !link.loopback && link.isOwn(claim)),
    )
    .map((claim) => ({ host: claim, reached: 'taken' as const }));
  return [...(await Promise.all(dialled)), ...clashes].slice(0, LIMITS.addressesPerInstance * 2);

  async function tried(address: Address): Promise<DialledBack> {
    const outcome = await tcpProbe(address, clock, PROBE_MS);
    if (outcome !== 'opened') return outcome === 'forbidden' ? 'unreachable' : outcome;
    let who: string | null = null;
    await transport.dial({ ...address, rooms: [] }, (found) => {
      who = found.instance;
      found.noise.destroy();
    });
    if (who === null) return 'silent';
    return who === instance ? 'opened' : 'taken';
  }
}
