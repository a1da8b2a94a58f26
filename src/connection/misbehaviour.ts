import { prefixOf } from '../address-prefix.js';
import type { Clock } from '../clock.js';
import type { Counters } from '../counters.js';
import type { ProtocolError } from '../errors.js';
import type { PeerId } from '../identity/peer-id.js';
import { LIMITS } from '../limits.js';
import type { Log } from '../log.js';
import { TokenBucket } from '../token-bucket.js';

/** Who broke a rule, by all that is known of them. `address` (host:port) is given for who has proven nothing. */
export interface Offender {
  instance: string;
  id?: PeerId;
  address?: string;
}

interface Record {
  violations: number;
  lastAt: number;
  putOffUntil: number;
}

/**
 * Writes down who breaks rules, and says who is put off for it for a while (PROTOCOL.md [K4]).
 *
 * 1. At most `putOffRemembered` are remembered, and as many trusted instances; those of longest ago go first.
 * 2. An address prefix is counted for strangers alone: whoever has proven a room is judged by their own deeds.
 * 3. Log lines are limited, and name an instance, never a person or an address; counters miss nothing.
 */
export class Misbehaviour {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #lines: TokenBucket;
  readonly #records = new Map<string, Record>();
  readonly #trusted = new Set<string>();
  #left = 0;

  constructor({ clock, log, counters }: { clock: Clock; log: Log; counters: Counters }) {
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
    this.#lines = new TokenBucket(clock, {
      perSecond: LIMITS.misbehaveLinesPerSecond,
      burst: LIMITS.misbehaveLinesBurst,
    });
  }

  /** How many are remembered. */
  get size(): number {
    return this.#records.size;
  }

  note({ instance, id, address }: Offender, err: ProtocolError): void {
    this.#counters.add(`violation ${err.violation}`);
    this.#count(instance, LIMITS.violationsToPutOff);
    if (id) this.#count(id, LIMITS.violationsToPutOff);
    else if (address) this.#count(prefixOf(address), LIMITS.violationsPerPrefixToPutOff);
    // A fault of this program's own is always worth its line.
    if (err.violation === 'HANDLER_FAILED') this.#log.error('handler-failed', { cause: String(err.cause) });
    if (!this.#lines.take()) {
      this.#left++;
      return;
    }
    // The canonical line that a firewall or a person can watch for.
    const left = this.#left > 0 ? this.#left : undefined;
    this.#log.warn('MISBEHAVE', { peer: instance, code: err.violation, left });
    this.#left = 0;
  }

  /** This instance has proven a room. */
  trust(instance: string): void {
    this.#trusted.delete(instance);
    this.#trusted.add(instance);
    dropOldest(this.#trusted);
  }

  /** Whether an instance or an identity is put off now. */
  isPutOff(who: string): boolean {
    return (this.#records.get(who)?.putOffUntil ?? 0) > this.#clock.now();
  }

  /** Whether strangers at this address are put off now, and this instance is one. */
  isPrefixPutOff(instance: string, address: string): boolean {
    return !this.#trusted.has(instance) && this.isPutOff(prefixOf(address));
  }

  #count(who: string, most: number): void {
    const now = this.#clock.now();
    const known = this.#records.get(who);
    const record =
      known && now - known.lastAt < LIMITS.violationsWindowMs
        ? known
        : { violations: 0, lastAt: now, putOffUntil: 0 };
    record.violations++;
    record.lastAt = now;
    const over = record.violations - most;
    if (over >= 0) {
      record.putOffUntil = now + Math.min(LIMITS.putOffMinMs * 2 ** Math.min(over, 16), LIMITS.putOffMaxMs);
    }
    this.#records.delete(who); // to the end of the order in which they are forgotten
    this.#records.set(who, record);
    dropOldest(this.#records);
  }
}

function dropOldest(table: Map<string, unknown> | Set<string>): void {
  if (table.size > LIMITS.putOffRemembered) table.delete(table.keys().next().value as string);
}
