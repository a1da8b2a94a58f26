import { createHash } from 'node:crypto';
import { type PeerId, publicKeyOf } from './peer-id.js';

/** As in Signal's fingerprints: slow enough that a look-alike is not searched for lightly. */
const ROUNDS = 5200;
const DOMAIN = 'chatter/safety-number/1';
const CHUNKS = 6;

/** Thirty digits (99 bits) of one key, in groups of five: what one reads out. */
export function ownSafetyNumber(id: PeerId): string {
  const key = publicKeyOf(id);
  let digest = createHash('sha512').update(DOMAIN).update(key).digest();
  for (let i = 1; i < ROUNDS; i++) digest = createHash('sha512').update(digest).update(key).digest();
  // 40 bits of the digest a group, so that the bias of the remainder is below 2^-23.
  return Array.from({ length: CHUNKS }, (_, i) =>
    String(digest.readUIntBE(i * 5, 5) % 100_000).padStart(5, '0'),
  ).join(' ');
}

/** Sixty digits that two people both see for their pair of keys: each one's own number, the lower first. */
export const safetyNumber = (a: PeerId, b: PeerId): string =>
  [ownSafetyNumber(a), ownSafetyNumber(b)].sort().join(' ');
