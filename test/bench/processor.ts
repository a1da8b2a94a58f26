import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpus } from 'node:os';

/** USER_HZ, as /proc counts. */
const TICKS_A_SECOND = 100;

/** Processor seconds so far of all processes on this network but this one: browsers and nodes. */
export function processorSeconds(): number {
  const own = networkOf('self');
  let seconds = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid || networkOf(pid) !== own) continue;
    seconds += secondsOf(pid);
  }
  return seconds;
}

/** Processor seconds so far of one process. */
export function secondsOf(pid: number | string): number {
  const [, rest = ''] = /\) (.*)$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').trim()) ?? [];
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Milliseconds of all processors together, and those in which nobody used them. */
export function processorTimes(): { idle: number; all: number } {
  const times = cpus().map(({ times }) => times);
  const sum = (fn: (time: (typeof times)[0]) => number) => times.reduce((total, time) => total + fn(time), 0);
  return {
    idle: sum(({ idle }) => idle),
    all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq),
  };
}

function networkOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return ''; // it ended meanwhile
  }
}
