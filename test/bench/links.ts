import { once } from 'node:events';
import path from 'node:path';
import { Host } from '../hosts/hosts.js';
import { Line } from '../hosts/line.js';
import type { Figures } from './bench-session.js';
import { processorTimes } from './processor.js';

const END = path.resolve('dist/test/bench/link-end.js');
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 8);
/** Less idle processor time than this, and a run says more about the machine than about the link. */
const IDLE_NEEDED = 0.05;

const LINES = [
  ['loopback', null],
  ['1 Gbit/s', { mbit: 1000, roundTripMs: 0 }],
  ['100 Mbit/s 5 ms', { mbit: 100, roundTripMs: 5 }],
  ['20 Mbit/s 80 ms', { mbit: 20, roundTripMs: 80 }],
] as const;

const POLICIES = ['idle', 'naive', 'ours'] as const;
type Run = Figures & { idle: number };

/**
 * A message of 64 bytes every 25 ms beside bulk as fast as it goes: what the window leaves of the rate that
 * back-pressure alone comes to, and what each of them adds to the message's round trip. With `words`, such as `tcp` and
 * `1 Gbit/s`, only the lines that bear them all.
 */
export async function sharingALink(words: readonly string[] = []): Promise<void> {
  for (const carrier of ['tcp', 'udx'] as const) {
    for (const [name, options] of LINES) {
      if (!words.every((word) => `${name}, ${carrier}`.includes(word))) continue;
      const line = options ? await Line.open(options) : null;
      const host = line ? null : new Host();
      const hosts = line?.hosts ?? ([host, host] as [Host, Host]);
      try {
        const rounds: Record<(typeof POLICIES)[number], Run>[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          const round = {} as (typeof rounds)[0];
          for (const policy of POLICIES) {
            round[policy] = await run(hosts, line?.addresses[1] ?? '127.0.0.1', carrier, policy);
          }
          rounds.push(round);
        }
        report(`${name}, ${carrier}`, rounds);
      } finally {
        line?.close();
        host?.close();
      }
    }
  }
}

async function run(
  [from, to]: readonly [Host, Host],
  address: string,
  carrier: string,
  policy: string,
): Promise<Run> {
  const listener = to.spawn(process.execPath, [END, 'listen', carrier, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [where] = (await once(listener.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const before = processorTimes();
    const args = [
      END,
      'send',
      carrier,
      where.toString().trim(),
      policy,
      policy === 'idle' ? '2' : `${SECONDS}`,
    ];
    const { out, err } = await from.run(process.execPath, args);
    const after = processorTimes();
    if (!out) throw new Error(err);
    const idle = (after.idle - before.idle) / (after.all - before.all);
    return { ...(JSON.parse(out) as Figures), idle };
  } finally {
    listener.kill('SIGKILL');
  }
}

const quantile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

function report(name: string, rounds: readonly Record<(typeof POLICIES)[number], Run>[]): void {
  const over = (fn: (round: (typeof rounds)[0]) => number) => quantile(rounds.map(fn), 0.5);
  const share = over(({ ours, naive }) => ours.megabytesPerSecond / naive.megabytesPerSecond);
  const rate = (policy: 'ours' | 'naive') => over((round) => round[policy].megabytesPerSecond).toFixed(1);
  const added = (policy: 'ours' | 'naive', q: number) =>
    over((round) => quantile(round[policy].roundTrips, q) - quantile(round.idle.roundTrips, 0.5)).toFixed(1);
  const idle = over(({ ours }) => ours.idle);
  console.log(
    `${name.padEnd(22)} ${(100 * share).toFixed(1)} % of naive (${rate('ours')} of ${rate('naive')} MB/s)` +
      `   added to a message: median ${added('ours', 0.5)}, p95 ${added('ours', 0.95)} ms` +
      ` (naive ${added('naive', 0.5)}, ${added('naive', 0.95)})` +
      `   s/GB ${over(({ ours }) => ours.sender).toFixed(2)} + ${over(({ ours }) => ours.receiver).toFixed(2)}` +
      `   idle ${(100 * idle).toFixed(0)} %${idle < IDLE_NEEDED ? ' VOID: no idle processor left' : ''}   n=${rounds.length}`,
  );
}
