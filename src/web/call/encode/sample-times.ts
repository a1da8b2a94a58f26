/** Blocks that are remembered: an encoder holds back a frame or two, and blocks are 3 to 20 ms long. */
const REMEMBERED = 64;

/**
 * When samples were captured, by their place in the stream. An encoder of sound counts samples and knows of no gap: where
 * a busy machine lost some, all that follows would seem older than it is, and pictures would wait for it.
 */
export class SampleTimes {
  #blocks: { countUs: number; capturedUs: number }[] = [];
  #countUs = 0;

  /** The next block, whose first sample was captured at `capturedUs`. Returns its place: microseconds of samples before it. */
  add(durationUs: number, capturedUs: number): number {
    const countUs = this.#countUs;
    this.#countUs += durationUs;
    this.#blocks.push({ countUs, capturedUs });
    if (this.#blocks.length > REMEMBERED) this.#blocks.shift();
    return countUs;
  }

  /** When the sample at this place was captured. */
  capturedAt(countUs: number): number {
    const block = this.#blocks.findLast((each) => each.countUs <= countUs) ?? this.#blocks[0];
    return block ? block.capturedUs + countUs - block.countUs : countUs;
  }
}
