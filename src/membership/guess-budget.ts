import { hostOf, prefixOf } from '../address-prefix.js';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';

const HOUR_MS = 3_600_000;
/** Prefixes and rooms that are remembered; the one heard of longest ago goes first. */
const REMEMBERED = 4_096;

/**
 * How many wrong secrets are put up with (PROTOCOL.md [P4]): so many an address prefix, so many a room, and then one
 * stranger per `failedProofThrottleMs` and room, so burning the budget locks no member out:
 *
 * 1. An instance that has proven a room passes by.
 * 2. An address from which a room was proven has a budget of its own, whatever strangers elsewhere do: a member who
 *    starts again comes back. It has an end, since who guesses may sit behind the same router as a member.
 */
export class GuessBudget {
  readonly #clock: Clock;
  readonly #byPrefix = new Remembered<number[]>();
  readonly #byRoom = new Remembered<number[]>();
  /** By instance and room. */
  readonly #members = new Remembered<true>();
  /** Wrong secrets from an address that has proven a room, by address and room. */
  readonly #byKnownAddress = new Remembered<number[]>();
  readonly #lastStranger = new Remembered<number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `instance` at `address` (host:port) may try this room now. Asking takes the stranger's turn. */
  allowed(address: string, roomId: string, instance = ''): boolean {
    if (this.#members.get(`${instance} ${roomId}`)) return true; // Invariant 1
    const known = `${hostOf(address)} ${roomId}`;
    if (this.#byKnownAddress.get(known)) {
      const most = isPrivate(prefixOf(address))
        ? LIMITS.failedProofsPerPrivatePrefix
        : LIMITS.failedProofsPerKnownAddress;
      const wrong = this.#recent(this.#byKnownAddress, known, LIMITS.failedProofsPrefixWindowMs);
      if (wrong.length < most) return true; // Invariant 2
    }
    const prefix = prefixOf(address);
    const limit = isPrivate(prefix) ? LIMITS.failedProofsPerPrivatePrefix : LIMITS.failedProofsPerPrefix;
    if (this.#recent(this.#byPrefix, prefix, LIMITS.failedProofsPrefixWindowMs).length >= limit) return false;
    if (this.failures(roomId) < LIMITS.failedProofsPerRoomPerHour) return true;
    const now = this.#clock.now();
    const last = this.#lastStranger.get(roomId);
    if (last !== undefined && now - last < LIMITS.failedProofThrottleMs) return false;
    this.#lastStranger.set(roomId, now);
    return true;
  }

  failed(address: string, roomId: string): void {
    const now = this.#clock.now();
    const prefix = prefixOf(address);
    this.#byPrefix.set(prefix, [
      ...this.#recent(this.#byPrefix, prefix, LIMITS.failedProofsPrefixWindowMs),
      now,
    ]);
    this.#byRoom.set(roomId, [...this.#recent(this.#byRoom, roomId, HOUR_MS), now]);
    const known = `${hostOf(address)} ${roomId}`;
    if (!this.#byKnownAddress.get(known)) return;
    const wrong = this.#recent(this.#byKnownAddress, known, LIMITS.failedProofsPrefixWindowMs);
    this.#byKnownAddress.set(known, [...wrong, now]);
  }

  succeeded(address: string, roomId: string, instance = ''): void {
    if (instance) this.#members.set(`${instance} ${roomId}`, true);
    const known = `${hostOf(address)} ${roomId}`;
    this.#byKnownAddress.set(known, this.#byKnownAddress.get(known) ?? []);
  }

  /** Wrong secrets for a room in the last hour. */
  failures(roomId: string): number {
    return this.#recent(this.#byRoom, roomId, HOUR_MS).length;
  }

  #recent(map: Remembered<number[]>, key: string, windowMs: number): number[] {
    const since = this.#clock.now() - windowMs;
    return (map.get(key) ?? []).filter((at) => at > since).slice(-LIMITS.failedProofsPerPrivatePrefix);
  }
}

/** A map that forgets what was set longest ago. */
class Remembered<T> {
  readonly #map = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: T): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > REMEMBERED) this.#map.delete(this.#map.keys().next().value as string);
  }
}

/** RFC 1918, loopback, link-local and unique-local: many people share one, and none is far away. */
const isPrivate = (prefix: string) =>
  /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(prefix) ||
  /^(fe80|f[cd]..|0:0:0:0)/.test(prefix);
