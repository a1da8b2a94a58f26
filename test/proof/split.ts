import { createHash } from 'node:crypto';
import { type Host, Lan } from '../hosts/hosts.js';
import { Talker } from '../hosts/talker.js';
import { pause, prove } from './proof.js';

const ROOM = 'split';
const LINES = 20;
const PATIENCE_MS = 90_000;

/**
 * Five hosts on one network, of which three and two cannot reach each other for a while: both halves write. All have
 * one history in one order when it is healed, and nothing of it is lost.
 */
export async function split(): Promise<void> {
  const lan = new Lan(5);
  const { hosts } = lan;
  const halves = [hosts.slice(0, 3), hosts.slice(3)] as const;
  try {
    // Streams would go on over link-local addresses, to which no route leads that could be taken away.
    for (const host of hosts) await host.run('sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1']);
    const talkers = hosts.map((host) => new Talker(host, ROOM));
    await Promise.all(talkers.map((talker) => talker.sees(hosts.length - 1, PATIENCE_MS)));
    const said = await sayAll(talkers, 'whole');
    await agreed(hosts, said);
    await reach(halves, false);
    await Promise.all(talkers.map((talker) => lost(talker, halves[0].includes(talker.host) ? 2 : 3)));
    const [some, others] = [talkers.slice(0, 3), talkers.slice(3)];
    const apart = await Promise.all([sayAll(some, 'left'), sayAll(others, 'right')]);
    const ends = await Promise.all(
      halves.map((half, i) => agreed(half, [...said, ...(apart[i] as string[])])),
    );
    const from = performance.now();
    await reach(halves, true);
    const all = [...said, ...apart.flat()];
    const histories = await agreed(hosts, all);
    const tookMs = performance.now() - from;
    const hashes = new Set(histories.map(hash));
    const isWhole = histories.every((lines) => textsOf(lines) === all.toSorted().join('\n'));
    prove(
      'five hosts that were split into three and two, and healed',
      hashes.size === 1 && isWhole,
      `${said.length} lines before; ${ends.map(([lines = []]) => lines.length).join(' and ')} on the two sides; ` +
        `${histories.map(({ length }) => length).join(', ')} ${(tookMs / 1e3).toFixed(1)} s after it was healed; ` +
        `history ${[...hashes].join(' and ')}`,
    );
    for (const talker of talkers) await talker.quit();
  } finally {
    lan.close();
  }
}

/** Lets the halves reach each other, or not: packets to the other half are dropped where they are sent. */
async function reach(halves: readonly (readonly Host[])[], on: boolean): Promise<void> {
  const routes = halves.flatMap((half) =>
    half.flatMap((host) =>
      halves.flatMap((other) => (other === half ? [] : other.map((to) => [host, to] as const))),
    ),
  );
  for (const [host, to] of routes)
    await host.run('ip', ['route', on ? 'del' : 'add', 'blackhole', `${to.address}/32`]);
}

/** All say `LINES` lines, in turn. */
async function sayAll(talkers: readonly Talker[], when: string): Promise<string[]> {
  const said: string[] = [];
  for (let n = 0; n < LINES; n++) {
    for (const [i, talker] of talkers.entries()) {
      said.push(`${when}: host ${i} says ${n}`);
      talker.say(said.at(-1) as string);
    }
    await pause(20);
  }
  return said;
}

/** Resolves when so many have been seen to go. */
async function lost(talker: Talker, count: number): Promise<void> {
  const gone = () => talker.events.filter(({ type }) => type === 'peer-left').length;
  await talker.until('peer-left', () => gone() >= count, PATIENCE_MS);
}

/** The histories of these once all hold exactly these texts, or as they are when patience ends. */
async function agreed(hosts: readonly Host[], texts: readonly string[]): Promise<string[][]> {
  const end = performance.now() + PATIENCE_MS;
  const wanted = texts.toSorted().join('\n');
  for (;;) {
    const histories = await Promise.all(hosts.map(history));
    if (histories.every((lines) => textsOf(lines) === wanted) || performance.now() > end) return histories;
    await pause(500);
  }
}

const textsOf = (lines: readonly string[]): string =>
  lines
    .map((line) => line.slice(line.indexOf(' ') + 1))
    .toSorted()
    .join('\n');

/** Ids and texts, in the order of the room. */
async function history(host: Host): Promise<string[]> {
  const { out } = await host.chatter(['history', ROOM, '--json', '--limit', '500']);
  const lines = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; id: string; text: string });
  return lines.filter(({ text }) => text !== undefined).map(({ id, text }) => `${id} ${text}`);
}

const hash = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
