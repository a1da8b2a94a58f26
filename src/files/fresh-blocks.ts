import type { Clock, Timer } from '../clock.js';
import type { TransferId } from './signed.js';

/** Blocks that came within so long are told of in one message. */
const GOT_MS = 50;

/** Gathers the blocks that have come, to tell those who wait for them a little later and all at once. */
export class FreshBlocks {
  readonly #clock: Clock;
  readonly #tell: (id: TransferId, blocks: number[]) => void;
  readonly #fresh = new Map<TransferId, number[]>();
  #timer: Timer | null = null;

  constructor(clock: Clock, tell: (id: TransferId, blocks: number[]) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(id: TransferId, block: number): void {
    const blocks = this.#fresh.get(id);
    if (blocks) blocks.push(block);
    else this.#fresh.set(id, [block]);
    this.#timer ??= this.#clock.after(GOT_MS, () => {
      this.#timer = null;
      const all = [...this.#fresh];
      this.#fresh.clear();
      for (const [each, fresh] of all) this.#tell(each, fresh);
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#fresh.clear();
  }
}
