/** Somebody who has blocks, as far as picking looks at them. */
export interface Holder {
  has(block: number): boolean;
  /** How many more blocks it may be asked for. */
  readonly room: number;
}

export interface PickOptions {
  /** Blocks that are wanted and not asked for, in order. */
  candidates: readonly number[];
  /** Others want the same from the same holders: everybody takes other blocks first. */
  swarm: boolean;
  /** Of this node: what makes its order another than the others'. */
  salt: number;
}

/**
 * Which block to ask of whom: what the fewest have comes first, and of equals the next one, or in a swarm an order that
 * differs from node to node, so that all of them soon have something to give. Each block goes to the holder with the
 * most room left; nobody is asked for more than its room or for what it has not.
 */
export function pick<H extends Holder>(
  holders: readonly H[],
  { candidates, swarm, salt }: PickOptions,
): Map<H, number[]> {
  const room = new Map(holders.filter((holder) => holder.room > 0).map((holder) => [holder, holder.room]));
  const picked = new Map<H, number[]>();
  if (room.size === 0) return picked;
  for (const block of ordered(holders, candidates, swarm, salt)) {
    let best: H | null = null;
    for (const [holder, left] of room) {
      if (left > (best ? (room.get(best) as number) : 0) && holder.has(block)) best = holder;
    }
    if (!best) continue;
    const left = (room.get(best) as number) - 1;
    if (left === 0) room.delete(best);
    else room.set(best, left);
    const blocks = picked.get(best);
    if (blocks) blocks.push(block);
    else picked.set(best, [block]);
    if (room.size === 0) break;
  }
  return picked;
}

function ordered(
  holders: readonly Holder[],
  candidates: readonly number[],
  swarm: boolean,
  salt: number,
): readonly number[] {
  if (holders.length === 1 && !swarm) return candidates;
  const ranked = candidates.map((block) => ({
    block,
    count: holders.reduce((sum, holder) => sum + (holder.has(block) ? 1 : 0), 0),
    rank: swarm ? mix(block, salt) : block,
  }));
  return ranked.sort((a, b) => a.count - b.count || a.rank - b.rank).map(({ block }) => block);
}

/** A hash of two 32-bit numbers (the finaliser of MurmurHash3). */
function mix(block: number, salt: number): number {
  let h = (block ^ salt) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
