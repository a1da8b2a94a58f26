/** How often something worth knowing happened, by name: the numbers behind `status --json`. */
export class Counters {
  readonly #counts = new Map<string, number>();

  /** `name` is one of this program's own words, never a peer's, so that the map stays small. */
  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
