import type { Clock } from '../clock.js';
import type { TransferId } from './signed.js';
import type { Transfer } from './transfer.js';

/** Measures how fast transfers move, from how far they were at the last look. */
export class ProgressMeter {
  readonly #clock: Clock;
  readonly #last = new Map<TransferId, { at: number; bytes: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that moved since the last look; their `bytesPerSecond` is brought up to date. */
  moved(transfers: readonly Transfer[]): Transfer[] {
    const now = this.#clock.now();
    return transfers.filter((transfer) => {
      const bytes = transfer.mine ? transfer.given : transfer.bytes;
      const last = this.#last.get(transfer.id);
      if (last?.bytes === bytes) return false;
      this.#last.set(transfer.id, { at: now, bytes });
      if (!last) return bytes > 0;
      const rate = ((bytes - last.bytes) * 1000) / (now - last.at);
      transfer.bytesPerSecond = transfer.bytesPerSecond === 0 ? rate : (transfer.bytesPerSecond + rate) / 2;
      return true;
    });
  }
}
