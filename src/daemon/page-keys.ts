import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import { sameSecret } from './guard.js';

/** A key that one tab of the page was given. */
export interface PageKey {
  id: string;
  /** 32 bytes, base64url. It is sent once, when it is given, and never again: afterwards it is proven. */
  key: string;
}

interface KeptKey extends PageKey {
  /** Wall clock, milliseconds. */
  usedAt: number;
}

export interface PageKeysOptions {
  clock: Clock;
  /** What `save` was given last, from an earlier run of the node; null if there is none. */
  saved: string | null;
  save: (saved: string) => Promise<void>;
}

/**
 * How the page is let in: a one-time code in the address that was printed is traded for a key, which its tab then
 * proves by challenge (`pageProof`), also to the next node at this port.
 *
 * 1. A code is good once, for `pageCodeMs`; an old address opens nothing.
 * 2. A key is never heard again after it was given, so whoever takes over the port hears nothing that opens a node.
 */
export class PageKeys {
  readonly #clock: Clock;
  readonly #save: (saved: string) => Promise<void>;
  readonly #codes = new Map<string, number>();
  readonly #keys: KeptKey[];

  constructor({ clock, saved, save }: PageKeysOptions) {
    this.#clock = clock;
    this.#save = save;
    const keys = saved === null ? [] : (JSON.parse(saved) as KeptKey[]);
    this.#keys = keys.filter(({ usedAt }) => clock.wall() - usedAt < LIMITS.pageKeyMs);
  }

  /** A fresh code for an address. */
  code(): string {
    for (const [code, until] of this.#codes) if (until <= this.#clock.now()) this.#codes.delete(code);
    const [oldest] = this.#codes.keys();
    if (oldest !== undefined && this.#codes.size >= LIMITS.pageCodes) this.#codes.delete(oldest);
    const code = randomBytes(16).toString('base64url');
    this.#codes.set(code, this.#clock.now() + LIMITS.pageCodeMs);
    return code;
  }

  /** Trades a code for a key; null for one that was never given, is used or is too old. */
  async redeem(code: string): Promise<PageKey | null> {
    const known = [...this.#codes].find(([given]) => sameSecret(given, code));
    if (!known) return null;
    this.#codes.delete(known[0]); // Invariant 1
    if (known[1] <= this.#clock.now()) return null;
    const page = { id: randomBytes(9).toString('base64url'), key: randomBytes(32).toString('base64url') };
    this.#keys.push({ ...page, usedAt: this.#clock.wall() });
    if (this.#keys.length > LIMITS.pageKeys) this.#keys.shift();
    await this.#save(JSON.stringify(this.#keys));
    return page;
  }

  /** The key of a tab; null if there is none of this id. */
  find(id: string): PageKey | null {
    const kept = this.#keys.find((key) => key.id === id);
    if (!kept) return null;
    this.#keys.splice(this.#keys.indexOf(kept), 1);
    this.#keys.push({ ...kept, usedAt: this.#clock.wall() }); // the first of the list is the one to go
    return kept;
  }
}

/**
 * HMAC-SHA-256 (RFC 2104) under a page's key, base64url: `who` says which end speaks, `port` is the one that it
 * speaks at, so that a proof cannot be carried to another node.
 */
export function pageProof(key: string, who: 'node' | 'page', port: number, nonces: [string, string]): string {
  return createHmac('sha256', Buffer.from(key, 'base64url'))
    .update(`chatter/page/1 ${who} ${port} ${nonces.join(' ')}`)
    .digest('base64url');
}
