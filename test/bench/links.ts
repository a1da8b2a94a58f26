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
  ['100 Mbit/s 5 ms, 1 % loss', { mbit: 100, roundTripMs: 5, lossPercent: 1 }],
  ['20 Mbit/s 80 ms, 1 % loss', { mbit: 20, roundTripMs: 80, lossPercent: 1 }],
] as const;
/** What iperf3 leaves out at its beginning: as long as the warm-up of ours. */
const OMITTED_SECONDS = 5;

const POLICIES = ['idle', 'naive', 'ours'] as const;
type Run = Figures & { idle: number };
/** Where packets are lost, MB/s of iperf3 on the same line with the same congestion control. */
type Round = Record<(typeof POLICIES)[number], Run> & { iperf?: number };

/**
 * A message of 64 bytes every 25 ms beside bulk as fast as it goes: what the window leaves of the rate that
 * back-pressure alone comes to, and what each of them adds to the message's round trip. Where packets are lost, beside
 * what iperf3 comes to. With `words`, such as `tcp` and `1 Gbit/s`, only the lines that bear them all.
 */
export async function sharingALink(words: readonly string[] = []): Promise<void> {
  for (const carrier of ['tcp', 'udx'] as const) {
    for (const [name, options] of LINES) {
      if (!words.every((word) => `${name}, ${carrier}`.includes(word))) continue;
      const line = options ? await Line.open(options) : null;
      const host = line ? null : new Host();
      const hosts = line?.hosts ?? ([host, host] as [Host, Host]);
      try {
        const rounds: Round[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          const round = {} as Round;
          for (const policy of POLICIES) {
            round[policy] = await run(hosts, line?.addresses[1] ?? '127.0.0.1', carrier, policy);
          }
          const isLossy = options !== null && 'lossPercent' in options;
          if (isLossy && carrier === 'tcp' && line) round.iperf = await iperf(line);
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

async function iperf({ hosts: [from, to], addresses }: Line): Promise<number> {
  const server = to.spawn('iperf3', ['--server', '--one-off', '--forceflush'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(server.stdout as NodeJS.ReadableStream, 'data');
    const times = ['--time', `${SECONDS}`, '--omit', `${OMITTED_SECONDS}`];
    const { out } = await from.run('iperf3', ['--client', addresses[1], ...times, '--json']);
    const { end } = JSON.parse(out) as { end: { sum_received: { bits_per_second: number } } };
    return end.sum_received.bits_per_second / 8e6;
  } finally {
    server.kill('SIGKILL');
  }
}

const quantile = (values: readonly number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

function report(name: string, rounds: readonly Round[]): void {
  const over = (fn: (round: Round) => number) => quantile(rounds.map(fn), 0.5);
  const share = over(({ ours, naive }) => ours.megabytesPerSecond / naive.megabytesPerSecond);
  const rate = (policy: 'ours' | 'naive') => over((round) => round[policy].megabytesPerSecond).toFixed(1);
  const added = (policy: 'ours' | 'naive', q: number) =>
    over((round) => quantile(round[policy].roundTrips, q) - quantile(round.idle.roundTrips, 0.5)).toFixed(1);
  const beside = rounds.some(({ iperf }) => iperf !== undefined)
    ? `   ${over(({ ours, iperf = Number.NaN }) => ours.megabytesPerSecond / iperf).toFixed(2)} x iperf3 (${over(({ iperf = Number.NaN }) => iperf).toFixed(1)} MB/s)`
    : '';
  const idle = over(({ ours }) => ours.idle);
  console.log(
    `${name.padEnd(30)} ${(100 * share).toFixed(1)} % of naive (${rate('ours')} of ${rate('naive')} MB/s)${beside}` +
      `   added to a message: median ${added('ours', 0.5)}, p95 ${added('ours', 0.95)} ms` +
      ` (naive ${added('naive', 0.5)}, ${added('naive', 0.95)})` +
      `   s/GB ${over(({ ours }) => ours.sender).toFixed(2)} + ${over(({ ours }) => ours.receiver).toFixed(2)}` +
      `   idle ${(100 * idle).toFixed(0)} %${idle < IDLE_NEEDED ? ' VOID: no idle processor left' : ''}   n=${rounds.length}`,
  );
}
