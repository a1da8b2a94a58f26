import type { ReachedHost } from '../connection/reach-check.js';
import type { DhtHealth } from '../discovery/internet.js';
import type { ProbeOutcome } from '../discovery/tcp-probe.js';
import type { Firewall } from './firewall.js';

/** A network of this machine, and what was heard on it. */
export interface LinkFacts {
  name: string;
  family: 4 | 6;
  /** This machine's IPv4 address there; empty for IPv6. */
  address: string;
  /** What this machine says comes back to it. */
  hearsItself: boolean;
  /** Addresses of other machines that were heard, whatever they said. */
  others: readonly string[];
}

/** Another node that was heard on this network. */
export interface NodeFacts {
  /** The first of its addresses that answers, or the first. */
  address: string;
  port: number;
  connected: boolean;
  outcome: ProbeOutcome;
  /** Its machine answers at some other port, or has told its hardware address. */
  present: boolean;
}

/** One machine that was asked for. */
export interface HostFacts {
  host: string;
  port: number | null;
  /** `port` was guessed, since it is known of nobody: what counts is whether the machine answers at all. */
  guessed: boolean;
  outcome: ProbeOutcome;
  /** On a network of this machine, so that no router is between. */
  onLink: boolean;
  heard: boolean;
  connected: boolean;
  /** Another machine on the same network answers. */
  othersAnswer: boolean;
}

/** What was seen of this machine's networks, as a whole: all that `diagnose` goes by. */
export interface NetworkFacts {
  rooms: number;
  lan: boolean;
  internet: boolean;
  /** TCP port of this node; null before a room is joined. */
  port: number | null;
  links: readonly LinkFacts[];
  tunnels: readonly { name: string; address: string }[];
  /** The tunnel that leads everywhere else; null without one. */
  vpn: string | null;
  /** Networks of this machine that a tunnel swallows: what is sent to them goes elsewhere. */
  swallowed: readonly string[];
  nodes: readonly NodeFacts[];
  /** People who are connected, by what carries them. */
  connected: { lan: number; internet: number };
  /** Addresses of connected people on this machine's own networks. */
  connectedHosts: readonly string[];
  /** Somebody has connected here from another machine. */
  dialledByOthers: boolean;
  /** What connected people say came of dialling this node; empty where nobody could. */
  tried: readonly ReachedHost[];
  /** IPv4 addresses that two other machines seem to have. */
  shared: readonly string[];
  /** Where people of these rooms were met before, and what answers there now. */
  remembered: readonly { address: string; outcome: ProbeOutcome }[];
  /** Devices that answered when all addresses were asked, but the router; null where they were not asked. */
  answering: number | null;
  routerAnswers: boolean;
  /** Null where the Internet is left alone. */
  dht: DhtHealth | null;
  /** Entered by nodes that were typed, not the public ones. */
  ownBootstrap: boolean;
  firewall: Firewall;
  host: HostFacts | null;
}
