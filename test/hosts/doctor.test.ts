import t, { type Test } from 'tap';
import type { Finding } from '../../src/doctor/finding.js';
import { has } from '../support/needs.js';
import { Dht } from './dht.js';
import { type Host, Lan } from './hosts.js';
import { Talker } from './talker.js';

type Three = [Host, Host, Host];

/** What `chatter doctor` says on a host, by check. */
async function doctor(t: Test, host: Host, ...args: string[]): Promise<Partial<Record<string, Finding>>> {
  const { out, err, code } = await host.chatter(['doctor', '--json', ...args]);
  const findings = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Finding);
  t.ok(findings.length > 0, err);
  t.equal(
    code,
    findings.some(({ ok }) => ok === false) ? 1 : 0,
    'the exit code says whether something is amiss',
  );
  return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
}

const together = async (hosts: readonly Host[], ...args: string[]) => {
  const talkers = hosts.map((host) => new Talker(host, 'lab', ...args));
  await Promise.all(talkers.map((talker) => talker.sees(talkers.length - 1)));
};

if (has(t, 'root', 'ip', 'nft')) {
  t.jobs = 4; // they mostly wait
  const on = (what: string, fn: (t: Test, lan: Lan, hosts: Three) => Promise<void>) =>
    t.test(what, { buffered: true }, async (t) => {
      const lan = new Lan(3);
      t.teardown(() => lan.close());
      await fn(t, lan, lan.hosts as Three);
    });

  on('doctor finds nothing amiss on a healthy machine', async (t, _lan, [a, b, c]) => {
    const { bootstrap } = await Dht.start(c);
    await together([a, b], '--bootstrap', bootstrap);
    const found = await doctor(t, a, b.address);
    for (const { check, ok, finding } of Object.values(found) as Finding[])
      t.equal(ok, true, `${check}: ${finding}`);
    t.match(found.port?.finding, 'somebody who is connected has just tried it');
    t.match(found.host?.finding, 'is connected');
  });

  on('doctor names multicast that is not passed on', async (t, lan, [a, b]) => {
    lan.multicast(false);
    const first = new Talker(a, 'lab', '--lan-only', '--listen', '4711');
    await first.until('joined');
    t.match((await doctor(t, a, b.address)).multicast, {
      ok: false,
      finding: b.address,
      mend: `--peer ${b.address}`,
    });
    await new Talker(b, 'lab', '--lan-only', '--peer', `${a.address}:4711`).sees(1);
    t.match((await doctor(t, b)).multicast, { ok: false, finding: a.address, mend: '--peer' });
  });

  on(
    'doctor names a port that a firewall shuts, from either side, and a deaf machine',
    async (t, _lan, [a, b, c]) => {
      a.firewall('tcp dport 4711');
      await together([a, b], '--lan-only', '--listen', '4711');
      t.match((await doctor(t, a)).port, { ok: false, finding: 'Port 4711 cannot be reached', mend: '4711' });
      t.match(await doctor(t, b), { port: { ok: true }, isolation: { ok: true } });
      c.firewall('udp dport 5353');
      const deaf = await doctor(t, c, '--lan-only');
      t.match(deaf, { room: { ok: false }, multicast: { ok: false, finding: '5353' } });
    },
  );

  on(
    'doctor names a network that keeps devices apart, and a DHT that is not there',
    async (t, lan, [a, b]) => {
      lan.isolate(true, [a, b]);
      const first = new Talker(a, 'lab', '--bootstrap', '10.99.0.1:49737');
      await first.until('joined');
      t.match(await doctor(t, a, b.address), {
        isolation: { ok: false, finding: 'keep devices apart' },
        host: { ok: false, finding: b.address },
        dht: { ok: false, finding: 'No node of the DHT answers', mend: '--bootstrap' },
      });
    },
  );

  on('doctor names an address that two machines have, on both and on a third', async (t, lan, [a, b, c]) => {
    lan.readdress(b, 1);
    await together([a, b, c], '--lan-only'); // by IPv6, whatever becomes of the rest
    for (const host of [a, b])
      t.match((await doctor(t, host)).address, { ok: false, finding: `this one's address, ${a.address}` });
    t.match((await doctor(t, c)).address, { ok: false, finding: `one address, ${a.address}` });
  });

  on('doctor names a VPN, and looks at the network beside it', async (t, _lan, [a, b]) => {
    a.tunnel(true);
    await together([a, b], '--lan-only');
    t.match(await doctor(t, a), {
      vpn: { ok: null, finding: 'vpn0' },
      multicast: { ok: true },
      port: { ok: true },
    });
    a.cutOff();
    t.match(await doctor(t, a), { vpn: { ok: false, finding: 'vpn0' } });
  });
}
