import type { Clock, Timer } from '../clock.js';
import type { PeerId } from '../identity/peer-id.js';

/** Somebody who does not say so again has stopped. */
const TYPING_MS = 6_000;

/** Who is writing just now. Nothing of it is kept. */
export class Typing {
  readonly #clock: Clock;
  readonly #changed: (what: { peer: PeerId; on: boolean }) => void;
  readonly #writing = new Map<PeerId, Timer>();

  constructor(clock: Clock, changed: (what: { peer: PeerId; on: boolean }) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  set(peer: PeerId, on: boolean): void {
    const timer = this.#writing.get(peer);
    timer?.cancel();
    this.#writing.delete(peer);
    if (on)
      this.#writing.set(
        peer,
        this.#clock.after(TYPING_MS, () => this.set(peer, false)),
      );
    if (on !== (timer !== undefined)) this.#changed({ peer, on });
  }

  close(): void {
    for (const timer of this.#writing.values()) timer.cancel();
    this.#writing.clear();
  }
}
