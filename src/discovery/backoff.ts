import { LIMITS } from '../limits.js';

/**
 * Milliseconds before attempt number `attempt` (from 1 on): doubling from `dialBackoffMinMs` to `maxMs`, each
 * between half and whole of its value, so that two ends do not keep meeting. `random` gives 0 to 1.
 */
export function backoffMs(attempt: number, maxMs: number, random: () => number): number {
  const whole = Math.min(LIMITS.dialBackoffMinMs * 2 ** Math.min(attempt - 1, 16), maxMs);
  return whole * (0.5 + random() / 2);
}

/** A fraction that nobody can foresee, from `node:crypto`. */
export function unpredictable(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}
