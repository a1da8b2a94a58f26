import path from 'node:path';
import { ChatterNode } from '../../src/node/node.js';
import { Besieged, temporaryFolder } from '../support/hostile/besieged.js';
import { pause, prove } from './proof.js';

const MiB = 1024 * 1024;
const PEERS = 64;

/** One node with as many people as there can be in a room, who say nothing: what each costs in memory. */
export async function fullHouse(): Promise<void> {
  const undo: (() => unknown)[] = [];
  const owner = { teardown: (fn: () => unknown) => void undo.push(fn) };
  try {
    const room = 'fullhouse';
    const besieged = await Besieged.start(owner, room);
    await pause(1_000);
    const before = await besieged.figures();
    for (let n = 0; n < PEERS; n++) {
      const folder = temporaryFolder(owner);
      const node = new ChatterNode(
        { identity: path.join(folder, 'identity'), database: path.join(folder, 'chatter.db') },
        { lan: false, internet: false },
      );
      await node.open();
      undo.push(() => node.close());
      await node.join({ room, open: true, peers: [`127.0.0.1:${besieged.port}`] });
      await besieged.until(({ members }) => members.length === n + 1);
    }
    await pause(5_000);
    const after = await besieged.figures();
    await pause(10_000);
    const idle = await besieged.figures();
    prove(
      `${PEERS} people on one node`,
      idle.rssBytes <= 150 * MiB,
      `${(before.rssBytes / MiB).toFixed(0)} MiB alone, ${(idle.rssBytes / MiB).toFixed(0)} MiB with them: ` +
        `${((idle.rssBytes - before.rssBytes) / 1024 / PEERS).toFixed(0)} KiB each; idle processor ${((idle.cpuMs - after.cpuMs) / 100).toFixed(1)} %`,
    );
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}
