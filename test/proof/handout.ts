import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processorTimes } from '../bench/processor.js';
import { type Host, Lan, MAIN, pids } from '../hosts/hosts.js';
import { Command } from '../support/command.js';
import { pause, prove } from './proof.js';

const MIB = 1024 * 1024;
const BYTES = Number(process.env.MIB ?? 256) * MIB;
const OTHERS = 8;
const UPLINK = process.env.UPLINK ?? '100mbit';
const LONG_MS = 300_000;
/** Everybody has it: so soon the command that sends has heard of it. */
const ENDS_MS = 20_000;
const TICKS_A_SECOND = 100;

interface HandedOut {
  /** From the command that sends to the last who has it. */
  seconds: number;
  /** Bytes on the wire from the origin, and from each other, as shares of the file. */
  origin: number;
  others: number[];
  /** Seconds of the processor, of the origin and of each other. */
  processor: number[];
  /** Share of all processors' time in which nobody used them: a machine has so many hosts to bear. */
  idle: number;
  identical: boolean;
}

/** One file from a machine with a slow uplink to many on gigabit: about the time of one transfer, as each passes it on. */
export async function handOut(): Promise<void> {
  const one = await round(1, false);
  const all = await round(OTHERS, false);
  const list = (numbers: readonly number[], digits: number) =>
    numbers.map((each) => each.toFixed(digits)).join(' ');
  const say = ({ seconds, origin, others, processor, idle }: HandedOut) =>
    `${seconds.toFixed(1)} s, the origin sent ${origin.toFixed(2)} of the file, the others ${list(others, 2)}; seconds of the processor: ${list(processor, 1)}, ${(100 * idle).toFixed(0)} % idle`;
  prove(
    `${BYTES / MIB} MiB from an uplink of ${UPLINK} to ${OTHERS} machines`,
    all.seconds <= 1.5 * one.seconds && all.identical,
    `${(all.seconds / one.seconds).toFixed(2)} times as long as to one (${one.seconds.toFixed(1)} s): ${say(all)}`,
  );
  const left = await round(OTHERS, true);
  prove(
    'the origin is killed when one of them has the file',
    left.identical,
    `all ${OTHERS} have it after ${left.seconds.toFixed(1)} s: ${say(left)}`,
  );
}

async function round(count: number, leaves: boolean): Promise<HandedOut> {
  const lan = new Lan(count + 1);
  try {
    const [origin, ...others] = lan.hosts as [Host, ...Host[]];
    limit(origin, lan, UPLINK);
    const file = path.join(origin.folder, 'image');
    writeFileSync(file, randomBytes(BYTES));
    const receivers = others.map((host) => {
      mkdirSync(path.join(host.folder, 'to'));
      const take = [
        'receive',
        'lab',
        '--yes',
        '--from',
        'anyone',
        '--out',
        path.join(host.folder, 'to'),
        '--json',
      ];
      return chatter(host, ...take);
    });
    const keeper = chatter(origin, 'receive', 'lab', '--yes', '--from', 'anyone', '--json');
    await keeper.until(/open room/); // `peers` would start a node with other options
    while ((await peopleAt(origin)) < count + 1) await pause(200);
    const before = lan.hosts.map(sentBy);
    const startedAt = performance.now();
    const used = lan.hosts.map(processorOf);
    const times = processorTimes();
    const sender = chatter(origin, 'send', 'lab', file, '--yes', '--json');
    const done = receivers.map(async (receiver) => {
      await receiver.until(/"transfer-done"/, LONG_MS);
      return (performance.now() - startedAt) / 1000;
    });
    if (leaves) {
      await Promise.race(done);
      for (const pid of pids(origin.namespace)) process.kill(pid, 'SIGKILL');
    }
    const seconds = Math.max(...(await Promise.all(done)));
    const now = processorTimes();
    const idle = (now.idle - times.idle) / (now.all - times.all);
    const processor = lan.hosts.map((host, i) => processorOf(host) - (used[i] as number));
    if (!leaves) await sender.until(/"type":"sent"/, ENDS_MS);
    const sent = lan.hosts.map((host, i) => (sentBy(host) - (before[i] as number)) / BYTES);
    const identical = others.every(
      (host) => spawnSync('cmp', [file, path.join(host.folder, 'to', 'image')]).status === 0,
    );
    return { seconds, origin: sent[0] as number, others: sent.slice(1), processor, idle, identical };
  } finally {
    lan.close();
  }
}

const chatter = (host: Host, ...args: string[]): Command => {
  const data = path.join(host.folder, 'data');
  return new Command(
    host.spawn(process.execPath, [MAIN, ...args, '--open', '--lan-only', '--data', data], { stdio: 'pipe' }),
  );
};

async function peopleAt(host: Host): Promise<number> {
  const { out } = await host.chatter(['peers', 'lab', '--json']);
  return out.split('\n').filter((line) => line.startsWith('{')).length;
}

/** So fast at most out of this machine. */
function limit(host: Host, lan: Lan, rate: string): void {
  const args = `qdisc add dev ${host.port(lan)} root tbf rate ${rate} burst 256k latency 100ms`.split(' ');
  execFileSync('ip', ['netns', 'exec', host.namespace, 'tc', ...args]);
}

/** Bytes that have left this machine. */
function sentBy(host: Host): number {
  const { stdout } = spawnSync('ip', ['netns', 'exec', host.namespace, 'cat', '/proc/net/dev']);
  return stdout
    .toString()
    .split('\n')
    .filter((line) => /^\s*p\d+:/.test(line))
    .reduce((sum, line) => sum + Number(line.split(':')[1]?.trim().split(/\s+/)[8]), 0);
}

/** Seconds of the processor that what runs on this machine has taken. */
function processorOf(host: Host): number {
  const ticks = pids(host.namespace).map((pid) => {
    const [user, system] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11) ?? [];
    return Number(user) + Number(system);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND;
}
