export interface Turn {
  /** Share against the others; above 0. */
  readonly weight: number;
}

/**
 * Whose turn it is among those that have something to send: the one that was served least by its weight, as in
 * start-time fair queueing (Goyal, Vin and Cheng 1996). Who comes back after a rest starts level with the others and
 * gets nothing for the time when it had nothing to say.
 */
export class FairTurns<T extends Turn> {
  /** Bytes served by weight, of those that are waiting. */
  readonly #served = new Map<T, number>();
  /** Where the one served last began: who joins starts here. */
  #level = 0;

  /** `one` has something to send, or may have. */
  add(one: T): void {
    if (!this.#served.has(one)) this.#served.set(one, this.#level);
  }

  /** `one` has nothing to send, or is gone. */
  remove(one: T): void {
    this.#served.delete(one);
  }

  /** The next one, of equals the one that waits longest; null if nobody waits. */
  next(): T | null {
    let least: T | null = null;
    let served = Number.POSITIVE_INFINITY;
    for (const [one, so] of this.#served) if (so < served) [least, served] = [one, so];
    return least;
  }

  /** `one` has sent so many bytes. */
  served(one: T, bytes: number): void {
    const before = this.#served.get(one);
    if (before === undefined) return;
    this.#level = before;
    this.#served.delete(one); // to the end of the line of equals
    this.#served.set(one, before + bytes / one.weight);
  }
}
