/**
 * Makes what is follow what is wanted, one step at a time.
 *
 * 1. `step` runs alone, and once more if anything was wanted while it ran: whatever the order of clicks and answers, the
 *    last step knew all of them.
 */
export class Settling {
  readonly #step: () => Promise<void>;
  #isRunning = false;
  #again = false;

  /** `step` deals with what goes wrong itself: it does not reject. */
  constructor(step: () => Promise<void>) {
    this.#step = step;
  }

  settle(): void {
    this.#again = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#again) {
      this.#again = false;
      await this.#step(); // Invariant 1
    }
    this.#isRunning = false;
  }
}
