import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';

/**
 * How long dials last after a better way was lost: the other end may still hold that way, refuses without a word, and
 * the dial would stay for ten seconds, in which the other's own dial is taken for one too many. It asks on that way and
 * lets go within half a second; so the first dial is short and the next one follows at once, where the library would
 * pause for five seconds and then fifteen. The later ones are for slow ways.
 */
const DIALS_MS = [1_200, 2_400, 4_800] as const;

export interface SeekingOptions {
  clock: Clock;
  /** Has the library dial an instance now, if it knows one by this name. */
  dial: (instance: string) => void;
  /** The instance is dialled as everybody else is from now on. */
  stop: (instance: string) => void;
}

/** Instances that are dialled in a hurry in a DHT, since the way by which they were connected is lost or in doubt. */
export class Seeking {
  readonly #options: SeekingOptions;
  /** How often each was dialled since it began; who was begun first comes first. */
  readonly #dials = new Map<string, number>();
  #closed = false;

  constructor(options: SeekingOptions) {
    this.#options = options;
  }

  begin(instance: string): void {
    const [oldest] = this.#dials.keys();
    if (oldest !== undefined && this.#dials.size >= LIMITS.peers) this.end(oldest);
    this.#dials.set(instance, 0);
    this.#next(instance);
  }

  end(instance: string): void {
    if (this.#dials.delete(instance)) this.#options.stop(instance);
  }

  /** The library dials this instance, for whatever reason. */
  onDial(noise: NoiseSecretStream, instance: string): void {
    const dials = this.#dials.get(instance) ?? DIALS_MS.length;
    const ms = DIALS_MS[dials];
    if (ms === undefined) return;
    this.#dials.set(instance, dials + 1);
    const deadline = this.#options.clock.after(ms, () => noise.destroy());
    noise.on('open', () => {
      deadline.cancel();
      this.end(instance);
    });
    noise.on('close', () => {
      deadline.cancel();
      queueMicrotask(() => this.#next(instance)); // when the library has heard of it too
    });
  }

  close(): void {
    this.#closed = true;
    this.#dials.clear();
  }

  #next(instance: string): void {
    const dials = this.#dials.get(instance);
    if (dials === undefined || this.#closed) return;
    if (dials < DIALS_MS.length) this.#options.dial(instance);
    else this.end(instance);
  }
}
