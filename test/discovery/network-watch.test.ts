import t from 'tap';
import { HeardAddresses } from '../../src/discovery/heard-addresses.js';
import { type Interfaces, networkLinks } from '../../src/discovery/interfaces.js';
import { diffInterfaces, interfaceTexts, NetworkWatch } from '../../src/discovery/network-watch.js';
import { LIMITS } from '../../src/limits.js';
import { ManualClock } from '../support/manual-clock.js';

type Entry = NonNullable<Interfaces[string]>[number];

const v4 = (address: string, bits = 24, more: Partial<Entry> = {}): Entry =>
  ({
    address,
    netmask: '255.255.255.0',
    family: 'IPv4',
    mac: '02:00:00:00:00:01',
    internal: false,
    cidr: `${address}/${bits}`,
    ...more,
  }) as Entry;
const v6 = (address: string, scopeid: number, more: Partial<Entry> = {}): Entry =>
  ({
    address,
    netmask: 'ffff:ffff:ffff:ffff::',
    family: 'IPv6',
    mac: '02:00:00:00:00:01',
    internal: false,
    cidr: `${address}/64`,
    scopeid,
    ...more,
  }) as Entry;
const NO_MAC = { mac: '00:00:00:00:00:00' };

t.test('each IPv4 address and each interface with IPv6 is a link; tunnels are left alone', async (t) => {
  const links = networkLinks({
    lo: [v4('127.0.0.1', 8, { internal: true, ...NO_MAC }), v6('::1', 0, { internal: true, ...NO_MAC })],
    eth0: [v4('10.0.0.2'), v4('192.168.7.2'), v6('fe80::2', 3), v6('fd00::2', 0)],
    wlan0: [v6('fe80::3', 4)],
    tun0: [v4('10.8.0.2', 24, NO_MAC), v6('fe80::8', 5, NO_MAC)],
    ppp0: [v4('10.9.0.2', 32)],
  });
  t.same(
    links.map(({ address }) => address),
    ['10.0.0.2', '192.168.7.2', '127.0.0.1', '::%eth0', '::%wlan0'],
  );
  const [first, , , sixth] = links;
  t.ok(first?.contains('10.0.0.99'));
  for (const off of ['10.0.1.1', '192.168.7.3', '8.8.8.8', 'fe80::9%eth0', ''])
    t.notOk(first?.contains(off), off);
  t.ok(sixth?.contains('fe80::9%eth0'));
  for (const off of ['fe80::9%wlan0', 'fe80::9', 'fd00::9', '10.0.0.99']) t.notOk(sixth?.contains(off), off);
  t.ok(sixth?.isOwn('fe80::2%eth0') && first?.isOwn('10.0.0.2'));
});

t.test('an interface made anew under the same name and address is another link', async (t) => {
  const before = networkLinks({ eth0: [v4('10.0.0.2'), v6('fe80::2', 3)] });
  const after = networkLinks({ eth0: [v4('10.0.0.2'), v6('fe80::2', 9)] });
  t.equal(before.length, 2);
  for (const { key } of before) t.notOk(after.some((link) => link.key === key));
});

t.test('a machine with a thousand interfaces has a bounded number of links, networks first', async (t) => {
  const containers = Array.from({ length: 1_000 }, (_, i) => [`veth${i}`, [v6(`fe80::${i + 1}`, i + 10)]]);
  const links = networkLinks({ ...Object.fromEntries(containers), eth0: [v4('10.0.0.2')] });
  t.equal(links.length, LIMITS.mdnsLinks);
  t.equal(links[0]?.address, '10.0.0.2');
});

t.test('what came and what went is told, and nothing when nothing did', async (t) => {
  const one = interfaceTexts({ eth0: [v4('10.0.0.2')], wlan0: [v4('10.1.0.2')] });
  const two = interfaceTexts({ eth0: [v4('10.0.0.2')], wlan0: [v4('10.1.0.3')] });
  t.same(diffInterfaces(one, one), { added: [], removed: [] });
  t.match(diffInterfaces(one, two), { added: [/10\.1\.0\.3/], removed: [/10\.1\.0\.2/] });
});

t.test('the watch tells a change once, and sleep by either clock', async (t) => {
  let interfaces: Interfaces = { eth0: [v4('10.0.0.2')] };
  const clock = new ManualClock();
  const watch = new NetworkWatch({ clock }, { interfaces: () => interfaces });
  const told: unknown[] = [];
  watch.on('change', (change) => told.push(change));
  await watch.open();
  clock.advance(60_000);
  t.same(told, [], 'nothing happened');
  interfaces = { eth0: [v4('10.0.0.3')] };
  clock.advance(10_000);
  t.match(told.splice(0), [{ woke: false, added: [/10\.0\.0\.3/], removed: [/10\.0\.0\.2/] }]);
  const wall = clock.wall.bind(clock);
  clock.wall = () => wall() + 70_000; // suspended: the monotonic clock stood still
  clock.advance(10_000);
  t.match(told.splice(0), [{ woke: true, added: [], removed: [] }]);
  await watch.close();
  t.equal(clock.pending, 0);
});

t.test(
  '[D3] an instance is dialled where it was heard, and only on networks that are there, at few addresses',
  async (t) => {
    const addresses = new HeardAddresses();
    const at = (n: number) => ({ host: `10.0.0.${n}`, port: 4711 });
    const here = () => true;
    t.same(addresses.toDial(here), []);
    t.ok(addresses.heard(at(1), 0));
    t.notOk(addresses.heard(at(1), 1));
    t.ok(addresses.heard(at(2), 2));
    t.same(addresses.toDial(here), [at(2), at(1)], 'the newest first');
    addresses.worked('10.0.0.1:4711');
    t.same(addresses.toDial(here), [at(1), at(2)], 'then the one that worked');
    addresses.worked('10.0.0.9:4711');
    t.ok(addresses.heard(at(3), 3));
    t.same(addresses.toDial(here), [at(3), at(1), at(2)], 'but a newer one before it');
    t.same(
      addresses.toDial((host) => host === '10.0.0.1'),
      [at(1)],
    );
    for (let n = 10; n < 1_000; n++) addresses.heard(at(n), n);
    t.equal(addresses.dropOlder(0), LIMITS.addressesPerInstance);
    t.equal(addresses.dropOlder(10_000), 0);
  },
);
