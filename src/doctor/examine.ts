import { isIP, isIPv4 } from 'node:net';
import type { Clock } from '../clock.js';
import type { ReachedHost } from '../connection/reach-check.js';
import type { Address } from '../discovery/address.js';
import { type NetworkLink, networkLinks, tunnels } from '../discovery/interfaces.js';
import type { DhtHealth } from '../discovery/internet.js';
import { type HeardNode, type Hearing, probeMulticast } from '../discovery/multicast-probe.js';
import { arpNeighbours, defaultGateway, sourceFor } from '../discovery/routes.js';
import { type ProbeOutcome, tcpProbe } from '../discovery/tcp-probe.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import type { HostFacts, LinkFacts, NetworkFacts, NodeFacts } from './facts.js';
import { findFirewall } from './firewall.js';

/** The node that is examined, as far as it matters here. */
export interface Patient {
  readonly rooms: number;
  readonly lan: boolean;
  readonly internet: boolean;
  readonly ownBootstrap: boolean;
  readonly instance: string;
  readonly port: number | null;
  /** Where connected people are, and who dialled. */
  readonly streams: readonly { instance: string; host: string; overTcp: boolean; dialledHere: boolean }[];
  /** Where people of the joined rooms were met. */
  remembered(): Promise<readonly Address[]>;
  /** IPv4 addresses at which two machines were heard. */
  readonly sharedHosts: readonly string[];
  /** Asks connected people to dial this node. */
  tryMe(hosts: readonly string[]): Promise<readonly ReachedHost[]>;
  dht(): Promise<DhtHealth | null>;
}

export interface ExamineOptions {
  /** `host`, or `host:port` as an address: says why this one is not reached. */
  host?: { host: string; port: number | null };
  /** Asks every address of this network whether anybody answers, unless somebody is known to. Default false. */
  sweep?: boolean;
}

interface Dependencies {
  clock: Clock;
  log: Log;
}

/** A machine without an answer is told by the system after three seconds of asking for its hardware address. */
const PROBE_MS = 3_500;
const SWEEP_MS = 1_200;
const SWEPT_AT_ONCE = 64;
/** Discard (RFC 863): nearly every machine refuses it, and by that shows that it is there. */
const CLOSED_PORT = 9;
const NODES_DIALLED = 8;

/** Looks at everything that decides whether people are found, in 3 to 10 seconds. Nothing is announced. */
export async function examine(
  deps: Dependencies,
  patient: Patient,
  { host, sweep = false }: ExamineOptions = {},
): Promise<NetworkFacts> {
  const links = networkLinks().filter(({ loopback }) => !loopback);
  const own = new Set([patient.instance]);
  const ownHosts = links.filter(({ family }) => family === 4).map(({ address }) => address);
  const [hearing, dht, tried, firewall, vpn, swallowed, remembered] = await Promise.all([
    patient.lan ? probeMulticast(deps, own) : ({ links: [], nodes: [] } satisfies Hearing),
    patient.dht(),
    patient.tryMe(ownHosts),
    findFirewall(),
    vpnOf(),
    swallowedBy(links),
    patient.remembered().then((addresses) => answering(deps, links, addresses)),
  ]);
  const onLink = (address: string) => links.some((link) => link.contains(address) && !link.isOwn(address));
  const streams = patient.streams.filter((stream) => stream.overTcp && onLink(stream.host));
  const [nodes, present, gateway] = await Promise.all([
    Promise.all(
      hearing.nodes
        .filter(({ addresses }) => addresses.some((address) => onLink(address.host)))
        .slice(0, NODES_DIALLED)
        .map((node) => dialled(deps, node, patient)),
    ),
    sweep && streams.length === 0 ? sweepOf(deps, links) : null,
    defaultGateway(),
  ]);
  const known = streams.length > 0 || nodes.some(({ outcome }) => outcome === 'opened');
  const others = present?.filter((address) => address !== gateway) ?? null;
  const somebody = known || (present?.length ?? 0) > 0;
  return {
    rooms: patient.rooms,
    lan: patient.lan,
    internet: patient.internet,
    port: patient.port,
    links: hearing.links.length > 0 ? hearing.links.map(asFacts) : links.map(unheard),
    tunnels: tunnels(),
    vpn,
    swallowed,
    nodes,
    connected: {
      lan: patient.streams.filter(({ overTcp }) => overTcp).length,
      internet: patient.streams.filter(({ overTcp }) => !overTcp).length,
    },
    connectedHosts: streams.map((stream) => stream.host),
    dialledByOthers: streams.some(({ dialledHere }) => !dialledHere),
    tried,
    shared: [...new Set([...patient.sharedHosts, ...sharedBy(nodes)])],
    remembered,
    answering: others?.length ?? null,
    routerAnswers: gateway !== null && (present?.includes(gateway) ?? false),
    dht,
    ownBootstrap: patient.ownBootstrap,
    firewall,
    host: host ? await asked(deps, host, { hearing, patient, onLink, somebody }) : null,
  };
}

const asFacts = ({ link, self, others }: Hearing['links'][number]): LinkFacts => ({
  name: link.name,
  address: link.family === 4 ? link.address : '',
  family: link.family,
  hearsItself: self,
  others: others.filter((address) => link.contains(address)),
});

const unheard = (link: NetworkLink): LinkFacts => asFacts({ link, self: false, others: [] });

/** The tunnel by which everything else leaves. */
async function vpnOf(): Promise<string | null> {
  const source = await sourceFor();
  return tunnels().find(({ address }) => address === source)?.name ?? null;
}

/** Links whose own network is reached from another address than theirs. */
async function swallowedBy(links: readonly NetworkLink[]): Promise<string[]> {
  const ipv4 = links.filter(({ family }) => family === 4);
  const wrong = await Promise.all(
    ipv4.map(async (link) => {
      const source = await sourceFor(neighbourOf(link));
      return source !== null && tunnels().some(({ address }) => address === source);
    }),
  );
  return ipv4.filter((_, i) => wrong[i]).map(({ name }) => name);
}

/** Some other address of the same network. */
const neighbourOf = (link: NetworkLink): string =>
  addressesAround(link.address).find((address) => link.contains(address) && address !== link.address) ??
  link.address;

/** The 254 addresses that begin like this one. */
const addressesAround = (address: string): string[] => {
  const prefix = address.split('.').slice(0, 3).join('.');
  return Array.from({ length: 254 }, (_, i) => `${prefix}.${i + 1}`);
};

/** Which addresses of the IPv4 networks answer, of up to 254 each and on two networks at most. */
async function sweepOf({ clock }: Dependencies, links: readonly NetworkLink[]): Promise<string[]> {
  const present = new Set<string>();
  for (const link of links.filter(({ family }) => family === 4).slice(0, 2)) {
    const targets = addressesAround(link.address).filter((one) => link.contains(one) && !link.isOwn(one));
    for (let at = 0; at < targets.length; at += SWEPT_AT_ONCE) {
      await Promise.all(
        targets.slice(at, at + SWEPT_AT_ONCE).map(async (host) => {
          const outcome = await tcpProbe({ host, port: CLOSED_PORT }, clock, SWEEP_MS);
          if (outcome === 'opened' || outcome === 'refused') present.add(host);
        }),
      );
    }
    // Who says nothing at a closed port has told its hardware address all the same.
    for (const address of (await arpNeighbours()) ?? []) if (targets.includes(address)) present.add(address);
  }
  return [...present];
}

async function answering(
  { clock }: Dependencies,
  links: readonly NetworkLink[],
  addresses: readonly Address[],
): Promise<{ address: string; outcome: ProbeOutcome }[]> {
  const here = addresses.filter(({ host }) => links.some((link) => link.contains(host) && !link.isOwn(host)));
  return Promise.all(
    here.slice(0, LIMITS.rememberedAddresses).map(async (address) => ({
      address: address.host,
      outcome: await tcpProbe(address, clock, PROBE_MS),
    })),
  );
}

async function dialled(
  { clock }: Dependencies,
  { instance, addresses }: HeardNode,
  patient: Patient,
): Promise<NodeFacts> {
  const [first] = addresses as [Address];
  if (patient.streams.some((stream) => stream.instance === instance && stream.overTcp))
    return { address: first.host, port: first.port, connected: true, outcome: 'opened', present: true };
  const outcomes = await Promise.all(
    addresses.map(async (address) => ({ ...address, outcome: await tcpProbe(address, clock, PROBE_MS) })),
  );
  const best = outcomes.find(({ outcome }) => outcome === 'opened') ?? (outcomes[0] as (typeof outcomes)[0]);
  return {
    address: best.host,
    port: best.port,
    connected: false,
    outcome: best.outcome,
    present: best.outcome === 'opened' || (await isPresent(clock, best.host)),
  };
}

/** Whether a machine is there that lets nothing in at the port that matters. */
async function isPresent(clock: Clock, host: string): Promise<boolean> {
  const outcome = await tcpProbe({ host, port: CLOSED_PORT }, clock, SWEEP_MS);
  return outcome === 'opened' || outcome === 'refused' || ((await arpNeighbours()) ?? []).includes(host);
}

/** One node of an address answers there and another is refused: it is at the other machine. */
const sharedBy = (nodes: readonly NodeFacts[]): string[] => {
  const refused = nodes.filter(({ outcome, address }) => outcome === 'refused' && isIPv4(address));
  return refused
    .map(({ address }) => address)
    .filter((address) => nodes.some((other) => other.address === address && other.outcome === 'opened'));
};

interface Seen {
  hearing: Hearing;
  patient: Patient;
  onLink: (address: string) => boolean;
  somebody: boolean;
}

/** Tries one machine: at the port given, at the one it was heard with, or at any, to see whether it is there. */
async function asked(
  { clock }: Dependencies,
  { host, port: given }: { host: string; port: number | null },
  { hearing, patient, onLink, somebody }: Seen,
): Promise<HostFacts> {
  const heardThere = hearing.nodes.filter(({ addresses }) =>
    addresses.some((address) => address.host === host),
  );
  const heardPort = heardThere[0]?.addresses.find((address) => address.host === host)?.port;
  const port = given ?? heardPort ?? null;
  return {
    host,
    port,
    guessed: port === null,
    outcome: await tcpProbe({ host, port: port ?? CLOSED_PORT }, clock, PROBE_MS),
    onLink: isIP(host) !== 0 && (onLink(host) || !isIPv4(host)),
    heard: hearing.links.some(({ others }) => others.includes(host)),
    connected: patient.streams.some(
      (stream) => stream.host === host || heardThere.some(({ instance }) => instance === stream.instance),
    ),
    othersAnswer: somebody,
  };
}
