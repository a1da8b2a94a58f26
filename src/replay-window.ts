/** What comes out of order is still taken if fewer than so many newer ones came before it. */
const WINDOW = 256;

/** Says of numbers that come in about their order which were not there yet (as in RFC 4303 section 3.4.3). */
export class ReplayWindow {
  readonly #seen = new Float64Array(WINDOW).fill(-1);
  #newest = -1;

  /** True the first time that `number` comes; false again, and where it is too old to tell. */
  take(number: number): boolean {
    const place = number % WINDOW;
    if (number <= this.#newest - WINDOW || this.#seen[place] === number) return false;
    this.#seen[place] = number;
    this.#newest = Math.max(this.#newest, number);
    return true;
  }
}
