import { besiege, describeSiege } from '../support/hostile/siege.js';

/**
 * `npm run proof`: what takes too long for `npm test`. Each line says what was done and what was seen; the exit status
 * is 1 if a bound was passed. Bounded in time: about a minute and a half.
 */
const undo: (() => unknown)[] = [];
const MiB = 1024 * 1024;

try {
  const seconds = 60;
  const result = await besiege({ teardown: (fn) => void undo.push(fn) }, seconds * 1000);
  const holds =
    result.most.rssBytes - result.before.rssBytes < 64 * MiB &&
    result.most.descriptors - result.before.descriptors < 64 &&
    result.cpu < 0.5 &&
    result.joinMs < 2_000 &&
    result.p95Ms < 100;
  console.log(`${holds ? 'holds' : 'FAILS'}: 500 connections for ${seconds} s: ${describeSiege(result)}`);
  if (!holds) process.exitCode = 1;
} finally {
  for (const fn of undo.reverse()) await fn();
}
