import type NoiseSecretStream from '@hyperswarm/secret-stream';
import type { Link } from './link.js';

/**
 * Proven streams that nobody reads yet: somebody dialled this node although the stream in use is the better one and
 * lives as far as is known here, but may be dead at that end (PROTOCOL.md [K2]). One an instance waits, the newest.
 */
export class ParkedStreams {
  readonly #waiting = new Map<string, NoiseSecretStream>();

  has(instance: string): boolean {
    return this.#waiting.has(instance);
  }

  /** Asks on `inUse`; calls back once, when that has answered or not, if the stream still lives then. */
  park(noise: NoiseSecretStream, instance: string, inUse: Link, onAsked: () => void): void {
    this.#waiting.get(instance)?.destroy();
    this.#waiting.set(instance, noise);
    const take = () => this.#waiting.get(instance) === noise && this.#waiting.delete(instance);
    noise.pause();
    noise.on('close', take);
    inUse.ask(() => {
      if (take() && !noise.destroying) onAsked();
    });
  }

  close(): void {
    for (const noise of this.#waiting.values()) noise.destroy();
    this.#waiting.clear();
  }
}
