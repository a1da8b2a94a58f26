import { LIMITS } from '../limits.js';
import { type Address, formatAddress } from './address.js';

interface HeardAddress extends Address {
  heardAt: number;
}

/**
 * Where one instance was heard, on however many links, at most `addressesPerInstance`. The address heard last for the
 * first time is dialled first, or the one that led there since.
 */
export class HeardAddresses {
  #addresses: HeardAddress[] = [];

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
    if (this.#addresses.length > LIMITS.addressesPerInstance) {
      const oldest = this.#addresses.reduce((a, b) => (b.heardAt < a.heardAt ? b : a));
      this.#addresses = this.#addresses.filter((address) => address !== oldest);
    }
    return true;
  }

  /** Those to dial, in this order, that are on a network of this machine now. */
  toDial(isHere: (host: string) => boolean): Address[] {
    return this.#addresses.filter(({ host }) => isHere(host)).map(({ host, port }) => ({ host, port }));
  }

  /** This one, as `formatAddress` writes it, led to the instance. */
  worked(address: string): void {
    const first = this.#addresses.find((one) => formatAddress(one) === address);
    if (first) this.#addresses = [first, ...this.#addresses.filter((one) => one !== first)];
  }

  /** Forgets those that were not heard since `time`; returns how many are left. */
  dropOlder(time: number): number {
    this.#addresses = this.#addresses.filter(({ heardAt }) => heardAt >= time);
    return this.#addresses.length;
  }
}
