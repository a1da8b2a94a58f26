/** Where a message stands in its room: the same on every machine, whatever clocks and networks did. */
export interface Place {
  readonly clock: number;
  readonly id: string;
}

/** Below 0 where `a` stands before `b`. */
export const comparePlaces = (a: Place, b: Place): number =>
  a.clock - b.clock || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
