import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock.js';
import { Resource } from '../resource.js';
import type { Interfaces } from './interfaces.js';

export interface NetworkWatchOptions {
  /** The machine's interfaces as they are now; for a test that has its own idea of them. */
  interfaces?: () => Interfaces;
}

/** What is different since the last look, one text an address of an interface. */
export interface InterfaceChange {
  added: string[];
  removed: string[];
}

export type NetworkWatchEvents = {
  /** `woke`: time has passed in which this process did not run. */
  change: [InterfaceChange & { woke: boolean }];
};

/** 40 µs of processor a look. */
const LOOK_EVERY_MS = 1_000;
/** A look that comes so much too late was slept through; a busy machine is not that late. */
const SLEPT_MS = 6_000;

/** Sees that the machine's network changed, or that it slept, by looking every second. */
export class NetworkWatch extends Resource<NetworkWatchEvents> {
  readonly #clock: Clock;
  readonly #interfaces: () => Interfaces;

  constructor({ clock }: { clock: Clock }, { interfaces = networkInterfaces }: NetworkWatchOptions = {}) {
    super();
    this.#clock = clock;
    this.#interfaces = interfaces;
  }

  protected async _open(): Promise<void> {
    let seen = interfaceTexts(this.#interfaces());
    // A suspended machine stops the one clock, a stopped process neither.
    let [now, wall] = [this.#clock.now(), this.#clock.wall()];
    const timer = this.#clock.every(LOOK_EVERY_MS, () => {
      const late = Math.max(this.#clock.now() - now, this.#clock.wall() - wall) - LOOK_EVERY_MS;
      [now, wall] = [this.#clock.now(), this.#clock.wall()];
      const next = interfaceTexts(this.#interfaces());
      const change = diffInterfaces(seen, next);
      seen = next;
      const woke = late >= SLEPT_MS;
      if (woke || change.added.length > 0 || change.removed.length > 0)
        this.emit('change', { ...change, woke });
    });
    this.defer(() => timer.cancel());
  }
}

/** Every address of every interface, with what shows that the interface was made anew. */
export const interfaceTexts = (interfaces: Interfaces): string[] =>
  Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.map((entry) => {
      const index = entry.family === 'IPv6' ? entry.scopeid : 0;
      return `${name} ${index} ${entry.mac} ${entry.cidr ?? entry.address}`;
    }),
  );

export function diffInterfaces(before: readonly string[], after: readonly string[]): InterfaceChange {
  const [was, is] = [new Set(before), new Set(after)];
  return {
    added: [...is].filter((text) => !was.has(text)),
    removed: [...was].filter((text) => !is.has(text)),
  };
}
