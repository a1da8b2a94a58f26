import type { HostFacts, LinkFacts, NetworkFacts } from './facts.js';
import type { Check, Finding } from './finding.js';
import { openPort } from './firewall.js';

const MDNS_PORT = 5353;
/** The port that examples name. */
const USUAL_PORT = 4711;

/** What the facts mean to somebody who waits for others: one finding a check, and one more for each thing amiss. */
export function diagnose(facts: NetworkFacts): Finding[] {
  return [
    room(facts),
    interfaces(facts),
    ...(facts.lan && facts.links.length > 0
      ? [multicast(facts), neighbours(facts), isolation(facts), address(facts)]
      : []),
    port(facts),
    ...vpn(facts),
    dht(facts),
    ...nat(facts),
    ...(facts.host ? [host(facts, facts.host)] : []),
  ];
}

const well = (check: Check, finding: string): Finding => ({ check, ok: true, finding, mend: null });
const amiss = (check: Check, finding: string, mend: string): Finding => ({ check, ok: false, finding, mend });
const unknown = (check: Check, finding: string, mend: string | null = null): Finding => ({
  check,
  ok: null,
  finding,
  mend,
});

const count = (n: number, one: string, many = `${one}s`): string =>
  `${n === 0 ? 'no' : n} ${n === 1 ? one : many}`;
const sentence = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}.`;
const label = ({ name, family, address }: LinkFacts): string =>
  `${name} (${family === 4 ? address : 'IPv6'})`;
const answers = (outcome: string): boolean => outcome === 'opened' || outcome === 'refused';

function room({ rooms, connected }: NetworkFacts): Finding {
  if (rooms === 0)
    return amiss('room', 'No room is joined, so nobody is looked for.', 'Join one: `npx chatter join ROOM`.');
  const ways = `${connected.lan} by the network, ${connected.internet} by the Internet`;
  const people = connected.lan + connected.internet;
  const joined = sentence(
    `${count(rooms, 'room')} joined, ${count(people, 'connection')}${people > 0 ? `: ${ways}` : ''}`,
  );
  return people > 0 ? well('room', joined) : unknown('room', joined);
}

function interfaces({ links, lan }: NetworkFacts): Finding {
  if (links.length === 0)
    return amiss('interfaces', 'This machine is on no network.', 'Plug in a cable or choose a Wi-Fi.');
  if (!lan) {
    const mend = 'Start it without that option: `npx chatter stop`, then join again.';
    return unknown(
      'interfaces',
      'This network is left alone, since the node was started with --no-lan.',
      mend,
    );
  }
  const names = [...new Set(links.map(({ name }) => name))];
  const networks = names.map((name) => {
    const here = links.filter((link) => link.name === name);
    return `${name} (${here.map(({ family, address }) => (family === 4 ? address : 'IPv6')).join(', ')})`;
  });
  return well('interfaces', `Looking on ${networks.join(' and ')}.`);
}

/** What people on this network do who cannot be announced to each other. */
const typed = (where: string, port: number | null) =>
  `Give one machine the other's address, which \`npx chatter status\` shows there: ` +
  `\`npx chatter join ROOM --peer ${where}:${port ?? 'PORT'}\`.`;

function multicast(facts: NetworkFacts): Finding {
  const deaf = facts.links.filter(({ hearsItself }) => !hearsItself).map(label);
  if (deaf.length > 0)
    return amiss(
      'multicast',
      `On ${deaf.join(' and ')} this machine does not hear its own multicast: a firewall here keeps UDP port ${MDNS_PORT} out.`,
      openPort(facts.firewall, 'udp', MDNS_PORT),
    );
  const heard = new Set(facts.links.flatMap(({ others }) => others));
  if (heard.size > 0)
    return well(
      'multicast',
      `Multicast goes out, and others are heard at ${count(heard.size, 'address', 'addresses')}.`,
    );
  const [there] = [
    ...facts.connectedHosts,
    ...(facts.host?.onLink && (facts.host.connected || answers(facts.host.outcome)) ? [facts.host.host] : []),
    ...facts.remembered.filter(({ outcome }) => answers(outcome)).map(({ address }) => address),
  ];
  if (there)
    return amiss(
      'multicast',
      `This network does not pass multicast on: ${there} is here, and was not heard.`,
      typed(there, facts.host?.host === there ? facts.host.port : null),
    );
  const devices = facts.answering ?? 0;
  return unknown(
    'multicast',
    devices > 0
      ? sentence(
          `${count(devices, 'other device')} of this network ${devices === 1 ? 'answers' : 'answer'}, and none was heard by ` +
            'multicast: none of them speaks it, or this network does not pass it on',
        )
      : 'Multicast goes out, and nothing came back: nobody else is here, or this network does not pass it on.',
    typed('ADDRESS', null),
  );
}

function neighbours({ nodes, firewall }: NetworkFacts): Finding {
  if (nodes.length === 0)
    return unknown(
      'neighbours',
      'No other Chatter was heard on this network.',
      'Ask there: `npx chatter doctor`.',
    );
  const lost = nodes.find(({ connected, outcome }) => !connected && outcome !== 'opened');
  if (!lost)
    return well('neighbours', sentence(`${count(nodes.length, 'other node')} heard, and all can be reached`));
  const found = `A node at ${lost.address} was heard, and a connection to its port ${lost.port}`;
  if (lost.outcome === 'refused')
    return amiss(
      'neighbours',
      `${found} was refused: something there keeps it out.`,
      `On that machine: ${openPort(firewall, 'tcp', lost.port)}`,
    );
  if (lost.outcome === 'forbidden')
    return amiss(
      'neighbours',
      `${found} is not allowed by this machine.`,
      'Let node connect to this network in the firewall here.',
    );
  return amiss(
    'neighbours',
    `${found} did not come through.`,
    `If it is a firewall on that machine: ${openPort(firewall, 'tcp', lost.port)}`,
  );
}

const UNITE =
  'Switch off client isolation (also called AP isolation, or a guest network) at the router, or meet on another ' +
  'network; where the Internet is there: `npx chatter join ROOM --reach anywhere`.';

function isolation(facts: NetworkFacts): Finding {
  const reached =
    facts.connectedHosts[0] ??
    facts.nodes.find(({ present }) => present)?.address ??
    (facts.host?.onLink && answers(facts.host.outcome) ? facts.host.host : undefined);
  if (reached) return well('isolation', `Devices of this network reach each other: ${reached} answers.`);
  const silent = facts.nodes.find(({ outcome, present }) => outcome !== 'opened' && !present);
  if (silent)
    return amiss(
      'isolation',
      `This network seems to keep devices apart: ${silent.address} was heard, and nothing sent to it arrives.`,
      UNITE,
    );
  if (facts.host?.onLink && facts.host.outcome === 'unreachable' && facts.host.othersAnswer)
    return amiss(
      'isolation',
      `This network seems to keep devices apart, or ${facts.host.host} is off: others answer, it does not.`,
      UNITE,
    );
  if (facts.answering !== null && facts.answering > 0)
    return well(
      'isolation',
      sentence(
        `${count(facts.answering, 'other device')} of this network ${facts.answering === 1 ? 'answers' : 'answer'}`,
      ),
    );
  if (facts.answering === 0 && facts.routerAnswers)
    return amiss(
      'isolation',
      'This network seems to keep devices apart, or nobody else is here: only the router answers.',
      UNITE,
    );
  return unknown(
    'isolation',
    'Whether this network keeps devices apart cannot be told: nobody else is known on it.',
  );
}

const ANEW =
  'Let one of the two machines ask for an address anew: switch its Wi-Fi or cable off and on, or set it to automatic (DHCP).';

function address({ tried, shared }: NetworkFacts): Finding {
  const taken = tried.find(({ reached }) => reached === 'taken');
  if (taken)
    return amiss(
      'address',
      `Another machine on this network has this one's address, ${taken.host}, too.`,
      ANEW,
    );
  if (shared[0])
    return amiss('address', `Two other machines on this network have one address, ${shared[0]}.`, ANEW);
  return well('address', 'No address is known to be given twice.');
}

function port({ port, tried, dialledByOthers, firewall }: NetworkFacts): Finding {
  if (port === null)
    return unknown('port', 'No port is open before a room is joined.', 'Join one: `npx chatter join ROOM`.');
  const judged = tried.filter(({ reached }) => reached !== 'taken' && reached !== 'unreachable');
  if (judged.some(({ reached }) => reached === 'opened'))
    return well('port', `Port ${port} can be reached: somebody who is connected has just tried it.`);
  if (judged.length > 0)
    return amiss(
      'port',
      `Port ${port} cannot be reached: somebody who is connected has just tried it, so a firewall keeps it shut.`,
      `${openPort(firewall, 'tcp', port)}${port === USUAL_PORT ? '' : ` So that it stays the same port, start the node with --listen ${USUAL_PORT}.`}`,
    );
  if (dialledByOthers) return well('port', `Port ${port} can be reached: somebody came in by it.`);
  return unknown(
    'port',
    `Whether port ${port} can be reached cannot be told: nobody is connected who could try it.`,
    `A firewall may run here. ${openPort(firewall, 'tcp', port)}`,
  );
}

function vpn({ vpn, swallowed, tunnels }: NetworkFacts): Finding[] {
  const name = vpn ?? tunnels[0]?.name ?? 'the tunnel';
  const allow = `Allow the local network in the VPN's settings, or end the VPN${
    /^wg/.test(name) ? `: \`sudo wg-quick down ${name}\`` : ''
  }.`;
  if (swallowed.length > 0)
    return [
      amiss('vpn', `The VPN ${name} takes what is meant for this network (${swallowed.join(', ')}).`, allow),
    ];
  if (vpn)
    return [
      unknown(
        'vpn',
        `All that goes to the Internet goes through the VPN ${vpn}: people elsewhere see its address; this network is not touched.`,
        `If people here are not found: ${allow}`,
      ),
    ];
  return [];
}

function dht({ internet, dht, ownBootstrap }: NetworkFacts): Finding {
  if (!internet || !dht)
    return unknown(
      'dht',
      'The Internet is left alone, since the node was started with --lan-only.',
      'Start it without that option: `npx chatter stop`, then join again.',
    );
  if (dht.answered === 0)
    return amiss(
      'dht',
      'No node of the DHT answers, so nobody is found on the Internet; on this network people are found without it.',
      ownBootstrap
        ? 'Check the address given with --bootstrap, and that UDP gets there.'
        : 'Check the way to the Internet, and whether a firewall or this network keeps UDP in.',
    );
  const ms = dht.rttMs === null ? '' : `, the quickest after ${Math.max(1, Math.round(dht.rttMs))} ms`;
  return well('dht', `${dht.answered} of ${dht.asked} nodes of the DHT answer${ms}.`);
}

function nat({ internet, dht }: NetworkFacts): Finding[] {
  if (!internet || !dht || dht.answered === 0) return [];
  switch (dht.nat) {
    case 'open':
      return [
        well('nat', `No router changes this machine's address (${dht.address}): everybody can reach it.`),
      ];
    case 'consistent':
      return [
        well(
          'nat',
          `The router gives this machine one address for all (${dht.address}), so that a way through can be made.`,
        ),
      ];
    case 'random':
      return [
        amiss(
          'nat',
          `The router or VPN shows a different port to everybody (at ${dht.address}), so that only some people elsewhere can be reached.`,
          'Let a port in at the router and start with it (`--listen 4711`), so that people can be given that address (`--peer`); a mobile hotspot or another VPN may do better.',
        ),
      ];
    default:
      return [unknown('nat', 'What the router does to addresses is not known yet.')];
  }
}

function host({ firewall }: NetworkFacts, asked: HostFacts): Finding {
  const name = asked.port === null || asked.guessed ? asked.host : `${asked.host} port ${asked.port}`;
  if (asked.connected) return well('host', `${name} is connected.`);
  if (asked.outcome === 'opened' && !asked.guessed)
    return well('host', `${name} answers: the way is open, so ask whether both are in the same room.`);
  if (asked.outcome === 'opened' || asked.outcome === 'refused') {
    if (!asked.guessed)
      return amiss(
        'host',
        `${asked.host} is there, and nothing listens at its port ${asked.port}.`,
        'See there which port it is: `npx chatter status`.',
      );
    return unknown(
      'host',
      `${asked.host} is there; at which port Chatter listens is not known${asked.heard ? '' : ', since it was not heard'}.`,
      typed(asked.host, null),
    );
  }
  if (asked.outcome === 'forbidden')
    return amiss(
      'host',
      `This machine does not let anything go to ${name}.`,
      'Let node connect in the firewall here.',
    );
  if (asked.outcome === 'silent')
    return amiss(
      'host',
      `${name} does not answer: it is off, or a firewall there keeps this out.`,
      `On that machine: ${openPort(firewall, 'tcp', asked.port ?? USUAL_PORT)}`,
    );
  return asked.onLink
    ? amiss(
        'host',
        asked.othersAnswer
          ? `${asked.host} is not reached though others on this network are: it is off, or is kept apart.`
          : `${asked.host} is not reached: it is off, or this network keeps devices apart.`,
        'See there whether it is on this network: `npx chatter doctor`.',
      )
    : amiss(
        'host',
        `No way leads to ${asked.host}: it is on no network of this machine.`,
        'Meet on one network, or over the Internet: `npx chatter join ROOM --reach anywhere`.',
      );
}
