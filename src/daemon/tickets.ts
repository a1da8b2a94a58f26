import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { sameSecret } from './guard.js';

/** Secrets that are good once, for `LIMITS.mediaTicketMs`: whoever may use the API gets one and hands it to a socket of its own. */
export class Tickets {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(): string {
    const [oldest] = this.#tickets.keys();
    if (oldest !== undefined && this.#tickets.size >= LIMITS.mediaTickets) this.#tickets.delete(oldest);
    const ticket = randomBytes(18).toString('base64url');
    this.#tickets.set(ticket, this.#clock.now() + LIMITS.mediaTicketMs);
    return ticket;
  }

  /** True for one that was issued, is not used yet and not too old. */
  redeem(ticket: string): boolean {
    const known = [...this.#tickets].find(([issued]) => sameSecret(issued, ticket));
    if (!known) return false;
    this.#tickets.delete(known[0]);
    return known[1] > this.#clock.now();
  }
}
