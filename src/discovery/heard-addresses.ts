import { LIMITS } from '../limits.js';
import type { Address } from './address.js';

interface HeardAddress extends Address {
  heardAt: number;
}

/**
 * Where one instance was heard, on however many links, at most `addressesPerInstance`. The address heard last for the
 * first time is dialled first; one that did not work waits until the others have been tried.
 */
export class HeardAddresses {
  #addresses: HeardAddress[] = [];
  #worked = true;

  get hosts(): string[] {
    return this.#addresses.map(({ host }) => host);
  }

  /** Returns true for one that is new. */
  heard({ host, port }: Address, now: number): boolean {
    const known = this.#addresses.find((address) => address.host === host && address.port === port);
    if (known) {
      known.heardAt = now;
      return false;
    }
    this.#addresses.unshift({ host, port, heardAt: now });
    this.#worked = true; // whatever was dialled before, the new one goes first
    if (this.#addresses.length > LIMITS.addressesPerInstance) {
      const oldest = this.#addresses.reduce((a, b) => (b.heardAt < a.heardAt ? b : a));
      this.#addresses = this.#addresses.filter((address) => address !== oldest);
    }
    return true;
  }

  /** The one to dial now; it counts as not working until `worked` is called. */
  next(): Address | null {
    const [first, ...others] = this.#addresses;
    if (!first) return null;
    if (!this.#worked) this.#addresses = [...others, first];
    this.#worked = false;
    const { host, port } = this.#addresses[0] as HeardAddress;
    return { host, port };
  }

  /** The one given last led to the instance. */
  worked(): void {
    this.#worked = true;
  }

  /** Forgets those that were not heard since `time`; returns how many are left. */
  dropOlder(time: number): number {
    this.#addresses = this.#addresses.filter(({ heardAt }) => heardAt >= time);
    return this.#addresses.length;
  }
}
