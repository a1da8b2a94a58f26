import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Host, Lan } from '../hosts/hosts.js';
import { besiege, describeSiege } from '../support/hostile/siege.js';
import { chatKills } from './chat-kills.js';
import { diskFaults } from './disk-faults.js';
import { fullHouse } from './full-house.js';
import { handOut } from './handout.js';
import {
  crowd,
  cutting,
  findingByTheDht,
  oneConnectionAPair,
  sleeping,
  withoutABootstrapNode,
} from './networks.js';
import { prove } from './proof.js';
import { simulation } from './simulation.js';
import { split } from './split.js';

/**
 * `npm run proof`: what takes too long for `npm test`, about half an hour; `npm run proof siege crowd` does
 * these alone. Each line says what was done and what was seen; the exit status is 1 if a bound was passed. All but the
 * siege and the full house need root, since machines are network namespaces.
 */
const PROOFS: Record<string, () => Promise<void>> = {
  siege,
  'full-house': fullHouse,
  dht: findingByTheDht,
  'no-bootstrap': withoutABootstrapNode,
  'one-connection': oneConnectionAPair,
  crowd,
  cut: cutting,
  sleep: sleeping,
  handout: handOut,
  simulation,
  'chat-kills': chatKills,
  'disk-faults': diskFaults,
  split,
  kills,
};

const MiB = 1024 * 1024;

async function siege(): Promise<void> {
  const undo: (() => unknown)[] = [];
  const seconds = 60;
  try {
    const result = await besiege({ teardown: (fn) => void undo.push(fn) }, seconds * 1000);
    const holds =
      result.most.rssBytes - result.before.rssBytes < 64 * MiB &&
      result.most.descriptors - result.before.descriptors < 64 &&
      result.cpu < 0.5 &&
      result.joinMs < 2_000 &&
      result.p95Ms < 100;
    prove(`500 connections for ${seconds} s`, holds, describeSiege(result));
  } finally {
    for (const fn of undo.reverse()) await fn();
  }
}

/** On a network of its own, where nothing else counts as sent. */
async function kills(): Promise<void> {
  const lan = new Lan(1);
  try {
    const [host] = lan.hosts as [Host];
    const command = [
      process.execPath,
      path.resolve('dist/test/proof/kill-rounds.js'),
      '1',
      process.env.ROUNDS ?? '100',
    ];
    const { status } = spawnSync('ip', ['netns', 'exec', host.namespace, ...command], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  } finally {
    lan.close();
  }
}

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(PROOFS)) {
  const proof = PROOFS[name];
  if (!proof) throw new Error(`There is no proof "${name}"; there are ${Object.keys(PROOFS).join(', ')}.`);
  await proof();
}
