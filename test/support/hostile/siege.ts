import type { Test } from 'tap';
import { Attacker } from './attacker.js';
import { Besieged, type Figures } from './besieged.js';
import { HonestMember } from './honest-member.js';

export interface SiegeResult {
  before: Figures;
  after: Figures;
  /** Share of one core that the node used, 0 to 1, while it was besieged. */
  cpu: number;
  most: { rssBytes: number; descriptors: number };
  joinMs: number;
  p95Ms: number;
}

/** How many connections there are at a time. */
const CONNECTIONS = 500;
const ADDRESSES = 100;

/**
 * 500 connections from 100 addresses for `ms`, each idle, slow (a byte now and then) or full of garbage, and made
 * anew when the node ends it; an honest pair talks all the while, and a third person joins in the middle.
 */
export async function besiege(t: Pick<Test, 'teardown'>, ms: number): Promise<SiegeResult> {
  const room = 'besieged';
  const node = await Besieged.start(t, room);
  const talker = await HonestMember.join(t, { room, port: node.port, name: 'Ann' });
  const before = await node.figures();
  const startedAt = performance.now();
  let over = false;
  const attacker = new Attacker(t, node.port);
  const keepOne = (n: number) => {
    if (over) return;
    const socket = attacker.connect(`127.0.${1 + (n % ADDRESSES)}.66`);
    socket.resume();
    let slow: NodeJS.Timeout | undefined;
    socket.on('connect', () => {
      if (n % 3 === 1) slow = setInterval(() => socket.write('\u0001'), 500);
      if (n % 3 === 2) socket.write(Buffer.alloc(64, n));
    });
    socket.on('close', () => {
      clearInterval(slow);
      setTimeout(() => keepOne(n), 1_000 + (n % 10) * 100);
    });
  };
  for (let n = 0; n < CONNECTIONS; n++) keepOne(n);
  const most = { rssBytes: 0, descriptors: 0 };
  let joined: Promise<HonestMember> | null = null;
  while (performance.now() - startedAt < ms) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { rssBytes, descriptors } = await node.figures();
    most.rssBytes = Math.max(most.rssBytes, rssBytes);
    most.descriptors = Math.max(most.descriptors, descriptors);
    if (performance.now() - startedAt > ms / 2)
      joined ??= HonestMember.join(t, { room, port: node.port, name: 'Bob' });
  }
  const { joinMs } = (await joined) as HonestMember;
  await (await joined)?.p95();
  const p95Ms = await talker.p95();
  over = true;
  attacker.hangUp();
  const after = await node.figures();
  const cpu = (after.cpuMs - before.cpuMs) / (performance.now() - startedAt);
  return { before, after, cpu, most, joinMs, p95Ms };
}

const MiB = 1024 * 1024;

/** The figures as one line. */
export const describeSiege = ({ before, most, cpu, joinMs, p95Ms, after }: SiegeResult): string =>
  `memory ${Math.round(before.rssBytes / MiB)} to at most ${Math.round(most.rssBytes / MiB)} MiB, descriptors ` +
  `${before.descriptors} to at most ${most.descriptors}, ${Math.round(cpu * 100)} % of a core, join ${Math.round(joinMs)} ms, ` +
  `p95 of a line ${Math.round(p95Ms)} ms, ${JSON.stringify(after.counters)}`;
