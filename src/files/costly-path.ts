/** A transfer that came over a near path asks before so much more comes over the Internet. */
const ASKS_ABOVE_BYTES = 1e9;

export interface PathState {
  /** Something of it came over a near path. */
  near: boolean;
  /** It may come by any way: somebody said so. */
  agreed: boolean;
  /** It is asked for just now. */
  active: boolean;
  /** It waits for this very question. */
  waits: boolean;
  /** How many have something of it, and how many of them are near. */
  sources: number;
  nearSources: number;
  bytesLeft: number;
}

/** Near to far asks first where much is left; back near it goes on by itself; null where nothing changes. */
export function pathVerdict(state: PathState): 'ask' | 'go on' | null {
  const { near, agreed, active, waits, sources, nearSources, bytesLeft } = state;
  if (!near || agreed) return null;
  if (active && sources > 0 && nearSources === 0) return bytesLeft > ASKS_ABOVE_BYTES ? 'ask' : null;
  return waits && nearSources > 0 ? 'go on' : null;
}
