import type { Clock } from '../clock.js';
import type { TransferId } from './signed.js';
import type { Transfer } from './transfer.js';

/** Measures how fast transfers move and to how many others, from how it was at the last look. */
export class ProgressMeter {
  readonly #clock: Clock;
  readonly #last = new Map<TransferId, { at: number; bytes: number; handing: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that moved, or go to more or fewer others, since the last look; their `bytesPerSecond` is brought up to date. */
  moved(transfers: readonly Transfer[]): Transfer[] {
    const now = this.#clock.now();
    return transfers.filter((transfer) => {
      const bytes = transfer.mine ? transfer.given : transfer.bytes;
      const last = this.#last.get(transfer.id);
      const handing = transfer.interested.size;
      if (last?.bytes === bytes && last.handing === handing) return false;
      this.#last.set(transfer.id, { at: now, bytes, handing });
      if (!last) return bytes > 0 || handing > 0;
      const rate = ((bytes - last.bytes) * 1000) / (now - last.at);
      transfer.bytesPerSecond = transfer.bytesPerSecond === 0 ? rate : (transfer.bytesPerSecond + rate) / 2;
      return true;
    });
  }
}
