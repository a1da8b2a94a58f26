import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { sameSecret } from './guard.js';

/** One file of a transfer, by its number among the transfer's files. */
export interface FileRef {
  transfer: string;
  file: number;
}

/**
 * What lets the page at the bodies of files, besides the token that it never sees.
 *
 * 1. A pass is a bearer for file bodies alone. It dies with the WebSocket that asked for it, so whoever takes over the
 *    port hears nothing that opens anything.
 * 2. A ticket stands in an address, where history and logs may keep it: it names one file, is good once, and only for
 *    `ticketMs`.
 */
export class FileAccess {
  readonly #clock: Clock;
  readonly #passes = new Map<{ readonly closed: boolean }, string>();
  readonly #tickets = new Map<string, FileRef & { until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The pass of this holder, the same each time. */
  pass(holder: { readonly closed: boolean }): string {
    this.#forgetClosed();
    const known = this.#passes.get(holder);
    if (known) return known;
    const pass = randomBytes(32).toString('base64url');
    this.#passes.set(holder, pass);
    return pass;
  }

  /** The pass that an `Authorization` header bears; null if it is none that is good now. */
  passIn(authorization: string | undefined): string | null {
    this.#forgetClosed(); // Invariant 1
    if (authorization === undefined) return null;
    return [...this.#passes.values()].find((pass) => sameSecret(authorization, `Bearer ${pass}`)) ?? null;
  }

  ticket({ transfer, file }: FileRef): string {
    for (const [ticket, { until }] of this.#tickets)
      if (until <= this.#clock.now()) this.#tickets.delete(ticket);
    const [oldest] = this.#tickets.keys();
    if (oldest !== undefined && this.#tickets.size >= LIMITS.tickets) this.#tickets.delete(oldest);
    const ticket = randomBytes(16).toString('base64url');
    this.#tickets.set(ticket, { transfer, file, until: this.#clock.now() + LIMITS.ticketMs });
    return ticket;
  }

  /** What a ticket is for; null if it never was one, is used, or is too old. */
  redeem(ticket: string): FileRef | null {
    const known = [...this.#tickets].find(([given]) => sameSecret(given, ticket));
    if (!known) return null;
    this.#tickets.delete(known[0]); // Invariant 2
    return known[1].until > this.#clock.now() ? known[1] : null;
  }

  #forgetClosed(): void {
    for (const holder of this.#passes.keys()) if (holder.closed) this.#passes.delete(holder);
  }
}
