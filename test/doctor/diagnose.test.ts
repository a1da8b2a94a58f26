import t from 'tap';
import { diagnose } from '../../src/doctor/diagnose.js';
import type { HostFacts, NetworkFacts, NodeFacts } from '../../src/doctor/facts.js';
import { type Check, Finding } from '../../src/doctor/finding.js';
import { openPort } from '../../src/doctor/firewall.js';

const LINK = {
  name: 'eth0',
  address: '10.0.0.2',
  family: 4 as const,
  hearsItself: true,
  others: ['10.0.0.9'],
};
const NODE: NodeFacts = {
  address: '10.0.0.9',
  port: 4711,
  connected: true,
  outcome: 'opened',
  present: true,
};
const HOST: HostFacts = {
  host: '10.0.0.7',
  port: 4711,
  guessed: false,
  outcome: 'opened',
  onLink: true,
  heard: false,
  connected: false,
  othersAnswer: true,
};
const HEALTHY: NetworkFacts = {
  rooms: 1,
  lan: true,
  internet: true,
  port: 4711,
  links: [LINK],
  tunnels: [],
  vpn: null,
  swallowed: [],
  nodes: [NODE],
  connected: { lan: 1, internet: 0 },
  connectedHosts: ['10.0.0.9'],
  dialledByOthers: true,
  tried: [{ host: '10.0.0.2', reached: 'opened' }],
  shared: [],
  remembered: [],
  answering: null,
  routerAnswers: false,
  dht: { asked: 8, answered: 8, rttMs: 30, nat: 'consistent', address: '198.51.100.7' },
  ownBootstrap: false,
  firewall: 'ufw',
  host: null,
};
const ALONE: Partial<NetworkFacts> = {
  links: [{ ...LINK, others: [] }],
  nodes: [],
  connected: { lan: 0, internet: 0 },
  connectedHosts: [],
  dialledByOthers: false,
  tried: [],
};

const said = (facts: Partial<NetworkFacts>, check: Check): Finding =>
  diagnose({ ...HEALTHY, ...facts }).find((finding) => finding.check === check) as Finding;

t.test('a healthy machine is told so, each thing once and in a sentence', async (t) => {
  const findings = diagnose({ ...HEALTHY, host: { ...HOST, connected: true } });
  t.same(
    findings.map(({ check }) => check).sort(),
    Finding.shape.check.options.filter((check) => check !== 'vpn').sort(),
    'there is no VPN to tell of',
  );
  for (const { check, ok, finding, mend } of findings) {
    t.equal(ok, true, check);
    t.equal(mend, null, check);
    t.match(finding, /^[A-Z0-9].*\.$/, check);
  }
});

const down = (host: Partial<HostFacts>): Partial<NetworkFacts> => ({ ...ALONE, host: { ...HOST, ...host } });

for (const [what, facts, check, ok, finding, mend] of [
  ['no room', { rooms: 0, ...ALONE }, 'room', false, /No room is joined/, /chatter join ROOM/],
  ['nobody there', ALONE, 'room', null, /1 room joined, no connections/, null],
  ['no network', { links: [] }, 'interfaces', false, /on no network/, /cable or choose a Wi-Fi/],
  ['--no-lan', { lan: false }, 'interfaces', null, /--no-lan/, /chatter stop/],
  [
    'deaf',
    { links: [{ ...LINK, hearsItself: false }] },
    'multicast',
    false,
    /eth0 \(10\.0\.0\.2\).*5353/,
    /ufw allow 5353\/udp/,
  ],
  [
    'multicast blocked, somebody connected',
    { ...ALONE, connectedHosts: ['10.0.0.9'] },
    'multicast',
    false,
    /does not pass multicast on: 10\.0\.0\.9/,
    /--peer 10\.0\.0\.9/,
  ],
  [
    'multicast blocked, the host answers',
    down({ outcome: 'refused', port: 5000 }),
    'multicast',
    false,
    /10\.0\.0\.7/,
    /--peer 10\.0\.0\.7:5000/,
  ],
  [
    'multicast blocked, who was met answers',
    { ...ALONE, remembered: [{ address: '10.0.0.4', outcome: 'opened' }] },
    'multicast',
    false,
    /10\.0\.0\.4/,
    /--peer 10\.0\.0\.4/,
  ],
  ['silent devices', { ...ALONE, answering: 3 }, 'multicast', null, /3 other devices/, /--peer/],
  [
    'a closed port elsewhere',
    { ...ALONE, nodes: [{ ...NODE, connected: false, outcome: 'silent' }] },
    'neighbours',
    false,
    /10\.0\.0\.9 was heard.*4711 did not come/,
    /4711\/tcp/,
  ],
  [
    'a refused port elsewhere',
    { nodes: [{ ...NODE, connected: false, outcome: 'refused' }] },
    'neighbours',
    false,
    /refused/,
    /4711\/tcp/,
  ],
  [
    'kept in',
    { nodes: [{ ...NODE, connected: false, outcome: 'forbidden' }] },
    'neighbours',
    false,
    /not allowed by this machine/,
    /firewall here/,
  ],
  [
    'heard and not reached',
    { ...ALONE, nodes: [{ ...NODE, connected: false, outcome: 'unreachable', present: false }] },
    'isolation',
    false,
    /seems to keep devices apart: 10\.0\.0\.9 was heard/,
    /client isolation/,
  ],
  [
    'a closed port is no isolation',
    { ...ALONE, nodes: [{ ...NODE, connected: false, outcome: 'silent' }] },
    'isolation',
    true,
    /10\.0\.0\.9 answers/,
    null,
  ],
  [
    'the host alone is not reached',
    down({ outcome: 'unreachable' }),
    'isolation',
    false,
    /10\.0\.0\.7 is off: others answer/,
    /client isolation/,
  ],
  [
    'only the router',
    { ...ALONE, answering: 0, routerAnswers: true },
    'isolation',
    false,
    /only the router answers/,
    /client isolation/,
  ],
  ['nobody known', ALONE, 'isolation', null, /cannot be told/, null],
  [
    'own address taken',
    { tried: [{ host: '10.0.0.2', reached: 'taken' }] },
    'address',
    false,
    /this one's address, 10\.0\.0\.2/,
    /DHCP/,
  ],
  ['address of others', { shared: ['10.0.0.8'] }, 'address', false, /one address, 10\.0\.0\.8/, /DHCP/],
  [
    'closed',
    { tried: [{ host: '10.0.0.2', reached: 'silent' }] },
    'port',
    false,
    /Port 4711 cannot be reached/,
    /ufw allow 4711\/tcp/,
  ],
  [
    'closed at one address of two',
    {
      tried: [
        { host: '10.0.0.2', reached: 'silent' },
        { host: 'fe80::2%eth0', reached: 'opened' },
      ],
    },
    'port',
    true,
    /can be reached/,
    null,
  ],
  ['came in', { tried: [] }, 'port', true, /somebody came in/, null],
  ['nobody to try', ALONE, 'port', null, /cannot be told/, /4711\/tcp/],
  ['not listening', { port: null }, 'port', null, /before a room is joined/, /chatter join/],
  [
    'VPN',
    { vpn: 'wg0', tunnels: [{ name: 'wg0', address: '10.8.0.2' }] },
    'vpn',
    null,
    /through the VPN wg0/,
    /wg-quick down wg0/,
  ],
  [
    'VPN that takes all',
    { vpn: 'tun0', swallowed: ['eth0'], tunnels: [{ name: 'tun0', address: '10.8.0.2' }] },
    'vpn',
    false,
    /tun0 takes what is meant for this network \(eth0\)/,
    /local network/,
  ],
  ['--lan-only', { internet: false, dht: null }, 'dht', null, /--lan-only/, /chatter stop/],
  [
    'no DHT',
    { dht: { asked: 3, answered: 0, rttMs: null, nat: 'unknown', address: null } },
    'dht',
    false,
    /No node of the DHT answers/,
    /UDP/,
  ],
  [
    'no DHT of one’s own',
    { ownBootstrap: true, dht: { asked: 3, answered: 0, rttMs: null, nat: 'unknown', address: null } },
    'dht',
    false,
    /No node/,
    /--bootstrap/,
  ],
  [
    'symmetric NAT',
    { dht: { asked: 8, answered: 8, rttMs: 30, nat: 'random', address: '198.51.100.7' } },
    'nat',
    false,
    /different port to everybody/,
    /--peer/,
  ],
  ['host connected', down({ connected: true }), 'host', true, /is connected/, null],
  ['host open', down({}), 'host', true, /the way is open/, null],
  [
    'host, wrong port',
    down({ outcome: 'refused' }),
    'host',
    false,
    /nothing listens at its port 4711/,
    /chatter status/,
  ],
  [
    'host, no port known',
    down({ outcome: 'refused', port: null, guessed: true }),
    'host',
    null,
    /is there; at which port/,
    /--peer 10\.0\.0\.7:PORT/,
  ],
  ['host silent', down({ outcome: 'silent' }), 'host', false, /does not answer/, /4711\/tcp/],
  ['host kept apart', down({ outcome: 'unreachable' }), 'host', false, /kept apart/, /chatter doctor/],
  [
    'host elsewhere',
    down({ outcome: 'unreachable', onLink: false }),
    'host',
    false,
    /No way leads to/,
    /reach anywhere/,
  ],
] as const satisfies readonly [
  string,
  Partial<NetworkFacts>,
  Check,
  boolean | null,
  RegExp,
  RegExp | null,
][]) {
  t.test(`${what}: ${check}`, async (t) => {
    const got = said(facts, check);
    t.equal(got?.ok, ok, got?.finding);
    t.match(got?.finding, finding);
    if (mend) t.match(got?.mend, mend);
    else t.equal(got?.mend, null);
  });
}

t.test('whatever cannot be known is not said to be well', async (t) => {
  const blind = diagnose({
    ...HEALTHY,
    ...ALONE,
    dht: { asked: 0, answered: 0, rttMs: null, nat: 'unknown', address: null },
  });
  for (const { check, ok } of blind) if (!['interfaces', 'address'].includes(check)) t.not(ok, true, check);
});

t.test('a port is let in by the command of each firewall', async (t) => {
  for (const [firewall, command] of [
    ['ufw', /`sudo ufw allow 4711\/tcp`/],
    ['firewalld', /`sudo firewall-cmd --add-port=4711\/tcp`/],
    ['windows', /New-NetFirewallRule .*-Protocol TCP -LocalPort 4711/],
    ['macos', /System Settings/],
    ['unknown', /nft list ruleset/],
  ] as const)
    t.match(openPort(firewall, 'tcp', 4711), command);
});
