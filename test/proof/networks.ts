import { readFileSync } from 'node:fs';
import { Dht } from '../hosts/dht.js';
import { type Host, Lan, pids } from '../hosts/hosts.js';
import { type Said, Talker } from '../hosts/talker.js';
import { pause, prove, spread, worst } from './proof.js';

const MiB = 1024 * 1024;
/** Nobody has this address: a bootstrap node that cannot be reached. */
const NOWHERE = '10.99.0.1:49737';

const later = (at: number) => (event: Said) => (event.at as number) > at;

async function withLan(hosts: number, fn: (lan: Lan, hosts: Host[]) => Promise<void>): Promise<void> {
  const lan = new Lan(hosts);
  try {
    await fn(lan, lan.hosts);
  } finally {
    lan.close();
  }
}

/** The room is left by quitting, and the node does not stay. */
async function end(talkers: readonly Talker[]): Promise<void> {
  await Promise.all(talkers.map((talker) => talker.quit()));
  await Promise.all(talkers.map(({ host }) => host.chatter(['stop'])));
}

/** From `joined` of the later one to the moment in which the other is seen. */
async function metAfter(talkers: readonly Talker[]): Promise<number> {
  const joined = await Promise.all(talkers.map((talker) => talker.until('joined')));
  const ends = await Promise.all(
    talkers.map(async (talker) => {
      await talker.sees(talkers.length - 1, 60_000);
      return performance.now();
    }),
  );
  return Math.max(...ends) - Math.max(...joined.map(({ at }) => at as number));
}

/** People find each other by the DHT alone: one after the other, and in the same instant. */
export async function findingByTheDht(rounds = 10): Promise<void> {
  await withLan(3, async (_lan, [a, b, c]) => {
    const { bootstrap } = await Dht.start(c as Host);
    const far = (host?: Host) => new Talker(host as Host, 'far', '--no-lan', '--bootstrap', bootstrap);
    const [found, commands, together]: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < rounds; i++) {
      const first = far(a);
      await first.until('joined');
      await pause(3_000); // its announcement is out
      const second = far(b);
      found.push(await metAfter([second, first]));
      commands.push(performance.now() - second.startedAt);
      await end([first, second]);
    }
    for (let i = 0; i < rounds; i++) {
      const both = [far(a), far(b)];
      together.push(await metAfter(both));
      await end(both);
    }
    prove('found by a DHT, from joined', worst(found) < 3_000, spread(found));
    prove('found by a DHT, from the start of the command', worst(commands) < 5_000, spread(commands));
    prove('two that join by a DHT in the same instant', worst(together) <= 3_000, spread(together));
  });
}

/** A DHT that nobody can reach makes nothing slower, and costs no processor. */
export async function withoutABootstrapNode(): Promise<void> {
  await withLan(2, async (_lan, [a, c]) => {
    const host = a as Host;
    const { bootstrap } = await Dht.start(c as Host);
    const times: Record<'with' | 'without', { join: number[]; stop: number[] }> = {
      with: { join: [], stop: [] },
      without: { join: [], stop: [] },
    };
    let cpu = Number.NaN;
    for (let i = 0; i < 5; i++) {
      for (const [which, where] of [
        ['with', bootstrap],
        ['without', NOWHERE],
      ] as const) {
        const talker = new Talker(host, `quiet${i}`, '--bootstrap', where);
        times[which].join.push(((await talker.until('joined')).at as number) - talker.startedAt);
        if (which === 'without' && i === 0) cpu = await processorOf(host, 30_000);
        const before = performance.now();
        await host.chatter(['stop']);
        times[which].stop.push(performance.now() - before);
        await talker.exited();
      }
    }
    const middle = (ms: number[]) => [...ms].sort((x, y) => x - y)[2] as number;
    const seen = (['join', 'stop'] as const).map(
      (what) => `${what} ${spread(times.without[what])} (with one: ${spread(times.with[what])})`,
    );
    prove(
      'no bootstrap node can be reached',
      middle(times.without.join) < 1.3 * middle(times.with.join) + 200 &&
        middle(times.without.stop) < 1.3 * middle(times.with.stop) + 300 &&
        cpu < 0.02,
      `${seen.join(', ')}, idle processor ${(cpu * 100).toFixed(2)} %`,
    );
  });
}

/** Share of one processor that the node on this host uses over so long. */
async function processorOf(host: Host, ms: number): Promise<number> {
  await pause(10_000); // past the start and the first looks
  const [node] = nodesOn(host);
  const before = ticks(node as number);
  await pause(ms);
  return ((ticks(node as number) - before) * TICK_MS) / ms;
}

/** Of the kernel's process times (`getconf CLK_TCK` is 100 on Linux). */
const TICK_MS = 10;
const ticks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};
const rssBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;

/** Processes of nodes, not of windows. */
const nodesOn = (host: Host): number[] =>
  pids(host.namespace).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\0--spawned\0'),
  );

interface Shown {
  self?: boolean;
  instances: { path: string }[];
}

/** With both ways open there is one connection a pair, as both ends see it. */
export async function oneConnectionAPair(rounds = 20): Promise<void> {
  await withLan(4, async (_lan, hosts) => {
    const [dht, ...others] = hosts as [Host, Host, Host, Host];
    const { bootstrap } = await Dht.start(dht);
    let [good, flapped] = [0, 0];
    const odd: string[] = [];
    for (let i = 0; i < rounds; i++) {
      const talkers = others.map((host) => new Talker(host, 'both', '--bootstrap', bootstrap));
      await Promise.all(talkers.map((talker) => talker.sees(2, 60_000)));
      await pause(4_000); // for the second way to be found
      const seen = await Promise.all(
        others.map(async (host) => {
          const { out } = await host.chatter(['peers', 'both', '--json']);
          const people = out
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line) as Shown);
          const paths = people
            .filter(({ self }) => !self)
            .map(({ instances }) => instances.map(({ path }) => path).join('+'));
          return `${paths.sort().join(' ')}; ${(await host.streams()).length} TCP`;
        }),
      );
      if (talkers.some(({ events }) => events.some(({ type }) => type === 'peer-left'))) flapped++;
      if (seen.every((one) => one === 'lan lan; 2 TCP')) good++;
      else odd.push(seen.join(' | '));
      await end(talkers);
    }
    prove(
      'this network and a DHT at once: one connection a pair, on both ends',
      good === rounds && flapped === 0,
      `${good} of ${rounds} runs of 3 people, in ${flapped} somebody was lost in between ${odd.slice(0, 3).join(' / ')}`,
    );
  });
}

/** A machine sleeps for 70 seconds. */
export async function sleeping(rounds = 3): Promise<void> {
  await withLan(2, async (_lan, [a, b]) => {
    const [awake, sleeper] = [a, b].map((host) => new Talker(host as Host, 'nap', '--lan-only')) as [
      Talker,
      Talker,
    ];
    await Promise.all([awake.sees(1), sleeper.sees(1)]);
    const back: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const sleptAt = performance.now();
      b?.signal('SIGSTOP');
      await awake.until('peer-left', later(sleptAt), 30_000);
      await pause(70_000 - (performance.now() - sleptAt));
      b?.signal('SIGCONT');
      const wokeAt = performance.now();
      const events = await Promise.all(
        [awake, sleeper].map((talker) => talker.until('peer-joined', later(wokeAt), 60_000)),
      );
      back.push(Math.max(...events.map(({ at }) => at as number)) - wokeAt);
    }
    prove('a machine that slept for 70 s is found again', worst(back) < 15_000, spread(back));
  });
}

/** How the better way is cut, and how soon the lines must be heard by the other one. */
const CUTS = {
  'unplugged at both ends': {
    ms: 6_000,
    cut: (lan: Lan, hosts: Host[]) => void hosts.map((host) => lan.cut(host)),
  },
  // Where one end alone sees it, the other one has to be told by being dialled.
  'unplugged at one end': { ms: 6_000, cut: (lan: Lan, [a]: Host[]) => lan.cut(a as Host) },
  'silent for both': { ms: 12_000, cut: (lan: Lan) => lan.power(false) },
} as const;

/** The better way is cut in each way; the stream of lines goes on by the other. */
export async function cutting(rounds = Number(process.env.ROUNDS ?? 10)): Promise<void> {
  for (const [how, { ms, cut }] of Object.entries(CUTS)) {
    const seen: Cut[] = [];
    for (let i = 0; i < rounds; i++) seen.push(await cutOnce(cut));
    const sum = (what: Exclude<keyof Cut, 'backMs'>) => seen.reduce((total, one) => total + one[what], 0);
    const back = seen.map(({ backMs }) => backMs);
    prove(
      `the network is cut (${how}), the lines go on by the Internet`,
      worst(back) < ms && sum('twice') === 0 && sum('left') === 0,
      `${spread(back)}; of ${sum('lines')} lines ${sum('marked')} were not confirmed and marked so, ` +
        `${sum('lost')} were said while nobody was there, ${sum('twice')} came twice; ${sum('left')} were seen to leave`,
    );
  }
}

interface Cut {
  backMs: number;
  lines: number;
  twice: number;
  marked: number;
  lost: number;
  left: number;
}

async function cutOnce(cut: (lan: Lan, hosts: Host[]) => void): Promise<Cut> {
  const [near, far] = [new Lan(2), new Lan()];
  try {
    const [a, b] = near.hosts as [Host, Host];
    far.connect(a);
    far.connect(b);
    const { bootstrap } = await Dht.start(far.addHost());
    far.multicast(false);
    const talkers = [a, b].map((host) => new Talker(host, 'both', '--bootstrap', bootstrap));
    const [one, two] = talkers as [Talker, Talker];
    await Promise.all([one.sees(1, 60_000), two.sees(1, 60_000)]);
    await onLan([one, two], a);
    let said = 0;
    const talk = setInterval(() => one.say(String(said++)), 50);
    await pause(2_000 + Math.random() * 4_000); // anywhere between two pings
    const cutAt = performance.now();
    cut(near, [a, b]);
    const upTo = said;
    const isNew = (event: Said) => later(cutAt + 500)(event) && Number(event.text) > upTo;
    const heard = await two.until('message', isNew, 60_000);
    await pause(2_000);
    clearInterval(talk);
    await pause(1_000);
    const numbers = two.heard.map(Number);
    const undelivered = new Set(
      one.events.flatMap(({ type, ids }) => (type === 'message-undelivered' ? (ids as string[]) : [])),
    );
    const ids = new Map(
      one.events.flatMap(({ type, self, text, id }) =>
        type === 'message' && self ? [[Number(text), id as string]] : [],
      ),
    );
    const missing = Array.from({ length: said }, (_, n) => n).filter((n) => !numbers.includes(n));
    const marked = missing.filter((n) => undelivered.has(ids.get(n) as string)).length;
    return {
      backMs: (heard.at as number) - cutAt,
      lines: said,
      twice: numbers.length - new Set(numbers).size,
      marked,
      lost: missing.length - marked,
      left: talkers.filter(({ events }) => events.some(({ type }) => type === 'peer-left')).length,
    };
  } finally {
    far.close();
    near.close();
  }
}

/** Until both are connected by the network itself. */
async function onLan(talkers: readonly Talker[], host: Host): Promise<void> {
  for (let i = 0; i < 40; i++) {
    const { out } = await host.chatter(['peers', 'both', '--json']);
    if (out.includes('"path":"lan"')) return;
    await pause(500);
  }
  throw new Error(`not by the network: ${talkers.map(({ errors }) => errors).join(' ')}`);
}

/** Many on one bridge: all see all, and what that takes of memory. */
export async function crowd(size = 32): Promise<void> {
  await withLan(size, async (_lan, hosts) => {
    const talkers = hosts.map((host) => new Talker(host, 'crowd', '--lan-only'));
    const joined = await Promise.all(talkers.map((talker) => talker.until('joined', () => true, 120_000)));
    await Promise.all(talkers.map((talker) => talker.sees(size - 1, 120_000)));
    const took = performance.now() - Math.max(...joined.map(({ at }) => at as number));
    const memory = hosts.map((host) => rssBytes(nodesOn(host)[0] as number)).sort((x, y) => x - y);
    const middle = (memory[Math.floor(size / 2)] as number) / MiB;
    prove(
      `${size} nodes on one bridge: all see all`,
      took < 10_000,
      `${(took / 1_000).toFixed(1)} s after the last joined; memory of a node ${middle.toFixed(0)} MiB, most ${((memory.at(-1) as number) / MiB).toFixed(0)} MiB`,
    );
  });
}
